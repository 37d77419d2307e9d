"""The shape of an admission plugin and the chain that runs them: all mutations first, then all checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Kind
from cluster_core.machinery.typed import Obj

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


@dataclass(frozen=True, slots=True)
class Attributes:
    """What admission is asked about. `obj` is None for deletions, `old` is None for creations."""

    operation: Operation
    context: Context
    obj: Obj | None
    old: Obj | None = None

    @property
    def kind(self) -> Kind:
        return self.context.kind

    @property
    def namespace(self) -> str:
        return self.context.namespace

    @property
    def subresource(self) -> str:
        return self.context.subresource

    @property
    def name(self) -> str:
        return self.context.name

    def with_obj(self, obj: Obj) -> Attributes:
        return replace(self, obj=obj)

    def about(self, group: str, *kinds: str) -> bool:
        """Whether it is about one of these kinds, itself and not a subresource."""
        return self.kind.group == group and self.kind.name in kinds and not self.subresource


@dataclass(frozen=True, slots=True)
class Plugin:
    """One admission plugin. `admit` answers the object to go on with; both raise ApiError to refuse."""

    name: str
    admit: Callable[[Attributes], Obj | None] | None = None
    validate: Callable[[Attributes], None] | None = None
    on_by_default: bool = True


class Chain:
    """The enabled plugins in their order."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = tuple(plugins)
        self._admit = tuple(plugin.admit for plugin in plugins if plugin.admit)
        self._validate = tuple(plugin.validate for plugin in plugins if plugin.validate)

    def admit(self, attributes: Attributes) -> Obj | None:
        for admit in self._admit:
            obj = admit(attributes)
            if obj is not attributes.obj and obj is not None:
                attributes = attributes.with_obj(obj)
        return attributes.obj

    def validate(self, attributes: Attributes) -> None:
        for validate in self._validate:
            validate(attributes)
