"""metadata.managedFields as data: entries decoded to field sets by manager, and encoded again in the server's order.

Models apimachinery/pkg/util/managedfields/internal: managedfields.go and capmanagers.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from cluster_core.machinery import fieldset, gofmt, timestamps
from cluster_core.machinery.fieldset import FieldSet
from cluster_core.machinery.typed import Obj

MAX_UPDATERS = 10
APPLY, UPDATE = "Apply", "Update"


class ManagedFieldsError(ValueError):
    """An entry is not well-formed; str() is upstream's message."""


class Manager(NamedTuple):
    """Who an entry belongs to. An applier is the same one whatever version it uses: `api_version` is "" then."""

    name: str
    operation: str
    api_version: str
    subresource: str

    def shown(self) -> str:
        """As a conflict names it: "alpha", "bob" using v1."""
        text = gofmt.quote(self.name)
        if self.subresource:
            text += f" with subresource {gofmt.quote(self.subresource)}"
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text


@dataclass(slots=True, frozen=True)
class Owned:
    """What a manager owns."""

    fields: FieldSet
    api_version: str
    time: str = ""

    def with_fields(self, fields: FieldSet) -> Owned:
        return replace(self, fields=fields)


Managed = dict[Manager, Owned]


def manager(name: str, operation: str, api_version: str, subresource: str = "") -> Manager:
    return Manager(name or "unknown", operation, "" if operation == APPLY else api_version, subresource)


def decode(entries: Iterable[Any] | None) -> Managed:
    """Raises ManagedFieldsError."""
    return dict(_decode_entry(position, entry) for position, entry in enumerate(entries or ()))


def decode_or_none(entries: Any) -> Managed:
    """No managers for entries that make no sense: upstream logs that and goes on without."""
    try:
        return decode(entries)
    except ManagedFieldsError:
        return {}


def _decode_entry(position: int, entry: Mapping[str, Any]) -> tuple[Manager, Owned]:
    operation, version = entry.get("operation", ""), entry.get("apiVersion", "")
    kind = entry.get("fieldsType", "")
    if operation not in (APPLY, UPDATE):
        raise ManagedFieldsError("operation must be `Apply` or `Update`")
    if not version:
        raise ManagedFieldsError("apiVersion must not be empty")
    if kind != "FieldsV1":
        wrong = f"invalid fieldsType {gofmt.quote(kind)}" if kind else "missing fieldsType"
        raise ManagedFieldsError(f"{wrong} in managed fields entry {position}")
    try:
        fields = fieldset.parse(entry.get("fieldsV1") or {})
    except fieldset.FieldSetError as error:
        raise ManagedFieldsError(f"error decoding set: {error}") from error
    api_version = "" if operation == APPLY else version
    who = Manager(entry.get("manager", ""), operation, api_version, entry.get("subresource", ""))
    return who, Owned(fields, version, entry.get("time") or "")


def validate(entries: Iterable[Any] | None) -> str:
    """What is wrong with the entries; "" when nothing is."""
    try:
        decode(entries)
    except ManagedFieldsError as error:
        return str(error)
    return ""


def encode(managed: Managed) -> list[dict[str, Any]]:
    """Entries in the server's order: appliers first, then by time, name, version and subresource."""
    return [_encode_entry(who, owned) for who, owned in sorted(managed.items(), key=_entry_order)]


def _entry_order(pair: tuple[Manager, Owned]) -> tuple[Any, ...]:
    who, owned = pair
    return who.operation, _seconds(owned), who.name, owned.api_version, who.subresource


def _seconds(owned: Owned) -> int:
    return timestamps.parse_time(owned.time) // timestamps.SECOND if owned.time else 0


def _encode_entry(who: Manager, owned: Owned) -> dict[str, Any]:
    entry: dict[str, Any] = {"manager": who.name, "operation": who.operation, "apiVersion": owned.api_version}
    if owned.time:
        entry["time"] = owned.time
    entry["fieldsType"] = "FieldsV1"
    entry["fieldsV1"] = fieldset.ordered(owned.fields)
    if who.subresource:
        entry["subresource"] = who.subresource
    if not who.name:
        del entry["manager"]
    return entry


def cap(managed: Managed) -> Managed:
    """At most ten updaters: the oldest of a version are put together as "ancient-changes"."""
    updaters = [who for who in managed if who.operation == UPDATE]
    surplus = len(updaters) - MAX_UPDATERS
    if surplus <= 0:
        return managed
    capped = dict(managed)
    updaters.sort(key=lambda who: (_seconds(managed[who]), who))
    first: dict[str, Manager] = {}
    for who in updaters:
        if surplus <= 0:
            break
        version = managed[who].api_version
        if version in first:
            _bucket(capped, first[version], who)
            surplus -= 1
        else:
            first[version] = who
    return capped


def _bucket(managed: Managed, first: Manager, who: Manager) -> None:
    owned = managed.pop(who)
    bucket = manager("ancient-changes", UPDATE, owned.api_version)
    if bucket not in managed:
        managed[bucket] = managed.pop(first)
    fields = fieldset.union(owned.fields, managed[bucket].fields)
    managed[bucket] = Owned(fields, owned.api_version, owned.time)


def entries_of(obj: Obj | None) -> Any:
    """metadata.managedFields, None when absent."""
    return (obj or {}).get("metadata", {}).get("managedFields")


def without_entries(obj: Obj) -> Obj:
    if entries_of(obj) is None:
        return obj
    metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    return {**obj, "metadata": metadata}


def with_managed(obj: Obj, managed: Managed) -> Obj:
    """The object with the managers written into its metadata."""
    bare = without_entries(obj)
    if not managed:
        return bare
    return {**bare, "metadata": {**bare.get("metadata", {}), "managedFields": encode(managed)}}
