"""Keeps the server's kinds in step with the CustomResourceDefinitions in its store, whoever wrote them.

Models apiextensions-apiserver's crdHandler: what is established is served, at once and after a restart too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.apiserver.customresources.conversion import converter
from cluster_core.apiserver.customresources.resource import kind_of
from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.parts import Change
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

DEFINITION, GROUP = "CustomResourceDefinition", "apiextensions.k8s.io"


class CustomKinds:
    """The kinds made from definitions, by the definition's name."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._kinds: dict[str, Kind] = {}
        server.storage.observe(self._on_change)

    def of(self, definition: str) -> Kind | None:
        """The kind that is served for a definition."""
        return self._kinds.get(definition)

    def _on_change(self, change: Change) -> None:
        if change.kind.name != DEFINITION or change.kind.group != GROUP:
            return
        name = change.obj["metadata"]["name"]
        if change.new is None or not condition(change.new, "Established") or not _is_whole(change.new):
            self._drop(name)
        elif change.old is None or name not in self._kinds or _served(change.old) != _served(change.new):
            self._serve(name, kind_of(change.new, converter(self._server, change.new)))

    def _drop(self, name: str) -> None:
        kind = self._kinds.pop(name, None)
        if kind is not None:
            self._server.kinds.remove(kind)
            self._server.storage.unregister(kind)

    def _serve(self, name: str, kind: Kind) -> None:
        before = self._kinds.get(name)
        if before is not None:
            self._server.kinds.remove(before)
        self._kinds[name] = kind
        self._server.kinds.add(kind)
        self._server.storage.adopt(kind, kind.facts["resource"].current)


def condition(definition: Obj, type: str) -> bool:
    """Whether a condition of the definition is true."""
    conditions = definition.get("status", {}).get("conditions") or ()
    return any(each["type"] == type and each["status"] == "True" for each in conditions)


def _is_whole(definition: Obj) -> bool:
    """Whether it can be served at all; what somebody writes to etcd directly may lack anything."""
    versions = definition["spec"].get("versions") or ()
    names = definition["status"].get("acceptedNames") or {}
    return bool(names.get("plural")) and sum(bool(each.get("storage")) for each in versions) == 1


def _served(definition: Obj) -> tuple[object, ...]:
    """All of a definition that the serving of it depends on."""
    names = definition["status"].get("acceptedNames")
    terminating = "deletionTimestamp" in definition["metadata"]
    return definition["spec"], names, terminating, condition(definition, "Established")
