"""Objects on top of etcd: one key per object, encoded once, read back as the very same immutable dict.

Keeps the decoded objects with three indexes (namespace, controlling owner, node) in step with the store, whoever wrote
it, so that reads cost a dictionary look-up. Models apiserver/pkg/storage/etcd3 and the watch cache in one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from cluster_core.apiserver.kind import Kind, Kinds
from cluster_core.apiserver.parts import Change, controller_of
from cluster_core.etcd.store import KeyValue, Store, StoreEvent, prefix_end
from cluster_core.machinery import compact
from cluster_core.machinery.typed import Obj

Cells = dict[str, Obj]
"""Object key -> object."""
Objects = list[Obj]
"""Inside Storage, `list` is a verb."""


class Shelf:
    """All objects of one kind."""

    __slots__ = ("by_node", "by_owner", "namespaces", "revision")

    def __init__(self) -> None:
        self.namespaces: dict[str, Cells] = {}
        self.by_owner: defaultdict[str, Cells] = defaultdict(dict)
        self.by_node: defaultdict[str, Cells] = defaultdict(dict)
        self.revision = 0

    def change(self, key: str, old: Obj | None, new: Obj | None) -> None:
        namespace = key.rpartition("/")[0]
        if new is None:
            self._drop(namespace, key)
        else:
            self.namespaces.setdefault(namespace, {})[key] = new
        self._index(self.by_owner, key, _owner_uid(old), _owner_uid(new), new)
        self._index(self.by_node, key, _node_name(old), _node_name(new), new)

    def _drop(self, namespace: str, key: str) -> None:
        cells = self.namespaces.get(namespace, {})
        cells.pop(key, None)
        if not cells:
            self.namespaces.pop(namespace, None)

    @staticmethod
    def _index(index: defaultdict[str, Cells], key: str, before: str, after: str, new: Obj | None) -> None:
        if before and before != after:
            index[before].pop(key, None)
            if not index[before]:
                del index[before]
        if after and new is not None:
            index[after][key] = new


_ADOPTABLE = frozenset({"ControllerRevision", "Pod", "ReplicaSet"})
"""Kinds of which controllers adopt the orphans: those are indexed under their namespace's orphanage."""


def orphanage(namespace: str) -> str:
    """What stands for the controlling owner's uid of objects that have none."""
    return f"orphans/{namespace}"


def _owner_uid(obj: Obj | None) -> str:
    if obj is None:
        return ""
    owner = controller_of(obj) if "ownerReferences" in obj["metadata"] else None
    if owner is not None:
        return str(owner["uid"])
    return orphanage(obj["metadata"].get("namespace", "")) if obj.get("kind") in _ADOPTABLE else ""


def _node_name(obj: Obj | None) -> str:
    spec = obj.get("spec") if obj is not None else None
    return str(spec.get("nodeName", "")) if isinstance(spec, dict) else ""


