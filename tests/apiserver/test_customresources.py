"""CustomResourceDefinitions end to end: what is defined is served, checked, printed, kept, and goes with its definition."""

from typing import Any

import orjson
import pytest

from cluster_core.simulation.cluster import Cluster
from tests.builders import Engine

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
OBJECTS = "/apis/example.com/v1/namespaces/default/widgets"
TEXT = {"type": "string"}


def fields(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


def version(name: str = "v1", schema: dict[str, Any] | None = None, *, storage: bool = True, **more: Any) -> dict[str, Any]:
    found = schema or fields({"spec": fields({"size": {"type": "integer"}, "color": TEXT})})
    return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": found}, **more}


def definition(*versions: dict[str, Any], **names: Any) -> dict[str, Any]:
    spec = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget", **names},
        "versions": list(versions) or [version()],
    }
    metadata = {"name": f"{spec['names']['plural']}.example.com"}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata, "spec": spec}


def widget(name: str = "w", /, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=0, bare=True)


def define(engine: Engine, found: dict[str, Any]) -> dict[str, Any]:
    made = engine.call("POST", DEFINITIONS, found)
    assert made.status == 201, made.body
    engine.settle()
    return engine.call("GET", f"{DEFINITIONS}/{found['metadata']['name']}").json()


def verdicts(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {each["type"]: (each["status"], each["reason"]) for each in found["status"]["conditions"]}


def create(engine: Engine, obj: dict[str, Any], status: int = 201, path: str = OBJECTS) -> dict[str, Any]:
    answer = engine.call("POST", path, obj)
    assert answer.status == status, answer.body
    return answer.json()


def test_a_definition_is_established_and_then_served(engine):
    assert engine.call("GET", OBJECTS).status == 404
    found = define(engine, definition())
    assert verdicts(found) == {
        "NamesAccepted": ("True", "NoConflicts"),
        "Established": ("True", "InitialNamesAccepted"),
    }
    assert found["status"]["acceptedNames"]["listKind"] == "WidgetList"
    assert found["status"]["storedVersions"] == ["v1"]
    create(engine, widget(size=1))
    assert engine.call("GET", OBJECTS).json()["kind"] == "WidgetList"


def test_discovery_and_openapi_follow(engine):
    define(engine, definition(shortNames=["wd"], categories=["all"]))
    listed = engine.call("GET", "/apis/example.com/v1").json()["resources"]
    assert listed[0]["shortNames"] == ["wd"] and listed[0]["categories"] == ["all"]
    schemas = engine.call("GET", "/openapi/v3/apis/example.com/v1").json()["components"]["schemas"]
    assert "size" in schemas["com.example.v1.Widget"]["properties"]["spec"]["properties"]
    assert "com.example.v1.Widget" in engine.call("GET", "/openapi/v2").json()["definitions"]
    engine.call("DELETE", f"{DEFINITIONS}/widgets.example.com")
    engine.settle()
    assert engine.call("GET", "/apis/example.com/v1").status == 404


def test_names_that_another_definition_has_are_refused(engine):
    define(engine, definition())
    second = definition(plural="gadgets", kind="Widget", singular="gadget", listKind="GadgetList")
    found = define(engine, second)
    assert verdicts(found)["NamesAccepted"] == ("False", "KindConflict")
    assert verdicts(found)["Established"] == ("False", "NotAccepted")
    engine.call("DELETE", f"{DEFINITIONS}/widgets.example.com")
    engine.settle()
    again = engine.call("GET", f"{DEFINITIONS}/gadgets.example.com").json()
    assert verdicts(again)["Established"] == ("True", "InitialNamesAccepted")


def test_objects_go_with_their_definition(engine):
    define(engine, definition())
    create(engine, widget())
    marked = engine.call("DELETE", f"{DEFINITIONS}/widgets.example.com").json()
    assert marked["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    assert verdicts(marked)["Terminating"] == ("True", "InstanceDeletionPending")
    refused = engine.call("POST", OBJECTS, widget("late"))
    assert refused.status == 405 and 'create is not supported on resources of kind "widgets.example.com"' in refused.json()["message"]
    engine.settle()
    assert engine.call("GET", f"{DEFINITIONS}/widgets.example.com").status == 404
    assert engine.cluster.store.range("/registry/example.com/", "/registry/example.com0") == []


def test_a_finalizer_on_an_object_holds_the_definition_back(engine):
    define(engine, definition())
    create(engine, {**widget(), "metadata": {"name": "w", "finalizers": ["example.com/hold"]}})
    engine.call("DELETE", f"{DEFINITIONS}/widgets.example.com")
    engine.cluster.advance(60)
    found = engine.call("GET", f"{DEFINITIONS}/widgets.example.com").json()
    assert verdicts(found)["Terminating"] == ("True", "InstanceDeletionInProgress")
    patch = {"metadata": {"finalizers": None}}
    engine.call("PATCH", f"{OBJECTS}/w", patch, content_type="application/merge-patch+json")
    engine.cluster.advance(60)
    assert engine.call("GET", f"{DEFINITIONS}/widgets.example.com").status == 404


# ---------------------------------------------------------------------------------------------------- validation


RULES = fields(
    {
        "spec": fields(
            {
                "size": {"type": "integer", "minimum": 1, "maximum": 9},
                "color": {"type": "string", "enum": ["red", "blue"]},
                "name": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-z]+$"},
                "either": {"x-kubernetes-int-or-string": True},
                "tags": {"type": "array", "maxItems": 2, "items": TEXT},
                "at": {"type": "string", "format": "date-time"},
                "maybe": {"type": "string", "nullable": True},
                "ratio": {"type": "number", "multipleOf": 0.5},
                "more": {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 1},
            },
            required=["size"],
        )
    },
    required=["spec"],
)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "spec.size: Required value"),
        ({"size": "x"}, 'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'),
        ({"size": None}, 'spec.size: Required value'),
        ({"size": 1.5}, 'spec.size: Invalid value: "number": spec.size in body must be of type integer: "number"'),
        ({"size": 10}, "spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9"),
        ({"size": 0}, "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"),
        ({"size": 1, "color": "pink"}, 'spec.color: Unsupported value: "pink": supported values: "red", "blue"'),
        ({"size": 1, "name": "a"}, 'spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long'),
        ({"size": 1, "name": "aaaaa"}, "spec.name: Too long: may not be more than 4 bytes"),
        ({"size": 1, "name": "AB"}, "spec.name: Invalid value: \"AB\": spec.name in body should match '^[a-z]+$'"),
        ({"size": 1, "either": True}, 'spec.either: Invalid value: "boolean": spec.either in body must be of type integer,string: "boolean"'),
        ({"size": 1, "tags": ["a", "b", "c"]}, "spec.tags: Too many: 3: must have at most 2 items"),
        ({"size": 1, "tags": [1]}, 'spec.tags[0]: Invalid value: "integer": spec.tags[0] in body must be of type string: "integer"'),
        ({"size": 1, "at": "noon"}, 'spec.at: Invalid value: "noon": spec.at in body must be of type date-time: "noon"'),
        ({"size": 1, "ratio": 0.3}, "spec.ratio: Invalid value: 0.3: spec.ratio in body should be a multiple of 0.5"),
        ({"size": 1, "more": {"a": "b"}}, 'spec.more.a: Invalid value: "string": spec.more.a in body must be of type integer: "string"'),
        ({"size": 1, "more": {"a": 1, "b": 2}}, "spec.more: Too many: 2: must have at most 1 item"),
    ],
)  # fmt: skip
def test_values_are_held_to_their_schema(engine, spec, message):
    define(engine, definition(version(schema=RULES)))
    refused = create(engine, widget(**spec), 422)
    assert refused["message"] == f'Widget.example.com "w" is invalid: {message}'


