"""Owners of fields: what writes and server-side apply make of metadata.managedFields."""

from __future__ import annotations

import copy
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cluster_core.apiserver import schema
from cluster_core.machinery import errors, fieldset, managedfields, managers
from cluster_core.machinery.managedfields import Writer
from cluster_core.machinery.typed import Type
from tests.machinery.types import THING, custom

THEN, NOW = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"


def thing(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a", "uid": "u"}, "spec": spec}


def writer(name: str, time: str = NOW, **more: Any) -> Writer:
    return Writer(name, "v1", time, **more)


def created(**spec: Any) -> Any:
    return managedfields.update(THING, None, thing(containers=[], **spec), writer("maker", THEN))


def changed(live: Any, **spec: Any) -> Any:
    return {**live, "spec": {**live["spec"], **spec}}


def owners(obj: Any) -> dict[str, Any]:
    return {entry["manager"]: entry["fieldsV1"] for entry in managers.entries_of(obj) or ()}


def test_a_creator_owns_what_it_sets_but_not_the_servers_metadata() -> None:
    (entry,) = managers.entries_of(created(replicas=1))
    assert entry == {
        "manager": "maker",
        "operation": "Update",
        "apiVersion": "v1",
        "time": THEN,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:containers": {}, "f:replicas": {}}},
    }


def test_who_changes_a_field_takes_it_over() -> None:
    live = created(replicas=1, selector={"a": "1"})
    after = managedfields.update(THING, live, changed(live, replicas=2), writer("other"))
    assert owners(after)["other"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owners(after)["maker"]["f:spec"]


def test_a_write_that_changes_nothing_leaves_the_entries_alone() -> None:
    live = created(replicas=1)
    assert managedfields.update(THING, live, live, writer("other")) == live


def test_a_removed_field_belongs_to_nobody() -> None:
    live = created(replicas=1, selector={"a": "1"})
    without = {**live, "spec": {"containers": []}}
    after = managedfields.update(THING, live, without, writer("other"))
    assert owners(after) == {"maker": {"f:spec": {"f:containers": {}}}}


def test_ignored_fields_get_no_owner() -> None:
    ignored = fieldset.of_paths(("f:status",))
    new = {**thing(containers=[]), "status": {"x": 1}}
    after = managedfields.update(THING, None, new, writer("maker", ignored=ignored))
    assert owners(after) == {"maker": {"f:spec": {"f:containers": {}}}}


def test_a_subresource_has_an_entry_of_its_own() -> None:
    live = created(replicas=1)
    after = managedfields.update(THING, live, {**live, "status": {"x": 1}}, writer("maker", subresource="status"))
    assert [entry.get("subresource") for entry in managers.entries_of(after)] == [None, "status"]


def test_an_object_nobody_ever_managed_stays_unmanaged() -> None:
    live = thing(replicas=1)
    assert managers.entries_of(managedfields.update(THING, live, changed(live, replicas=2), writer("x"))) is None


def test_entries_can_be_reset_and_nonsense_is_ignored() -> None:
    live = created(replicas=1)

    def sent(entries: Any) -> Any:
        new = {**live, "metadata": {**live["metadata"], "managedFields": entries}}
        return owners(managedfields.update(THING, live, new, writer("x")))

    assert sent([]) == {}
    assert sent([{}]) == {}
    assert sent([{"operation": "Sing"}]) == owners(live)


def test_the_oldest_of_too_many_updaters_are_put_together() -> None:
    live = created()
    for number in range(11):
        label = {**live, "metadata": {**live["metadata"], "labels": {str(number): "x"}}}
        label["metadata"]["labels"] |= live["metadata"].get("labels", {})
        live = managedfields.update(THING, live, label, writer(f"w{number:02}", f"2026-01-01T00:02:{number:02}Z"))
    assert len(owners(live)) == 10
    assert owners(live)["ancient-changes"]["f:spec"] == {"f:containers": {}}


def test_entries_of_versions_that_are_gone_are_dropped() -> None:
    live = created(replicas=1)
    after = managedfields.update(
        THING, live, changed(live, replicas=2), Writer("x", "v2", NOW, versions=frozenset({"v2"}))
    )
    assert owners(after) == {"x": {"f:spec": {"f:replicas": {}}}}


def applied(live: Any, name: str, force: bool = False, **spec: Any) -> Any:
    before = copy.deepcopy(live)
    after = managedfields.apply(THING, live, {**thing(**spec), "metadata": {"name": "a"}}, writer(name), force)
    assert live == before
    return after


def test_two_appliers_of_one_value_share_it() -> None:
    live = applied(applied(None, "alpha", replicas=1), "beta", replicas=1)
    assert owners(live) == {name: {"f:spec": {"f:replicas": {}}} for name in ("alpha", "beta")}


def test_a_different_value_is_a_conflict_unless_forced() -> None:
    live = applied(None, "alpha", replicas=1)
    with pytest.raises(errors.Conflict) as error:
        applied(live, "beta", replicas=2)
    assert error.value.message == 'Apply failed with 1 conflict: conflict with "alpha": .spec.replicas'
    assert error.value.status()["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "alpha"', "field": ".spec.replicas"}
    ]
    forced = applied(live, "beta", force=True, replicas=2)
    assert owners(forced) == {"beta": {"f:spec": {"f:replicas": {}}}}
    assert forced["spec"]["replicas"] == 2


def test_several_conflicts_are_listed_by_manager() -> None:
    live = applied(applied(None, "beta", replicas=1), "alpha", selector={"a": "1"})
    with pytest.raises(errors.Conflict) as error:
        applied(live, "gamma", replicas=2, selector={"a": "2"})
    assert error.value.message == (
        'Apply failed with 2 conflicts: conflicts with "alpha":\n- .spec.selector\nconflicts with "beta":\n- .spec.replicas'
    )


def test_an_updaters_conflict_names_the_version() -> None:
    with pytest.raises(errors.Conflict, match=r'conflict with "maker" using v1: \.spec\.replicas'):
        applied(created(replicas=1), "alpha", replicas=2)


def test_what_is_applied_no_more_goes_unless_somebody_else_owns_it() -> None:
    one, two = {"name": "one", "image": "x"}, {"name": "two"}
    live = applied(None, "alpha", replicas=1, containers=[one, two], finalizers=["p"])
    live = applied(live, "beta", containers=[{"name": "two", "args": ["y"]}])
    after = applied(live, "alpha", containers=[one])
    assert after["spec"] == {"containers": [one, {"name": "two", "args": ["y"]}]}


def test_what_was_set_before_anybody_applied_can_conflict() -> None:
    with pytest.raises(errors.Conflict, match=r'conflict with "before-first-apply" using v1: \.spec\.replicas'):
        applied(thing(replicas=1), "alpha", replicas=2)


def test_kubectl_takes_over_from_its_client_side_apply() -> None:
    text = json.dumps({**thing(replicas=1), "metadata": {"name": "a"}})
    live = created(replicas=1)
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": text}
    live = {**live, "metadata": {**live["metadata"], "annotations": annotations}}
    after = applied(live, "kubectl", replicas=2)
    assert after["spec"]["replicas"] == 2
    assert json.loads(after["metadata"]["annotations"].popitem()[1])["spec"] == {"replicas": 2}
    with pytest.raises(errors.Conflict):
        applied(live, "somebody", replicas=2)


def test_managed_fields_cannot_be_applied() -> None:
    with pytest.raises(errors.BadRequest, match=r"metadata\.managedFields must be nil"):
        managedfields.apply(THING, None, {"metadata": {"managedFields": []}}, writer("x"))


APPLY = "application/apply-patch+yaml"


@pytest.mark.parametrize("name", ["apply-errors", "apply-upgrade", "apply-versions", "custom-apply"])
def test_recorded_applies(name: str, golden: pathlib.Path) -> None:
    assert sum(_outcomes(golden, name, {APPLY})) >= 4


UPDATED = ["json-patch", "merge-patch", "generation", "status-pod", "occ-unconditional"]


@pytest.mark.parametrize("name", UPDATED)
def test_recorded_updates(name: str, golden: pathlib.Path) -> None:
    media = {"application/json", "application/merge-patch+json", "application/json-patch+json"}
    assert sum(_outcomes(golden, name, media)) >= 2


CONTAINERS = "spec.template.spec.containers"
CONTAINER_DEFAULTS = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "imagePullPolicy": "IfNotPresent",
}


def test_recorded_applies_to_lists(steps: Callable[[str], list[Any]]) -> None:
    type = schema.type_of("apps", "v1", "Deployment")
    live: Any = None
    checked = 0
    for step in steps("apply-lists"):
        response, query = step["response"], step.get("query") or {}
        if step["method"] != "PATCH" or query.get("dryRun"):
            continue
        checked += 1
        who = Writer(query["fieldManager"], "apps/v1", NOW)
        if response["status"] in (409, 500):
            with pytest.raises(errors.ApiError) as error:
                managedfields.apply(type, live, step["body"], who)
            assert error.value.status() == response["body"]
            continue
        after = managedfields.apply(type, live, step["body"], who)
        containers = after["spec"]["template"]["spec"]["containers"]
        if response["status"] == 422:  # which container is left without a required field shows what was pruned
            assert f"containers[{len(containers) - 1}]" in response["body"]["message"]
            continue
        containers = [_defaulted(container) for container in containers]
        assert containers == response["body"][CONTAINERS]
        live = _with_containers(after, containers)
    assert checked >= 14


def _defaulted(container: Any) -> Any:
    filled = {**CONTAINER_DEFAULTS, **{key: value for key, value in container.items() if value is not None}}
    if "ports" in filled:
        filled["ports"] = [{"protocol": "TCP", **port} for port in filled["ports"]]
    return filled


def _with_containers(obj: Any, containers: Any) -> Any:
    template = obj["spec"]["template"]
    pod = {**template["spec"], "containers": containers}
    return {**obj, "spec": {**obj["spec"], "template": {**template, "spec": pod}}}


def _outcomes(golden: pathlib.Path, name: str, media: set[str]) -> Iterator[bool]:
    """Replays a transcript's writes to single objects; each is checked against what the real server made of it."""
    transcript = json.loads((golden / "transcripts" / f"{name}.json").read_text())
    types = {"Apply": _custom_type(transcript)}
    live: dict[str, Any] = {}
    for step in transcript["setup"] + transcript["steps"]:
        response = step.get("response") or {}
        body = response.get("body")
        if not isinstance(body, dict):
            continue
        sort = (step.get("headers") or {}).get("Content-Type", "application/json")
        writes = step["method"] in ("PATCH", "PUT") and isinstance(step.get("body"), (dict, list))
        if writes and sort in media and _is_comparable(step, live):
            _check(step, live.get(_object_path(step)), types)
            yield True
        dry = (step.get("query") or {}).get("dryRun")
        if response["status"] < 300 and "metadata" in body and not dry:
            created = "/" + body["metadata"].get("name", "") if step["method"] == "POST" else ""
            live[_object_path(step) + created] = body


def _custom_type(transcript: Any) -> Type:
    for step in transcript["setup"]:
        for version in (step.get("body") or {}).get("spec", {}).get("versions", ()):
            return custom(version["schema"]["openAPIV3Schema"])
    return THING


def _object_path(step: Any) -> str:
    return str(step["path"]).removesuffix("/status")


def _is_comparable(step: Any, live: dict[str, Any]) -> bool:
    """Leaves out what other parts of the server refuse or what admission changes after owners are settled."""
    status, body = step["response"]["status"], step["response"]["body"]
    if status in (409, 500):
        return "Apply failed" in body["message"] or "failed to create typed" in body["message"]
    applies = (step.get("headers") or {}).get("Content-Type") == APPLY
    known = applies or _object_path(step) in live
    rewrites = isinstance(step["body"], list) and "managedFields" in json.dumps(step["body"])
    return status in (200, 201) and "managedFields" in body.get("metadata", {}) and known and not rewrites


def _check(step: Any, live: Any, types: dict[str, Type]) -> None:
    body, response = step["body"], step["response"]["body"]
    named = response if step["response"]["status"] < 300 else body
    group, _, version = named["apiVersion"].rpartition("/")
    type = types[named["kind"]] if named["kind"] in types else schema.type_of(group, version, named["kind"])
    query = step.get("query") or {}
    subresource = "status" if step["path"].endswith("/status") else ""
    ignored = fieldset.of_paths(("f:spec",) if subresource else ("f:status",))
    who = Writer(query.get("fieldManager", "golden-replay"), named["apiVersion"], NOW, subresource, ignored)
    if (step.get("headers") or {}).get("Content-Type") != APPLY:
        new = managers.without_entries(response)
        assert _entries(managedfields.update(type, live, new, who)) == _entries(response)
        return
    force = query.get("force") in ("true", "maybe")
    if step["response"]["status"] >= 300:
        with pytest.raises(errors.ApiError) as error:
            managedfields.apply(type, live, body, who, force)
        assert error.value.status() == response
        return
    after = managedfields.apply(type, live, body, who, force)
    assert _entries(after) == _entries(response)
    assert _spec(after) == _spec(response) or live is None or after["kind"] != "Apply"


def _entries(obj: Any) -> list[Any]:
    entries = [{key: value for key, value in entry.items() if key != "time"} for entry in managers.entries_of(obj)]
    return sorted(entries, key=lambda entry: json.dumps(entry, sort_keys=True))


def _spec(obj: Any) -> Any:
    return obj.get("spec")
