"""Remove what has lost its owners; hold owners back until their dependents have gone. Models pkg/controller/garbagecollector.

The dependency graph is not kept: an index of owner uids to dependents follows the store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.parts import Change, object_key, split_key
from cluster_core.apiserver.world import World
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj

USER = "system:serviceaccount:kube-system:generic-garbage-collector"
NAME = "controller/garbage-collector"
EVERY_OTHER = "*"
"""Stands for the kinds that come later, with CustomResourceDefinitions."""
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"


class GarbageCollector:
    """A part of its own kind: it hears of every object there is."""

    name = NAME

    def __init__(self, world: World, options: Mapping[str, Any]) -> None:
        self._world = world
        self._api = world.client(USER)
        self._dependents: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self.kinds = [*(kind.name for kind in self._api.server.kinds if kind.stored), EVERY_OTHER]

    # ------------------------------------------------------------------------------------------------ watching

    def observe(self, change: Change) -> None:
        old, new = change.old, change.new
        if new is None:
            assert old is not None
            self._forget(change.kind, old)
            self._owner_gone(old["metadata"].get("uid", ""))
            self._look_at_owners(old)
            return
        if _owner_references(new) or (old is not None and _owner_references(old)):
            self._index(change.kind, old, new)
        if "deletionTimestamp" in new["metadata"]:
            self._look_at_terminating(change.kind, old, new)

    def _index(self, kind: Kind, old: Obj | None, new: Obj) -> None:
        if old is not None and _owner_references(old) is _owner_references(new):
            return
        if old is not None:
            self._forget(kind, old)
        for owner in _owner_references(new):
            self._dependents[owner["uid"]][_key(kind, new)] = None
        self._soon(kind, new)

    def _forget(self, kind: Kind, obj: Obj) -> None:
        for owner in _owner_references(obj):
            cells = self._dependents.get(owner["uid"], {})
            cells.pop(_key(kind, obj), None)
            if not cells:
                self._dependents.pop(owner["uid"], None)

    def _owner_gone(self, uid: str) -> None:
        for key in self._dependents.get(uid, ()):
            self._world.agenda.soon(self.name, key)

    def _look_at_owners(self, gone: Obj) -> None:
        """A blocking dependent has gone: its owners may go now."""
        for owner in _owner_references(gone):
            found = self._owner(gone, owner)
            if found is not None and FOREGROUND in found[1]["metadata"].get("finalizers", ()):
                self._soon(*found)

    def _look_at_terminating(self, kind: Kind, old: Obj | None, new: Obj) -> None:
        if set(new["metadata"].get("finalizers", ())) & {ORPHAN, FOREGROUND}:
            self._soon(kind, new)
        if old is None or "deletionTimestamp" not in old["metadata"]:
            self._owner_gone(new["metadata"]["uid"])

    def _soon(self, kind: Kind, obj: Obj) -> None:
        self._world.agenda.soon(self.name, _key(kind, obj))

    # ------------------------------------------------------------------------------------------------ working

    def run(self, key: str) -> None:
        group, name, rest = key.split("|", 2)
        kind = self._api.server.kinds.find(name, group)
        obj = self._api.server.storage.get(kind, *split_key(rest)) if kind else None
        if kind is None or obj is None:
            return
        try:
            self._process(kind, obj)
        except ApiError:
            self._world.agenda.soon(self.name, key, 1.0)

    def _process(self, kind: Kind, obj: Obj) -> None:
        metadata = obj["metadata"]
        if "deletionTimestamp" in metadata:
            finalizers = metadata.get("finalizers", ())
            if ORPHAN in finalizers:
                self._orphan_dependents(kind, obj)
            elif FOREGROUND in finalizers:
                self._delete_dependents(kind, obj)
            return
        self._collect(kind, obj)

    def _collect(self, kind: Kind, obj: Obj) -> None:
        """Delete an object none of whose owners is left, or drop the references to owners that are not."""
        owners = _owner_references(obj)
        if not all(self._is_valid(kind, obj, reference) for reference in owners):
            return
        solid, waiting, missing = [], [], []
        for reference in owners:
            found = self._owner(obj, reference)
            if found is None:
                missing.append(reference)
            elif _is_waiting(found[1]):
                waiting.append(reference)
            else:
                solid.append(reference)
        if not owners or (solid and not missing and not waiting):
            return
        if solid:
            self._update_owners(kind, obj, solid)
        elif waiting and self._dependents.get(obj["metadata"]["uid"]):
            self._delete(kind, self._unblocked(kind, obj), "Foreground")
        else:
            self._delete(kind, obj, _inherited_policy(obj))

    def _is_valid(self, kind: Kind, obj: Obj, reference: Obj) -> bool:
        """Whether the owner can be looked up at all: of a kind that is known, and of no namespace when the object is of
        none. An object with an owner that cannot is left alone."""
        owner_kind = self._api.server.kinds.find(reference["kind"], reference["apiVersion"].rpartition("/")[0])
        if owner_kind is None:
            return False
        if kind.namespaced or not owner_kind.namespaced:
            return True
        if any(owner["metadata"]["uid"] == reference["uid"] for owner in self._api.server.storage.list(owner_kind)):
            text = (
                f"ownerRef [{reference['apiVersion']}/{reference['kind']}, namespace: , name: {reference['name']}, "
                f'uid: {reference["uid"]}] does not exist in namespace ""'
            )
            component = "garbage-collector-controller"
            self._api.event(obj, "Warning", "OwnerRefInvalidNamespace", text, component=component)
        return False

    def _unblocked(self, kind: Kind, obj: Obj) -> Obj:
        """In a circle of owners that wait for each other one must stop to block its owner."""
        if not any(_is_waiting(dependent) for _, dependent in self._dependents_of(obj["metadata"]["uid"])):
            return obj
        owners = [{**owner, "blockOwnerDeletion": False} for owner in _owner_references(obj)]
        return self._update_owners(kind, obj, owners)

    def _owner(self, obj: Obj, reference: Obj) -> tuple[Kind, Obj] | None:
        """The owner a reference names, if it is there with that uid."""
        group = reference["apiVersion"].rpartition("/")[0]
        kind = self._api.server.kinds.find(reference["kind"], group)
        if kind is None:
            return None
        namespace = obj["metadata"].get("namespace", "")
        found = self._api.server.storage.get(kind, namespace, reference["name"])
        return (kind, found) if found is not None and found["metadata"]["uid"] == reference["uid"] else None

    def _update_owners(self, kind: Kind, obj: Obj, owners: Sequence[Obj]) -> Obj:
        metadata = {key: value for key, value in obj["metadata"].items() if key != "ownerReferences"}
        if owners:
            metadata["ownerReferences"] = list(owners)
        return self._api.update_kind(kind, {**obj, "metadata": metadata})

    def _delete(self, kind: Kind, obj: Obj, policy: str) -> None:
        metadata = obj["metadata"]
        namespace = metadata.get("namespace", "")
        self._api.delete(
            kind.name, namespace, metadata["name"], uid=metadata["uid"], propagation=policy, group=kind.group
        )

    def _orphan_dependents(self, kind: Kind, obj: Obj) -> None:
        uid = obj["metadata"]["uid"]
        for dependent_kind, dependent in self._dependents_of(uid):
            owners = [owner for owner in _owner_references(dependent) if owner["uid"] != uid]
            self._update_owners(dependent_kind, dependent, owners)
        self._drop_finalizer(kind, obj, ORPHAN)

    def _delete_dependents(self, kind: Kind, obj: Obj) -> None:
        """Foreground: the owner waits for the dependents that block it."""
        uid = obj["metadata"]["uid"]
        blocking = False
        for dependent_kind, dependent in self._dependents_of(uid):
            blocks = any(owner["uid"] == uid and owner.get("blockOwnerDeletion") for owner in _owner_references(dependent))
            blocking = blocking or blocks
            if "deletionTimestamp" not in dependent["metadata"]:
                self._soon(dependent_kind, dependent)
        if not blocking:
            self._drop_finalizer(kind, obj, FOREGROUND)

    def _dependents_of(self, uid: str) -> list[tuple[Kind, Obj]]:
        found = []
        for key in list(self._dependents.get(uid, ())):
            group, name, rest = key.split("|", 2)
            kind = self._api.server.kinds.find(name, group)
            obj = self._api.server.storage.get(kind, *split_key(rest)) if kind else None
            if kind is not None and obj is not None:
                found.append((kind, obj))
        return found

    def _drop_finalizer(self, kind: Kind, obj: Obj, finalizer: str) -> None:
        finalizers = [name for name in obj["metadata"].get("finalizers", ()) if name != finalizer]
        metadata = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
        if finalizers:
            metadata["finalizers"] = finalizers
        self._api.update_kind(kind, {**obj, "metadata": metadata})

    # ------------------------------------------------------------------------------------------------ memory

    def dump(self) -> Any:
        return {}

    def load(self, state: Any) -> None:
        """Nothing: the index follows the store."""


def _owner_references(obj: Obj) -> Any:
    return obj["metadata"].get("ownerReferences", ())


def _key(kind: Kind, obj: Obj) -> str:
    return f"{kind.group}|{kind.name}|{object_key(obj)}"


def _is_waiting(owner: Obj) -> bool:
    metadata = owner["metadata"]
    return "deletionTimestamp" in metadata and FOREGROUND in metadata.get("finalizers", ())


def _inherited_policy(obj: Obj) -> str:
    """The policy that the object's own finalizers ask for."""
    finalizers = obj["metadata"].get("finalizers", ())
    if ORPHAN in finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in finalizers else "Background"
