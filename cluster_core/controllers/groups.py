"""Objects of one kind by what they refer to: found without looking through all of them. Models client-go's indexers.

Lives in a controller's cache, is built from the store when first asked, and follows the changes that the controller hears
of: its `Keys` function for the kind must hand them to `note`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers.runtime import Context
from cluster_core.machinery.typed import Obj

Refer = Callable[[Obj], Iterable[str]]


class Groups:
    """One index. `refer` gives the names under which an object is to be found."""

    def __init__(self, kind: str, refer: Refer) -> None:
        self._kind = kind
        self._refer = refer

    def note(self, context: Context, obj: Obj) -> None:
        """The object has changed, come or gone."""
        built = context.cache.get(self._kind)
        if built is not None:
            _place(built, context, self._kind, object_key(obj), self._refer)

    def of(self, context: Context, name: str) -> list[Obj]:
        """The objects found under the name, in the order of their keys."""
        built = context.cache.get(self._kind)
        if built is None:
            built = context.cache[self._kind] = Built()
            for obj in context.api.list(self._kind):
                _place(built, context, self._kind, object_key(obj), self._refer)
        found = (context.api.get(self._kind, *split_key(key)) for key in sorted(built.members.get(name, ())))
        return [obj for obj in found if obj is not None]


class Built:
    """What an index holds: object keys by name, and the names of each key."""

    __slots__ = ("members", "names")

    def __init__(self) -> None:
        self.members: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self.names: dict[str, tuple[str, ...]] = {}


def _place(built: Built, context: Context, kind: str, key: str, refer: Refer) -> None:
    now = context.api.get(kind, *split_key(key))
    after = tuple(refer(now)) if now is not None else ()
    before = built.names.get(key, ())
    if before == after:
        return
    for name in before:
        built.members[name].pop(key, None)
        if not built.members[name]:
            del built.members[name]
    for name in after:
        built.members[name][key] = None
    if after:
        built.names[key] = after
    else:
        built.names.pop(key, None)
