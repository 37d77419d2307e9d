"""One request on its way through the API server."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.kind import Kind, Served
from cluster_core.apiserver.request import User
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer


@dataclass(slots=True)
class Context:
    """Who wants what done to which object, and how."""

    server: ApiServer
    user: User
    kind: Kind
    served: Served
    verb: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    dry_run: bool = False
    field_manager: str = ""
    field_validation: str = "Warn"
    trusted: bool = False
    """A part of the cluster itself asks: authorized, its objects well-formed."""
    options: dict[str, Any] = field(default_factory=dict)
    """The decoded DeleteOptions or query options of this verb."""
    warnings: list[str] = field(default_factory=list)
    sent: Obj | None = None
    """The body as it was, when it has empty lists or maps that decoding drops."""

    @property
    def api_version(self) -> str:
        group, version = self.served.group, self.served.version
        return f"{group}/{version}" if group else version

    def toward(self, kind: Kind, verb: str, namespace: str, name: str = "", subresource: str = "") -> Context:
        """The same asker, wanting something else: for what one request causes."""
        target = replace(self, kind=kind, served=kind.all_served()[0], verb=verb)
        target.namespace, target.name, target.subresource = namespace, name, subresource
        return target
