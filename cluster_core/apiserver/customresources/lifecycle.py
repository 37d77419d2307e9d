"""What happens to CustomResourceDefinitions by themselves: names accepted, established, instances deleted with them.

A part of the cluster inside the API server. Models apiextensions-apiserver's controller/{status,establish,finalizer}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.apiserver.customresources.serving import DEFINITION, GROUP, condition
from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.parts import Change
from cluster_core.apiserver.schema import type_of
from cluster_core.apiserver.world import World
from cluster_core.machinery import field, fieldset, gofmt, managedfields
from cluster_core.machinery.typed import Obj

NAME = "apiextensions"
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_LATENCY, _RETRY = 0.02, 5.0
_RESOURCE_NAMES, _KIND_NAMES = ("plural", "singular"), ("kind", "listKind")
_REASONS = {"plural": "PluralConflict", "singular": "SingularConflict", "kind": "KindConflict", "listKind": "ListKindConflict"}
_ACCEPTED = ("True", "NoConflicts", "no conflicts found")
_BESIDE_STATUS = fieldset.of_paths((fieldset.field("spec"),))
Condition = tuple[str, str, str]
"""Status, reason and message."""


class Definitions:
    """The part. Agenda keys are names of definitions; with "~" in front: look again whether instances are gone."""

    name = NAME
    kinds = (DEFINITION,)

    def __init__(self, world: World) -> None:
        self._world = world
        self._api = world.client("system:apiserver")

    def observe(self, change: Change) -> None:
        if change.new is not None:
            self._world.agenda.soon(NAME, change.new["metadata"]["name"], _LATENCY)
        else:
            for other in self._others(change.obj):
                self._world.agenda.soon(NAME, other["metadata"]["name"], _LATENCY)

    def run(self, key: str) -> None:
        definition = self._api.get(DEFINITION, "", key.removeprefix("~"))
        if definition is None:
            return
        if "deletionTimestamp" in definition["metadata"]:
            self._finalize(definition)
        elif definition["spec"]["names"] != (definition["status"].get("acceptedNames") or {}):
            self._accept_names(definition)
        elif condition(definition, "NamesAccepted") and not condition(definition, "Established"):
            established = ("True", "InitialNamesAccepted", "the initial names have been accepted")
            self._write(definition, {}, {"Established": established})

    def dump(self) -> Any:
        return {}

    def load(self, state: Any) -> None:
        """It remembers nothing."""

    # -------------------------------------------------------------------------------------------- names

    def _others(self, definition: Obj) -> list[Obj]:
        group, name = definition["spec"]["group"], definition["metadata"]["name"]
        found = self._api.list(DEFINITION)
        return [each for each in found if each["spec"]["group"] == group and each["metadata"]["name"] != name]

    def _accept_names(self, definition: Obj) -> None:
        taken = [each["status"].get("acceptedNames") or {} for each in self._others(definition)]
        names, verdict = accepted(definition["spec"]["names"], definition["status"].get("acceptedNames") or {}, taken)
        if names == definition["status"].get("acceptedNames") and verdict == _verdict_of(definition, "NamesAccepted"):
            return
        established = _verdict_of(definition, "Established") or ("False", "NotAccepted", "not all names are accepted")
        if established[0] != "True" and verdict[0] == "True":
            established = ("False", "Installing", "the initial names have been accepted")
        self._write(definition, {"acceptedNames": names}, {"NamesAccepted": verdict, "Established": established})

    def _write(self, definition: Obj, status: Mapping[str, Any], verdicts: Mapping[str, Condition]) -> Obj:
        """The definition with conditions set, as the API server's own doing."""
        now = self._world.clock.timestamp()
        conditions = list(definition["status"].get("conditions") or ())
        for type, verdict in verdicts.items():
            conditions = with_condition(conditions, type, verdict, now)
        new = {**definition, "status": {**definition["status"], **status, "conditions": conditions}}
        writer = managedfields.Writer("kube-apiserver", f"{GROUP}/v1", now, "status", _BESIDE_STATUS)
        return self._api.update_status(
            DEFINITION, managedfields.update(type_of(GROUP, "v1", DEFINITION), definition, new, writer)
        )

    # -------------------------------------------------------------------------------------------- deletion

    def _finalize(self, definition: Obj) -> None:
        if FINALIZER not in definition["metadata"].get("finalizers", ()):
            return
        kind = self._api.server.custom.of(definition["metadata"]["name"])
        if kind is not None and self._delete_instances(kind):
            progress = ("True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")
            if _verdict_of(definition, "Terminating") != progress:
                self._write(definition, {}, {"Terminating": progress})
            self._world.agenda.soon(NAME, "~" + definition["metadata"]["name"], _RETRY)
            return
        verdict = ("False", "InstanceDeletionCompleted", "removed all instances")
        never = ("False", "NeverEstablished", "resource was never established")
        written = self._write(definition, {}, {"Terminating": verdict if kind is not None else never})
        metadata = written["metadata"]
        left = [name for name in metadata["finalizers"] if name != FINALIZER]
        self._api.update(DEFINITION, {**written, "metadata": {**metadata, "finalizers": left}})

    def _delete_instances(self, kind: Kind) -> bool:
        """Ask for the deletion of all objects; answers whether any are left."""
        storage = self._api.server.storage
        for obj in storage.list(kind):
            metadata = obj["metadata"]
            if "deletionTimestamp" not in metadata:
                self._api.delete(kind.name, metadata.get("namespace", ""), metadata["name"], group=kind.group)
        return storage.count(kind) > 0


