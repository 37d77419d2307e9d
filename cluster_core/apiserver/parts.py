"""The shape of everything that lives in a cluster beside its API server: controllers, scheduler, kubelets, proxies."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple, Protocol

from cluster_core.apiserver.kind import Kind
from cluster_core.machinery.typed import Obj


class Change(NamedTuple):
    """One object before and after one revision. `new` is None when it was removed."""

    kind: Kind
    old: Obj | None
    new: Obj | None
    revision: int
    of_status: bool = False
    """Whether nothing but the status has changed, as far as that can be told at a glance."""

    @property
    def obj(self) -> Obj:
        """The newest form there is."""
        found = self.new if self.new is not None else self.old
        assert found is not None
        return found


class Part(Protocol):
    """Something that reacts to changes and does work from the agenda."""

    name: str

    @property
    def kinds(self) -> Collection[str]:
        """Names of the kinds whose changes it hears of."""

    def observe(self, change: Change) -> None:
        """Hear of a change at once. Must be cheap: note what is to be done and leave it to `run`."""

    def run(self, key: str) -> None:
        """Do the work planned under `key`."""

    def dump(self) -> Any:
        """What it remembers beyond the store and the agenda, as JSON; {} when nothing."""

    def load(self, state: Any) -> None:
        """Take up what `dump` gave."""


def object_key(obj: Obj) -> str:
    """ "namespace/name", or "name" for a cluster-scoped object: the key parts use in the agenda."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def split_key(key: str) -> tuple[str, str]:
    """(namespace, name) of an object key; namespace is "" for cluster-scoped ones."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


def controller_of(obj: Obj) -> dict[str, Any] | None:
    """The owner reference with controller=true, None when there is none."""
    for owner in obj["metadata"].get("ownerReferences", ()):
        if owner.get("controller"):
            return dict(owner)
    return None