def test_values_that_fit_pass(engine):
    define(engine, definition(version(schema=RULES)))
    fine = {"size": 9, "color": "red", "name": "abcd", "either": "50%", "tags": ["a"], "maybe": None, "ratio": 1.5}
    made = create(engine, widget(**fine, at="2026-01-01T00:00:00Z", more={"a": 1}))
    assert made["spec"]["maybe"] is None and made["spec"]["ratio"] == 1.5


def test_one_of_and_any_of(engine):
    choice = fields({"a": TEXT, "b": TEXT}, oneOf=[{"required": ["a"]}, {"required": ["b"]}])
    define(engine, definition(version(schema=fields({"spec": choice}))))
    create(engine, widget("fine", a="x"))
    both = create(engine, widget(a="x", b="y"), 422)["message"]
    assert '"spec" must validate one and only one schema (oneOf). Found 2 valid alternatives' in both


CEL = fields(
    {
        "spec": fields(
            {
                "min": {"type": "integer"},
                "max": {"type": "integer"},
                "kept": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "immutable"}]},
                "odd-name": TEXT,
                "until": {"type": "string", "format": "date-time"},
            },
            **{
                "x-kubernetes-validations": [
                    {"rule": "!has(self.min) || !has(self.max) || self.min <= self.max", "messageExpression": "'%d is above %d'.format([self.min, self.max])"},
                    {"rule": "!has(self.odd__dash__name) || self.odd__dash__name != 'bad'", "reason": "FieldValueForbidden", "fieldPath": ".odd-name"},
                    {"rule": "!has(self.until) || self.until.getFullYear() > 2000"},
                ]
            },
        )
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"min": 3, "max": 2}, "spec: Invalid value: 3 is above 2"),
        ({"odd-name": "bad"}, "spec.odd-name: Forbidden: failed rule: !has(self.odd__dash__name) || self.odd__dash__name != 'bad'"),
        ({"until": "1999-01-01T00:00:00Z"}, "spec: Invalid value: failed rule: !has(self.until) || self.until.getFullYear() > 2000"),
    ],
)  # fmt: skip
def test_rules_refuse_what_they_are_written_against(engine, spec, message):
    define(engine, definition(version(schema=CEL)))
    assert create(engine, widget(**spec), 422)["message"] == f'Widget.example.com "w" is invalid: {message}'


