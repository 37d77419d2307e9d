"""Policies in CEL, webhooks nobody answers, and nodes that may touch their own things only."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.apiserver.request import User
from cluster_core.machinery.cel_structs import as_maps
from tests.builders import Engine, pod

MAPS = "/api/v1/namespaces/default/configmaps"
RULES = [
    {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["configmaps"],
        "scope": "*",
    }
]
KUBELET = User("system:node:n1", ("system:nodes", "system:authenticated"))


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=0, bare=True)


def _policy(
    engine: Engine, kind: str = "ValidatingAdmissionPolicy", actions: tuple[str, ...] = ("Deny",), **spec: Any
) -> None:
    binding = spec.pop("binding", {})
    body = {"matchConstraints": {"resourceRules": RULES}, "failurePolicy": "Fail", **spec}
    engine.api.create(kind, {"metadata": {"name": "p"}, "spec": body})
    more = {"validationActions": list(actions)} if kind.startswith("Validating") else {}
    engine.api.create(f"{kind}Binding", {"metadata": {"name": "b"}, "spec": {"policyName": "p", **more, **binding}})


def _create(engine: Engine, name: str = "a", **body: Any) -> Any:
    return engine.call("POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **body})


def test_a_policy_denies_with_its_message(engine: Engine) -> None:
    _policy(
        engine,
        validations=[
            {"expression": "object.metadata.name != 'a'", "messageExpression": "'not ' + object.metadata.name"}
        ],
    )
    answer = _create(engine)
    assert answer.status == 422
    text = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: not a"
    assert answer.json()["message"] == f'configmaps "a" is forbidden: {text}'
    assert answer.json()["details"]["causes"] == [{"message": text}]
    assert _create(engine, "b").status == 201


@pytest.mark.parametrize(
    ("reason", "code"), [("Forbidden", 403), ("RequestEntityTooLarge", 413), ("Unauthorized", 401)]
)
def test_the_reason_sets_the_code(engine: Engine, reason: str, code: int) -> None:
    _policy(engine, validations=[{"expression": "false", "reason": reason}])
    assert (_create(engine).status, _create(engine).json()["reason"]) == (code, reason)


def test_warnings_let_pass(engine: Engine) -> None:
    _policy(engine, actions=("Warn",), validations=[{"expression": "false", "message": "beware"}])
    answer = _create(engine)
    assert answer.status == 201
    assert answer.warnings == ("Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': beware",)


@pytest.mark.parametrize(("policy", "status"), [("Fail", 422), ("Ignore", 201)])
def test_an_expression_without_a_value_goes_by_the_failure_policy(engine: Engine, policy: str, status: int) -> None:
    _policy(engine, failurePolicy=policy, validations=[{"expression": "object.data.missing == '1'"}])
    assert _create(engine, data={"k": "v"}).status == status


def test_variables_conditions_and_parameters(engine: Engine) -> None:
    engine.api.create("ConfigMap", {"metadata": {"name": "limits", "namespace": "default"}, "data": {"max": "1"}})
    _policy(
        engine,
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        matchConditions=[{"name": "not-free", "expression": "!object.metadata.name.startsWith('free')"}],
        variables=[{"name": "size", "expression": "has(object.data) ? size(object.data) : 0"}],
        validations=[{"expression": "variables.size <= int(params.data.max)"}],
        binding={"paramRef": {"name": "limits", "namespace": "default", "parameterNotFoundAction": "Deny"}},
    )
    assert _create(engine, "one", data={"a": "1"}).status == 201
    assert _create(engine, "two", data={"a": "1", "b": "2"}).status == 422
    assert _create(engine, "free", data={"a": "1", "b": "2"}).status == 201
    engine.api.delete("ConfigMap", "default", "limits")
    assert "no params found for policy binding" in _create(engine, "three").json()["message"]


def test_policies_may_ask_what_the_user_may(engine: Engine) -> None:
    expression = "authorizer.group('').resource('secrets').namespace('default').check('get').allowed()"
    _policy(engine, validations=[{"expression": expression}])
    assert _create(engine).status == 201
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}
    engine.api.create("ClusterRole", {"metadata": {"name": "maps"}, "rules": [rule]})
    subject = {"kind": "User", "name": "alice", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "ClusterRole", "name": "maps", "apiGroup": "rbac.authorization.k8s.io"}
    engine.api.create("ClusterRoleBinding", {"metadata": {"name": "m"}, "subjects": [subject], "roleRef": role})
    alice = User("alice", ("system:authenticated",))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}
    assert engine.call("POST", MAPS, body, user=alice).status == 422


def test_bindings_choose_namespaces(engine: Engine) -> None:
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "kube-public"}}
    _policy(engine, validations=[{"expression": "false"}], binding={"matchResources": {"namespaceSelector": selector}})
    assert _create(engine).status == 201


@pytest.mark.parametrize(
    "mutation",
    [
        {
            "patchType": "JSONPatch",
            "jsonPatch": {"expression": "[JSONPatch{op: 'add', path: '/metadata/labels', value: {'team': 'blue'}}]"},
        },
        {
            "patchType": "ApplyConfiguration",
            "applyConfiguration": {"expression": "Object{metadata: Object.metadata{labels: {'team': 'blue'}}}"},
        },
    ],
)
def test_mutating_policies_change_objects(engine: Engine, mutation: dict[str, Any]) -> None:
    _policy(engine, "MutatingAdmissionPolicy", mutations=[mutation], reinvocationPolicy="Never")
    assert _create(engine).json()["metadata"]["labels"] == {"team": "blue"}


def test_a_mutation_that_does_not_apply_is_refused(engine: Engine) -> None:
    patch = {"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: 'remove', path: '/data/none'}]"}}
    _policy(engine, "MutatingAdmissionPolicy", mutations=[patch], reinvocationPolicy="Never")
    answer = _create(engine)
    assert (answer.status, answer.json()["reason"]) == (403, "Invalid")
    assert answer.json()["message"].startswith("policy 'p' with binding 'b' denied request: JSON Patch: ")


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        ("op: 'remove', path: '/data/x'", "error in remove for path: '/data/x': Unable to remove nonexistent key: x: missing value"),
        ("op: 'add', path: '/none/x', value: '1'", 'add operation does not apply: doc is missing path: "/none/x": missing value'),
    ],
)
def test_a_mutation_tells_what_it_misses(engine: Engine, operation: str, told: str) -> None:
    patch = {"patchType": "JSONPatch", "jsonPatch": {"expression": f"[JSONPatch{{{operation}}}]"}}
    _policy(engine, "MutatingAdmissionPolicy", mutations=[patch], reinvocationPolicy="Never")
    assert _create(engine, data={"a": "b"}).json()["message"].endswith(f"JSON Patch: {told}")


def test_a_mutation_whose_test_fails_changes_nothing(engine: Engine) -> None:
    """k8s.io/apiserver mutating/patch: a patch that fails its test is not applied."""
    test = "JSONPatch{op: 'test', path: '/data/a', value: 'no'}"
    patch = {"patchType": "JSONPatch", "jsonPatch": {"expression": f"[{test}, JSONPatch{{op: 'remove', path: '/data/a'}}]"}}
    _policy(engine, "MutatingAdmissionPolicy", mutations=[patch], reinvocationPolicy="Never")
    assert _create(engine, data={"a": "b"}).json()["data"] == {"a": "b"}


@pytest.mark.parametrize(
    ("type", "key", "expression", "told"),
    [
        ("ApplyConfiguration", "applyConfiguration", "object", "must evaluate to Object but got dyn"),
        ("ApplyConfiguration", "applyConfiguration", "{'a': 1}", "must evaluate to Object but got map(string, int)"),
        ("JSONPatch", "jsonPatch", "[]", "must evaluate to list(JSONPatch) but got list(dyn)"),
    ],
)
def test_a_mutation_makes_what_its_type_says(engine: Engine, type: str, key: str, expression: str, told: str) -> None:
    spec = {"matchConstraints": {"resourceRules": RULES}, "reinvocationPolicy": "Never"}
    body = {"metadata": {"name": "p"}, "spec": {**spec, "mutations": [{"patchType": type, key: {"expression": expression}}]}}
    answer = engine.call("POST", "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies", body)
    assert (answer.status, answer.json()["message"].endswith(told)) == (422, True), answer.body


def test_a_text_that_is_no_number_is_told_as_go_tells_it(engine: Engine) -> None:
    _policy(engine, validations=[{"expression": "int(object.data.a) > 3"}])
    assert _create(engine, data={"a": "b"}).json()["message"].endswith("type conversion error from 'string' to 'int'")


def test_structs_are_maps_to_the_runtime_and_strings_stay() -> None:
    source = "Object{spec: Object.spec{a: b ? {'x': 1} : {}, ?c: d}, t: 'Object{e: f}'}"
    assert as_maps(source) == """{"spec": {"a": b ? {'x': 1} : {}, ?"c": d}, "t": 'Object{e: f}'}"""


@pytest.mark.parametrize(("policy", "status"), [("Fail", 500), ("Ignore", 201)])
def test_nobody_answers_webhooks(engine: Engine, policy: str, status: int) -> None:
    service = {"namespace": "default", "name": "hook", "path": "/check"}
    webhook = {
        "name": "check.example.com",
        "clientConfig": {"service": service},
        "rules": RULES,
        "failurePolicy": policy,
        "sideEffects": "None",
        "timeoutSeconds": 5,
        "admissionReviewVersions": ["v1"],
    }
    engine.api.create("ValidatingWebhookConfiguration", {"metadata": {"name": "w"}, "webhooks": [webhook]})
    answer = _create(engine)
    assert answer.status == status
    if status == 500:
        call = 'failed to call webhook: Post "https://hook.default.svc:443/check?timeout=5s": service "hook" not found'
        assert (
            answer.json()["message"] == f'Internal error occurred: failed calling webhook "check.example.com": {call}'
        )


def test_kubelets_leave_other_nodes_alone(engine: Engine) -> None:
    for name in ("n1", "n2"):
        engine.api.create("Node", {"metadata": {"name": name}})
    patch = {"metadata": {"labels": {"node-restriction.kubernetes.io/x": "1"}}}
    merge = {"content_type": "application/merge-patch+json", "user": KUBELET}
    other = engine.call("PATCH", "/api/v1/nodes/n2", patch, **merge)
    assert 'node "n1" is not allowed to modify node "n2"' in other.json()["message"]
    own = engine.call("PATCH", "/api/v1/nodes/n1", patch, **merge)
    assert own.json()["message"].endswith("is not allowed to modify labels: node-restriction.kubernetes.io/x")
    allowed = {"metadata": {"labels": {"kubernetes.io/arch": "arm64", "mine": "1"}}}
    assert engine.call("PATCH", "/api/v1/nodes/n1", allowed, **merge).status == 200


def test_kubelets_create_mirror_pods_only(engine: Engine) -> None:
    answer = engine.call("POST", "/api/v1/namespaces/default/pods", pod("p"), user=KUBELET)
    assert answer.status == 403


def test_claims_grow_only_where_their_class_lets_them(engine: Engine) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "x",
        },
    }
    path = "/api/v1/namespaces/default/persistentvolumeclaims"
    assert engine.call("POST", path, claim).status == 201
    patch = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    answer = engine.call("PATCH", f"{path}/c", patch, content_type="application/merge-patch+json")
    assert answer.status in (403, 422)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"usages": []}, "spec.usages: Required value"),
        ({"usages": ["flying"]}, 'spec.usages[0]: Unsupported value: "flying"'),
        ({"signerName": "x"}, "must be a fully qualified domain and path"),
        ({"request": "bm90aGluZw=="}, "PEM block type must be CERTIFICATE REQUEST"),
        ({"expirationSeconds": 1}, "may not specify a duration less than 600 seconds"),
    ],
)
def test_certificate_requests_are_checked(engine: Engine, change: dict[str, Any], words: str) -> None:
    spec = {"request": "bm90aGluZw==", "signerName": "example.com/signer", "usages": ["client auth"], **change}
    head = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "r"}}
    answer = engine.call("POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", {**head, "spec": spec})
    assert answer.status == 422
    assert words in answer.json()["message"]