class Storage:
    """Reads and writes objects of any kind. `revision` is the store's."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self.store = store
        self.kinds = kinds
        self._shelves: defaultdict[str, Shelf] = defaultdict(Shelf)
        self._prefixes: dict[str, Kind] = {}
        self._observers: list[Callable[[Change], None]] = []
        for kind in kinds:
            self.register(kind)
        store.observe(self._on_store_event)

    def register(self, kind: Kind) -> None:
        """Know which keys hold objects of `kind`."""
        if kind.stored:
            self._prefixes[kind.registry_prefix] = kind

    def adopt(self, kind: Kind, current: Callable[[Obj], Obj]) -> None:
        """Know a kind whose objects may be there already; `current` gives what each of them is under the kind's rules."""
        self.register(kind)
        shelf = Shelf()
        for value in self.store.range(kind.registry_prefix, prefix_end(kind.registry_prefix)):
            obj = self.decode(value)
            if obj is not None:
                shelf.change(value.key[len(kind.registry_prefix) :], None, current(obj))
        shelf.revision = self._shelves[kind.registry_prefix].revision
        self._shelves[kind.registry_prefix] = shelf

    def unregister(self, kind: Kind) -> None:
        self._prefixes.pop(kind.registry_prefix, None)
        self._shelves.pop(kind.registry_prefix, None)

    def observe(self, callback: Callable[[Change], None]) -> None:
        """Call back at once for every object changed."""
        self._observers.append(callback)

    # ------------------------------------------------------------------------------------------------ reading

    @property
    def revision(self) -> int:
        return self.store.revision

    def get(self, kind: Kind, namespace: str, name: str) -> Obj | None:
        cells = self._shelves[kind.registry_prefix].namespaces.get(namespace if kind.namespaced else "")
        return cells.get(_cell_key(kind, namespace, name)) if cells else None

    def list(self, kind: Kind, namespace: str | None = None) -> list[Obj]:
        """The objects in key order: of one namespace, or of all (namespace None or "")."""
        shelf = self._shelves[kind.registry_prefix]
        if namespace and kind.namespaced:
            return _in_order(shelf.namespaces.get(namespace, {}))
        return [obj for name in sorted(shelf.namespaces) for obj in _in_order(shelf.namespaces[name])]

    def count(self, kind: Kind) -> int:
        """How many objects there are, without listing them."""
        return sum(map(len, self._shelves[kind.registry_prefix].namespaces.values()))

    def owned(self, kind: Kind, uid: str) -> Objects:
        """The objects whose controlling owner has this uid, in key order."""
        cells = self._shelves[kind.registry_prefix].by_owner.get(uid)
        return _in_order(cells) if cells else []

    def on_node(self, kind: Kind, node: str) -> Objects:
        """The objects with this spec.nodeName, in key order."""
        cells = self._shelves[kind.registry_prefix].by_node.get(node)
        return _in_order(cells) if cells else []

    def encoded(self, kind: Kind, obj: Obj) -> bytes:
        """The JSON of an object: the bytes in the store when they are of this very object."""
        metadata = obj["metadata"]
        found = self.store.get(kind.key(metadata.get("namespace", ""), metadata.get("name", "")))
        return found.value if found is not None and found.obj is obj else orjson.dumps(obj)

    def as_item(self, kind: Kind, obj: Obj) -> bytes:
        """The JSON of an object inside a list: without kind and apiVersion, which `put` wrote first."""
        value = self.encoded(kind, obj)
        head = b'{"kind":"%b","apiVersion":"%b",' % (kind.name.encode(), kind.api_version.encode())
        return b"{" + value[len(head) :] if value.startswith(head) else value

    def kind_of_key(self, key: str) -> Kind | None:
        """The kind stored under this etcd key, None when no kind of ours."""
        end = key.find("/", len("/registry/"))
        while end != -1:
            kind = self._prefixes.get(key[: end + 1])
            if kind is not None:
                return kind
            end = key.find("/", end + 1)
        return None

    def decode(self, value: KeyValue) -> Obj | None:
        """The object a store value encodes, with its resourceVersion; None when it is no object at all."""
        if value.obj is not None:
            return value.obj  # type: ignore[no-any-return]
        try:
            obj = orjson.loads(value.value)
            metadata = obj["metadata"]
            metadata["resourceVersion"] = str(value.mod_revision)
            return obj if isinstance(metadata["name"], str) else None
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return None

    # ------------------------------------------------------------------------------------------------ writing

    def put(self, kind: Kind, obj: Obj) -> Obj:
        """Store the object at the next revision; answers it with its resourceVersion."""
        store = self.store
        metadata = {**obj["metadata"], "resourceVersion": str(store.revision + 1)}
        stored = {"kind": kind.name, "apiVersion": kind.api_version, **obj, "metadata": metadata}
        value = compact.encode(stored)
        store.put(kind.key(metadata.get("namespace", ""), metadata["name"]), value, obj=stored)
        return stored

    def remove(self, kind: Kind, obj: Obj) -> Obj:
        """Delete the object; answers it as it was last, with the deletion's resourceVersion."""
        metadata = obj["metadata"]
        self.store.delete(kind.key(metadata.get("namespace", ""), metadata["name"]))
        return {**obj, "metadata": {**metadata, "resourceVersion": str(self.store.revision)}}

    def _on_store_event(self, event: StoreEvent) -> None:
        kind = self.kind_of_key(event.key)
        if kind is None:
            return
        change = self.change_of(kind, event)
        key = event.key[len(kind.registry_prefix) :]
        shelf = self._shelves[kind.registry_prefix]
        shelf.change(key, change.old, change.new)
        shelf.revision = event.revision
        if change.old is None and change.new is None:
            return
        for callback in self._observers:
            callback(change)

    def change_of(self, kind: Kind, event: StoreEvent) -> Change:
        """What a store event means for objects."""
        old = self.decode(event.old) if event.old else None
        new = self.decode(event.new) if event.new else None
        return Change(kind, old, new, event.revision, old is not None and new is not None and _is_of_status(old, new))


_SHAPE = ("labels", "ownerReferences", "deletionTimestamp")


def _is_of_status(old: Obj, new: Obj) -> bool:
    """Whether spec, labels and owners are the very same."""
    if "spec" not in new or old.get("spec") is not new["spec"]:
        return False
    before, after = old["metadata"], new["metadata"]
    return all(before.get(name) is after.get(name) for name in _SHAPE)


def _cell_key(kind: Kind, namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if kind.namespaced else name


def _in_order(cells: Cells) -> list[Obj]:
    return [cells[key] for key in sorted(cells)]


def matching(objects: Iterable[Obj], predicate: Callable[[Obj], Any]) -> list[Obj]:
    return [obj for obj in objects if predicate(obj)]