def test_transition_rules_compare_with_what_was(engine):
    define(engine, definition(version(schema=CEL)))
    create(engine, widget(kept="a", min=1, max=2))
    merge = {"content_type": "application/merge-patch+json"}
    changed = engine.call("PATCH", f"{OBJECTS}/w", {"spec": {"kept": "b"}}, **merge)
    assert changed.json()["message"] == 'Widget.example.com "w" is invalid: spec.kept: Invalid value: "b": immutable'
    assert engine.call("PATCH", f"{OBJECTS}/w", {"spec": {"max": 5}}, **merge).status == 200


def test_what_was_wrong_before_may_stay(engine):
    define(engine, definition())
    create(engine, widget(size=100))
    found = engine.call("GET", f"{DEFINITIONS}/widgets.example.com").json()
    found["spec"]["versions"] = [version(schema=fields({"spec": fields({"size": {"type": "integer", "maximum": 9}, "color": TEXT})}))]
    assert engine.call("PUT", f"{DEFINITIONS}/widgets.example.com", found).status == 200
    merge = {"content_type": "application/merge-patch+json"}
    assert engine.call("PATCH", f"{OBJECTS}/w", {"spec": {"color": "red"}}, **merge).status == 200
    assert engine.call("PATCH", f"{OBJECTS}/w", {"spec": {"size": 101}}, **merge).status == 422


# ---------------------------------------------------------------------------------------------------- the rest


def test_columns_are_found_by_their_paths(engine):
    schema = fields({"spec": fields({"size": {"type": "integer"}, "parts": {"type": "array", "items": fields({"name": TEXT})}})})
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "First", "type": "string", "jsonPath": ".spec.parts[0].name", "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    define(engine, definition(version(schema=schema, additionalPrinterColumns=columns)))
    create(engine, widget(size=3, parts=[{"name": "bolt"}]))
    create(engine, widget("bare"))
    table = engine.call("GET", OBJECTS, accept="application/json;as=Table;v=v1;g=meta.k8s.io").json()
    assert [each["name"] for each in table["columnDefinitions"]] == ["Name", "Size", "First", "Age"]
    assert [row["cells"][:3] for row in table["rows"]] == [["bare", None, None], ["w", 3, "bolt"]]


def test_selectable_fields_select(engine):
    define(engine, definition(version(selectableFields=[{"jsonPath": ".spec.color"}])))
    create(engine, widget("a", color="red"))
    create(engine, widget("b", color="blue"))
    found = engine.call("GET", OBJECTS, query=(("fieldSelector", "spec.color=blue"),)).json()
    assert [each["metadata"]["name"] for each in found["items"]] == ["b"]


def test_a_new_default_shows_in_old_objects(engine):
    define(engine, definition())
    create(engine, widget(size=1))
    found = engine.call("GET", f"{DEFINITIONS}/widgets.example.com").json()
    found["spec"]["versions"] = [version(schema=fields({"spec": fields({"size": {"type": "integer"}, "color": {**TEXT, "default": "red"}})}))]
    engine.call("PUT", f"{DEFINITIONS}/widgets.example.com", found)
    assert engine.call("GET", f"{OBJECTS}/w").json()["spec"] == {"size": 1, "color": "red"}
    assert engine.call("GET", OBJECTS).json()["items"][0]["spec"]["color"] == "red"


