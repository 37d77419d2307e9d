"""Rules that no recorded manifest breaks: found by breaking every member of every manifest in every way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Engine, pod, workload

PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(nodes=0)


def refusal(engine: Engine, path: str, body: Any, method: str = "POST") -> dict[str, Any]:
    answer = engine.call(method, path, body, query=(("dryRun", "All"),))
    assert answer.status >= 400, answer.body
    found: dict[str, Any] = answer.json()
    return found


def definition(**spec: Any) -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"a": {"type": "string", "format": "nothing-known"}}}}
    whole = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "boxes", "kind": "Box"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        **spec,
    }
    return {"metadata": {"name": "boxes.example.com"}, "spec": whole}


# ------------------------------------------------------------------------------------------------ empty and missing


@pytest.mark.parametrize(("labels", "shown"), [({}, "{}"), (None, "null")])
def test_an_empty_map_is_shown_as_it_was_sent(engine: Engine, labels: Any, shown: str) -> None:
    body = workload("Deployment")
    body["spec"]["template"]["metadata"] = {"labels": labels}
    assert refusal(engine, DEPLOYMENTS, body)["message"].endswith(
        f"spec.template.metadata.labels: Invalid value: {shown}: `selector` does not match template `labels`"
    )


def test_an_empty_map_changes_nothing_that_is_stored(engine: Engine) -> None:
    made = engine.call("POST", PODS, {**pod("empty"), "metadata": {"name": "empty", "labels": {}, "annotations": {}}}).json()
    assert not {"labels", "annotations"} & set(made["metadata"])
    again = engine.call("PUT", f"{PODS}/empty", {**made, "metadata": {**made["metadata"], "labels": {}}}).json()
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


@pytest.mark.parametrize(("versions", "shown"), [([], "[]"), (None, "null")])
def test_no_versions_are_shown_as_they_were_sent(engine: Engine, versions: Any, shown: str) -> None:
    text = refusal(engine, DEFINITIONS, definition(versions=versions))["message"]
    assert f"spec.versions: Invalid value: {shown}: must have exactly one version marked as storage version" in text


# ------------------------------------------------------------------------------------------------ pods


def test_a_negative_grace_period_is_a_second(engine: Engine) -> None:
    answer = engine.call("POST", PODS, pod("hasty", terminationGracePeriodSeconds=-5))
    assert answer.json()["spec"]["terminationGracePeriodSeconds"] == 1
    assert not answer.warnings


def test_what_priority_filled_in_stays_when_an_update_leaves_it_out(engine: Engine) -> None:
    made = engine.call("POST", PODS, pod("kept")).json()
    spec = {key: value for key, value in made["spec"].items() if key not in ("priority", "preemptionPolicy")}
    assert engine.call("PUT", f"{PODS}/kept", {**made, "spec": spec}).json()["spec"] == made["spec"]


def test_the_warning_of_an_annotation_comes_with_the_refusal(engine: Engine) -> None:
    key = "container.apparmor.security.beta.kubernetes.io/c"
    body = pod("armed")
    body["metadata"]["annotations"] = {key: "nonsense"}
    answer = engine.call("POST", PODS, body)
    assert answer.status == 422
    assert [text for text in answer.warnings if text.startswith(f"metadata.annotations[{key}]: deprecated since v1.30")]


def test_a_runtime_class_without_a_name_breaks_the_look_up(engine: Engine) -> None:
    found = refusal(engine, PODS, pod("run", runtimeClassName=""))
    assert (found["code"], found["message"]) == (500, "resource name may not be empty")


# ------------------------------------------------------------------------------------------------ updates


@pytest.mark.parametrize(
    ("path", "body", "times"),
    [
        (PODS, pod("twice"), 4),
        (DEPLOYMENTS, workload("Deployment", "twice"), 3),
        ("/api/v1/persistentvolumes", {"metadata": {"name": "twice"}, "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}}, 4),
        ("/api/v1/namespaces/default/limitranges", {"metadata": {"name": "twice"}, "spec": {"limits": []}}, 3),
        ("/apis/policy/v1/namespaces/default/poddisruptionbudgets", {"metadata": {"name": "twice"}, "spec": {"minAvailable": 1}}, 2),
    ],
    ids=["pods", "deployments", "volumes", "limits", "budgets"],
)  # fmt: skip
def test_kinds_check_a_changed_label_as_often_as_upstream(engine: Engine, path: str, body: dict[str, Any], times: int) -> None:
    made = engine.call("POST", path, body).json()
    made["metadata"] = {**made["metadata"], "labels": {"a": "not a label!"}}
    found = refusal(engine, f"{path}/twice", made, "PUT")
    assert [cause["field"] for cause in found["details"]["causes"]] == ["metadata.labels"] * times


def test_a_changed_storage_class_is_checked_and_immutable(engine: Engine) -> None:
    path = "/apis/storage.k8s.io/v1/storageclasses"
    made = engine.call("POST", path, {"metadata": {"name": "slow"}, "provisioner": "example.com/disks"}).json()
    found = refusal(engine, f"{path}/slow", {**made, "provisioner": ""}, "PUT")["message"]
    assert found.endswith('[provisioner: Required value, provisioner: Invalid value: "": field is immutable]')


# ------------------------------------------------------------------------------------------------ definitions, policies


def test_unknown_formats_are_warned_of_once(engine: Engine) -> None:
    answer = engine.call("POST", DEFINITIONS, definition(), query=(("dryRun", "All"),))
    assert answer.warnings == ('unrecognized format "nothing-known"',)


def test_every_part_of_a_webhooks_path_is_a_name(engine: Engine) -> None:
    client = {"service": {"namespace": "default", "name": "x", "path": "/a//B"}}
    webhook = {"clientConfig": client, "conversionReviewVersions": ["v1", "v1"]}
    found = refusal(engine, DEFINITIONS, definition(conversion={"strategy": "Webhook", "webhook": webhook}))
    told = {(cause["field"].removeprefix("spec.conversion."), cause["message"].split(": ", 2)[2]) for cause in found["details"]["causes"]}
    assert ("webhookClientConfig.service.path", "segment[1] may not be empty") in told
    assert ("conversionReviewVersions[1]", "duplicate version") in told


def test_a_variable_that_does_not_compile_is_blamed_alone(engine: Engine) -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "variables": [{"name": "broken", "expression": "1 +"}],
        "validations": [{"expression": "variables.broken == 2"}],
    }
    body = {"metadata": {"name": "p"}, "spec": spec}
    found = refusal(engine, "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", body)
    assert [cause["field"] for cause in found["details"]["causes"]] == ["spec.variables[0].expression"]


def test_an_unknown_scope_applies_to_nothing(engine: Engine) -> None:
    body = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}, "scopes": ["Nonsense"]}}
    found = refusal(engine, "/api/v1/namespaces/default/resourcequotas", body)
    assert found["message"].endswith('spec.scopes: Invalid value: ["Nonsense"]: unsupported scope')


def test_a_daemon_sets_generation_is_a_number(engine: Engine) -> None:
    body = workload("DaemonSet", replicas=None)
    body["metadata"]["annotations"] = {"deprecated.daemonset.template.generation": "x"}
    found = refusal(engine, "/apis/apps/v1/namespaces/default/daemonsets", body)
    assert found["code"] == 400 and found["message"].endswith('strconv.ParseInt: parsing "x": invalid syntax')
