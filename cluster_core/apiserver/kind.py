"""What a kind is: the data and the few functions in which one kind differs from another.

Models the strategies of pkg/registry/*/*/strategy.go, the defaults of pkg/apis/*/v1/defaults.go, the validation of
pkg/apis/*/validation and the columns of pkg/printers/internalversion. All verbs are written once, for all kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.context import Context

FieldErrors = list[Any]
"""`machinery.field.FieldError` values, in the order the real validation reports them."""

CRUD = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


def _same(obj: Obj) -> Obj:
    return obj


def _finalizers(obj: Obj) -> Sequence[str]:
    found: Sequence[str] = obj["metadata"].get("finalizers", ())
    return found


def _same_update(new: Obj, old: Obj) -> Obj:
    return new


def _valid(obj: Obj) -> FieldErrors:
    return []


def _valid_update(new: Obj, old: Obj) -> FieldErrors:
    return []


@dataclass(frozen=True, slots=True)
class Column:
    """A printer column. `value` gets the object and the virtual now in microseconds; priority 1 shows with -o wide."""

    name: str
    value: Callable[[Obj, int], Any]
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the scale subresource finds its three values, as dotted paths."""

    spec_replicas: str = "spec.replicas"
    status_replicas: str = "status.replicas"
    selector: str = "spec.selector"
    version: str = "autoscaling/v1"


@dataclass(frozen=True, slots=True)
class Subresource:
    """A subresource that is not status or scale: its verbs and the kind it takes and answers."""

    name: str
    verbs: tuple[str, ...]
    kind: str
    group: str = ""
    version: str = "v1"
    call: Callable[[Context, Obj, Obj | None], Obj] | None = None
    """(context, the parent object, the decoded body) -> the answer. None: the server has its own handler."""
    prepare: Callable[[Obj, Obj], Obj] | None = None
    """The subresource is a part of the object itself: the strategy before an update through it (new, old)."""
    validate: Callable[[Obj, Obj], FieldErrors] | None = None
    """What is wrong with an update through it (new, old), beside the metadata."""