def test_a_changed_storage_version_is_remembered(engine):
    define(engine, definition(version(), version("v2", storage=False)))
    create(engine, widget(size=1))
    found = engine.call("GET", f"{DEFINITIONS}/widgets.example.com").json()
    for each in found["spec"]["versions"]:
        each["storage"] = each["name"] == "v2"
    engine.call("PUT", f"{DEFINITIONS}/widgets.example.com", found)
    found = engine.call("GET", f"{DEFINITIONS}/widgets.example.com").json()
    assert found["status"]["storedVersions"] == ["v1", "v2"]
    assert engine.call("GET", f"{OBJECTS}/w").json()["apiVersion"] == "example.com/v1"
    assert engine.call("GET", OBJECTS.replace("v1", "v2") + "/w").json()["apiVersion"] == "example.com/v2"


def test_a_kind_named_like_a_built_in_one_disturbs_nobody(engine):
    define(engine, definition(plural="deployments", kind="Deployment", singular="deployment", listKind="DeploymentList"))
    obj = {"apiVersion": "example.com/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"size": 1}}
    create(engine, obj, path="/apis/example.com/v1/namespaces/default/deployments")
    assert engine.settle()
    assert engine.call("GET", "/apis/apps/v1/namespaces/default/deployments").json()["items"] == []


def test_everything_is_there_again_after_loading(engine):
    define(engine, definition(version(subresources={"status": {}})))
    create(engine, widget(size=2))
    before = engine.call("GET", f"{OBJECTS}/w").body
    engine.cluster = Cluster.load(engine.cluster.save())
    assert engine.call("GET", f"{OBJECTS}/w").body == before
    assert engine.call("GET", OBJECTS).json()["items"][0]["spec"] == {"size": 2}
    create(engine, widget("next"))


def test_owned_custom_resources_are_collected(engine):
    define(engine, definition())
    owner = create(engine, widget("owner"))
    reference = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "owner", "uid": owner["metadata"]["uid"]}
    owned = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "ownerReferences": [reference]}}
    engine.call("POST", "/api/v1/namespaces/default/configmaps", owned)
    create(engine, {**widget("child"), "metadata": {"name": "child", "ownerReferences": [reference]}})
    engine.settle()
    engine.call("DELETE", f"{OBJECTS}/owner")
    engine.settle()
    assert engine.call("GET", "/api/v1/namespaces/default/configmaps/c").status == 404
    assert engine.call("GET", f"{OBJECTS}/child").status == 404


def test_custom_resources_go_with_their_namespace(engine):
    define(engine, definition())
    engine.call("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
    create(engine, widget(), path=OBJECTS.replace("default", "n"))
    engine.call("DELETE", "/api/v1/namespaces/n")
    engine.settle()
    assert engine.call("GET", "/api/v1/namespaces/n").status == 404


def test_rules_that_may_cost_too_much_are_refused(engine):
    words = {"type": "array", "items": TEXT}
    rule = {"x-kubernetes-validations": [{"rule": "self.words.all(a, self.words.all(b, a.contains(b)))"}]}
    schema = fields({"words": words}, **rule)
    refused = engine.call("POST", DEFINITIONS, definition(version(schema=schema)))
    assert refused.status == 422 and "estimated rule cost exceeds budget by factor of more than 100x" in refused.json()["message"]
    bounded = fields({"words": {**words, "maxItems": 5, "items": {**TEXT, "maxLength": 9}}}, **rule)
    assert engine.call("POST", DEFINITIONS, definition(version(schema=bounded))).status == 201


def test_watches_tell_of_custom_resources(engine):
    from cluster_core.apiserver.request import ADMIN, ApiRequest

    define(engine, definition())
    watch = engine.cluster.watch(ApiRequest("GET", OBJECTS, (("watch", "1"),), {}, b"", ADMIN))
    create(engine, widget(size=1))
    frames = [orjson.loads(frame) for frame in watch.read(engine.cluster.revision)]
    assert [(frame["type"], frame["object"]["kind"]) for frame in frames] == [("ADDED", "Widget")]
