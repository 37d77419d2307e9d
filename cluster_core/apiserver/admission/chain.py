"""The shape of an admission plugin and the chain that runs them: all mutations first, then all checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Kind
from cluster_core.machinery.typed import Obj

REINVOKED = "reinvoked"
"""Among a context's options while the mutations run for the second time."""

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
        return Attributes(self.operation, self.context, obj, self.old)

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
    kinds: frozenset[str] = frozenset()
    """Names of the kinds it cares about; empty: all."""
    reinvokes: bool = False
    """Its changes let all mutations run once more."""
    always: bool = False
    """No flag turns it off: it stands for what the real server does elsewhere at this moment."""
    operations: frozenset[str] = frozenset()
    """The operations it cares about; empty: all."""
    subresources: bool = True
    """Whether it cares about requests to subresources."""

    def cares_about(self, kind: str, operation: str, subresource: bool) -> bool:
        if (self.kinds and kind not in self.kinds) or (subresource and not self.subresources):
            return False
        return not self.operations or operation in self.operations


Admit = tuple[Callable[[Attributes], Obj | None], bool]
Steps = tuple[tuple[Admit, ...], tuple[Callable[[Attributes], None], ...]]
Place = tuple[str, str, bool, str, str]
"""Kind, operation, whether it is a subresource, and the two flags: what decides which plugins run."""
_ENABLE, _DISABLE = "enable-admission-plugins", "disable-admission-plugins"


class Chain:
    """The plugins in their order; which are on, the server's flags say."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = tuple(plugins)
        self._steps: dict[Place, Steps] = {}

    def steps(self, attributes: Attributes) -> Steps:
        """What there is to run for such a request: (mutations, checks)."""
        context = attributes.context
        options = context.server.options
        flags = str(options.get(_ENABLE) or ""), str(options.get(_DISABLE) or "")
        key = (context.kind.name, attributes.operation, bool(context.subresource), *flags)
        found = self._steps.get(key)
        if found is None:
            plugins = [plugin for plugin in enabled(self.plugins, *flags) if plugin.cares_about(*key[:3])]
            admit = tuple((plugin.admit, plugin.reinvokes) for plugin in plugins if plugin.admit)
            found = self._steps[key] = admit, tuple(plugin.validate for plugin in plugins if plugin.validate)
        return found

    def admit(self, attributes: Attributes) -> Obj | None:
        """The object after all mutations. What a policy changed, all plugins see once more."""
        steps = self.steps(attributes)[0]
        before = _run(steps, attributes)
        if not before.policies_changed:
            return before.attributes.obj
        attributes.context.options[REINVOKED] = True
        try:
            return _run(steps, before.attributes).attributes.obj
        finally:
            del attributes.context.options[REINVOKED]

    def validate(self, attributes: Attributes) -> None:
        for validate in self.steps(attributes)[1]:
            validate(attributes)


class _Ran(NamedTuple):
    """How the mutations went."""

    attributes: Attributes
    policies_changed: bool


def _run(steps: Sequence[Admit], attributes: Attributes) -> _Ran:
    changed = False
    for admit, reinvokes in steps:
        obj = admit(attributes)
        if obj is not attributes.obj and obj is not None:
            attributes = attributes.with_obj(obj)
            changed = changed or reinvokes
    return _Ran(attributes, changed)


def enabled(plugins: Sequence[Plugin], enable: str, disable: str) -> list[Plugin]:
    """The plugins that are on with these two flags: comma-separated names; what is enabled by name wins."""
    on, off = set(enable.split(",")), set(disable.split(","))
    return [
        plugin
        for plugin in plugins
        if plugin.always or plugin.name in on or (plugin.on_by_default and plugin.name not in off)
    ]