@dataclass(frozen=True, slots=True)
class Served:
    """Another group and version under which the kind is served. The functions turn whole objects."""

    group: str
    version: str
    from_storage: Callable[[Obj], Obj] = _same
    to_storage: Callable[[Obj], Obj] = _same
    columns: tuple[Column, ...] = ()
    fields: Callable[[Obj], Mapping[str, str]] | None = None
    """What field selectors see of a stored object in this version, where it is not what they see of the kind."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind. Objects handed to the functions are decoded, normalised and never changed in place."""

    name: str
    plural: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    singular: str = ""
    verbs: tuple[str, ...] = CRUD
    default: Callable[[Obj], Obj] = _same
    """Fill in defaults: pure and idempotent. Runs after decoding and again after mutating admission."""
    prepare_create: Callable[[Obj], Obj] = _same
    """Strategy before a create: drop what clients may not set (status is dropped for you when `status` is true)."""
    prepare_update: Callable[[Obj, Obj], Obj] = _same_update
    """Strategy before an update (new, old): keep what clients may not change. Status is kept for you."""
    prepare_status: Callable[[Obj, Obj], Obj] = _same_update
    """Strategy before a status update (new with old's spec already put back, old)."""
    validate: Callable[[Obj], FieldErrors] = _valid
    validate_update: Callable[[Obj, Obj], FieldErrors] = _valid_update
    validate_status: Callable[[Obj, Obj], FieldErrors] = _valid_update
    validate_as: Callable[[str, Obj, Obj | None], FieldErrors] | None = None
    """For kinds whose validation depends on the version asked for: (apiVersion of the request, new, old or None).
    Replaces validate and validate_update."""
    validate_name: Callable[[str], list[str]] | None = None
    """Messages for a bad metadata.name; None means a DNS-1123 subdomain."""
    metadata_first: bool = True
    """Whether its own validation begins with the metadata. Else only the generic rules check it, when nothing else is
    wrong: then any name goes that fits into a path."""
    repeats_metadata_check: bool = True
    """Whether its own update validation checks the change of the metadata again, after the generic one did."""
    checks_metadata_whole: int = 0
    """How often its own update validation checks the metadata as a creation does, the rule for names included."""
    warnings: Callable[[Obj, Obj | None], list[str]] | None = None
    """Warning headers for (new, old)."""
    early_warnings: Callable[[Obj], list[str]] | None = None
    """Warnings about a prepared new object that come even when it is refused."""
    fields: Callable[[Obj], Mapping[str, str]] | None = None
    """Values selectable with fieldSelector beside metadata.name and metadata.namespace."""
    columns: tuple[Column, ...] = ()
    status: bool = False
    """Has a status subresource; then `status` in creates and updates is ignored and generation counts spec changes."""
    counts_empties: bool = False
    """Whether an empty list sent where there is none raises the generation: reflect.DeepEqual upstream."""
    status_tables: bool = True
    """Whether the answers of the status subresource can be had as tables."""
    generation: bool = False
    """metadata.generation starts at 1 and rises with every spec change. True for most kinds with a spec."""
    resets: tuple[str, ...] = ()
    """Members beside the status that a write of the whole object leaves to its strategy: nobody comes to own them."""
    counts_annotations: bool = False
    """Whether a change of annotations raises the generation as one of the spec does."""
    scale: Scale | None = None
    status_resets: tuple[tuple[str, ...], ...] = ()
    """Paths within the metadata, beside the spec, that an update of the status leaves as they are; () is all of it."""
    subresources: tuple[Subresource, ...] = ()
    served: tuple[Served, ...] = ()
    """Further versions beside (group, version), which is also how it is stored."""
    stored: bool = True
    """False for reviews and other requests in the shape of objects: nothing is kept."""
    call: Callable[[Context, Obj], Obj] | None = None
    """What POST does for a kind that is not stored."""
    compute: Callable[[Context], list[Obj]] | None = None
    """Makes up the objects of the context's namespace, or all, when somebody gets or lists a kind that is not stored."""
    allow_create_on_update: bool = False
    unconditional_update: bool = True
    """Whether a PUT without resourceVersion is allowed."""
    keeps_status: bool = False
    """Whether a create may bring its status along, as nodes do."""
    begin: Callable[[Context, Obj, Obj | None], Obj] | None = None
    """First step of a create or update after mutating admission (context, new, old), before strategy and validation: the
    storage's BeginCreate and BeginUpdate. The object need not be valid. May raise ApiError."""
    before_store: Callable[[Context, Obj, Obj | None], Obj] | None = None
    """Last step of a valid create or update (context, new, old): what needs the rest of the cluster, such as allocating
    a service's address. May raise ApiError."""
    begin_status: Callable[[Context, Obj, Obj], Obj] | None = None
    """Last step of preparing a status update (context, new, old), for what needs the time."""
    graceful: Callable[[Obj, int | None], int] | None = None
    """Seconds of grace for a delete of (object, seconds asked for); None when the kind is removed at once."""
    finalizers: Callable[[Obj], Sequence[str]] = _finalizers
    """What still holds the object back from being removed."""
    on_deleting: Callable[[Obj], Obj] = _same
    """Change of an object when its deletion begins but something holds it back."""
    returns_deleted: bool = False
    """A completed delete answers the object instead of a Status."""
    prefix: str = ""
    """Key under /registry when it is not the plural, such as "minions" for nodes."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Anything a dynamic kind (a CustomResourceDefinition's) must carry: its type, its paths."""
    api_version: str = field(init=False)
    registry_prefix: str = field(init=False)
    _served: tuple[Served, ...] = field(init=False)

    def __post_init__(self) -> None:
        """What is asked for with every request is put together once."""
        given = object.__setattr__
        given(self, "api_version", f"{self.group}/{self.version}" if self.group else self.version)
        given(self, "registry_prefix", f"/registry/{self.prefix or self.plural}/")
        given(self, "_served", (Served(self.group, self.version, columns=self.columns), *self.served))

    @property
    def resource(self) -> str:
        """The resource as messages name it: "pods", "deployments.apps"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def key(self, namespace: str, name: str) -> str:
        """The etcd key of an object; namespace is ignored for cluster-scoped kinds."""
        return f"{self.registry_prefix}{namespace}/{name}" if self.namespaced else f"{self.registry_prefix}{name}"

    def subresource(self, name: str) -> Subresource | None:
        return next((sub for sub in self.subresources if sub.name == name), None)

    def all_served(self) -> Sequence[Served]:
        """Every (group, version) under which it is served, the storage version first."""
        return self._served


class Kinds:
    """The kinds a server knows, by name and by where they are served. Grows with CustomResourceDefinitions."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self._by_name: dict[str, Kind] = {}
        self._by_group_kind: dict[tuple[str, str], Kind] = {}
        self._by_resource: dict[tuple[str, str, str], tuple[Kind, Served]] = {}
        self.generation = 0
        for kind in kinds:
            self.add(kind)

    def add(self, kind: Kind) -> None:
        self._by_name.setdefault(kind.name, kind)
        for served in kind.all_served():
            self._by_group_kind[served.group, kind.name] = kind
            self._by_resource[served.group, served.version, kind.plural] = (kind, served)
        self.generation += 1

    def remove(self, kind: Kind) -> None:
        if self._by_name.get(kind.name) is kind:
            del self._by_name[kind.name]
        self._by_group_kind = {place: known for place, known in self._by_group_kind.items() if known is not kind}
        self._by_resource = {place: known for place, known in self._by_resource.items() if known[0] is not kind}
        self.generation += 1

    def named(self, name: str, group: str | None = None) -> Kind:
        """The kind of this name; built-in kinds win unless `group` says otherwise. Raises KeyError."""
        return self._by_name[name] if group is None else self._by_group_kind[group, name]

    def find(self, name: str, group: str) -> Kind | None:
        return self._by_group_kind.get((group, name))

    def resource(self, group: str, version: str, plural: str) -> tuple[Kind, Served] | None:
        return self._by_resource.get((group, version, plural))

    def has_group_version(self, group: str, version: str) -> bool:
        return any(place[0] == group and place[1] == version for place in self._by_resource)

    def has_group(self, group: str, *, built_in: bool = False) -> bool:
        """Whether anything is served in the group; `built_in`: anything but custom resources."""
        found = (kind for place, (kind, _) in self._by_resource.items() if place[0] == group)
        return any(not built_in or "resource" not in kind.facts for kind in found)

    def __iter__(self) -> Any:
        seen: dict[int, Kind] = {id(kind): kind for kind, _ in self._by_resource.values()}
        return iter(seen.values())