def accepted(
    wanted: Mapping[str, Any], before: Mapping[str, Any], taken: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], Condition]:
    """The names that can be had beside those taken in the group, and the verdict on all."""
    resources = {name for names in taken for name in (*(names.get(key) for key in _RESOURCE_NAMES), *names.get("shortNames", ()))}
    kinds = {names.get(key) for names in taken for key in _KIND_NAMES}
    found, verdict = dict(before), _ACCEPTED
    for key, used in (("plural", resources), ("singular", resources), ("shortNames", resources), ("kind", kinds), ("listKind", kinds)):
        problem = _clash(wanted.get(key), before.get(key), used)
        if problem:
            verdict = ("False", _REASONS.get(key, "ShortNamesConflict"), problem)
        elif wanted.get(key):
            found[key] = wanted[key]
        else:
            found.pop(key, None)
    found.pop("categories", None)
    if wanted.get("categories"):
        found["categories"] = wanted["categories"]
    return found, verdict


def _clash(wanted: Any, before: Any, used: set[Any]) -> str:
    """Which of the names is another's already, "" when none is."""
    asked = wanted if isinstance(wanted, list) else [wanted]
    own = before if isinstance(before, list) else [before]
    lost = [name for name in asked if name not in own and name in used]
    return field.aggregate(f"{gofmt.quote(name)} is already in use" for name in lost)


def _verdict_of(definition: Obj, type: str) -> Condition | None:
    for each in definition["status"].get("conditions") or ():
        if each["type"] == type:
            return each["status"], each.get("reason", ""), each.get("message", "")
    return None


def with_condition(conditions: Sequence[Obj], type: str, verdict: Condition, now: str) -> list[Obj]:
    """The conditions with one set; its transition time changes with its status only."""
    status, reason, message = verdict
    before = next((each for each in conditions if each["type"] == type), None)
    since = before["lastTransitionTime"] if before is not None and before["status"] == status else now
    new = {"type": type, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
    if before is None:
        return [*conditions, new]
    return [new if each is before else each for each in conditions]


def held_by(definition: Obj) -> Sequence[str]:
    """A definition never goes before its instances."""
    finalizers: Sequence[str] = definition["metadata"].get("finalizers", ())
    return finalizers if "deletionTimestamp" in definition["metadata"] else (*finalizers, FINALIZER)


def begin_deletion(definition: Obj) -> Obj:
    """The definition once its deletion was asked for: marked, and held until its instances are gone."""
    metadata = {name: value for name, value in definition["metadata"].items() if name != "deletionGracePeriodSeconds"}
    finalizers = metadata.get("finalizers", [])
    metadata["finalizers"] = finalizers if FINALIZER in finalizers else [*finalizers, FINALIZER]
    metadata["generation"] = metadata["generation"] - 1
    text = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    pending = ("True", "InstanceDeletionPending", text)
    conditions = definition["status"].get("conditions") or []
    if not any(each["type"] == "Terminating" for each in conditions):
        conditions = with_condition(conditions, "Terminating", pending, metadata["deletionTimestamp"])
    return {**definition, "metadata": metadata, "status": {**definition["status"], "conditions": conditions}}
