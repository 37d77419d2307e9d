"""Who owns which field: what a write does to metadata.managedFields, and server-side apply.

Models apimachinery/pkg/util/managedfields (the chain of field managers) and structured-merge-diff's merge.Updater.
Versions of a kind are taken to have the same fields, so nothing is converted between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cluster_core.machinery import errors, fieldset, lastapplied, managers, structured, structured_merge
from cluster_core.machinery.fieldset import FieldSet
from cluster_core.machinery.managers import APPLY, UPDATE, Managed, ManagedFieldsError, Manager, Owned
from cluster_core.machinery.patch import equal
from cluster_core.machinery.structured import MISSING, Comparison
from cluster_core.machinery.typed import Obj, Type

_METADATA: tuple[str, ...] = ("name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName")
_METADATA += ("generation", "managedFields", "resourceVersion")
_STRIPPED = fieldset.of_paths(
    ("f:apiVersion",), ("f:kind",), ("f:metadata",), *(("f:metadata", fieldset.field(name)) for name in _METADATA)
)
_BEFORE_APPLY = "before-first-apply"


@dataclass(slots=True, frozen=True)
class Writer:
    """Who writes, how and when. `time` is a metav1.Time text."""

    name: str
    api_version: str
    time: str
    subresource: str = ""
    ignored: FieldSet = field(default_factory=dict)
    """Fields this endpoint resets, such as status on the main resource: nobody comes to own them here."""
    versions: frozenset[str] | None = None
    """The apiVersions the kind still has; entries of others are dropped. None: all are kept."""


class ApplyConflict(Exception):
    """Fields that others own and the configuration would change."""

    def __init__(self, conflicts: list[tuple[Manager, fieldset.Path]]) -> None:
        super().__init__(f"{len(conflicts)} conflicts")
        self.conflicts = conflicts


def update(type: Type, live: Obj | None, new: Obj, writer: Writer) -> Obj:
    """`new` with managedFields as they are after a create (live None), update or patch."""
    managed = _live_or_sent(live, new, bool(writer.subresource))
    if not managed and live is not None and live.get("metadata", {}).get("uid"):
        return managers.without_entries(new)
    return managers.with_managed(new, _updated(type, live, new, managed, writer))


def _live_or_sent(live: Obj | None, new: Obj, subresource: bool) -> Managed:
    """The client may rewrite the entries; [] or [{}] resets them, and ones that make no sense are ignored."""
    sent = managers.entries_of(new)
    if subresource or sent is None:
        return managers.decode_or_none(managers.entries_of(live))
    if not sent or sent == [{}]:
        return {}
    return managers.decode_or_none(sent) or managers.decode_or_none(managers.entries_of(live))


def _updated(type: Type, live: Obj | None, new: Obj, managed: Managed, writer: Writer) -> Managed:
    before = structured.zero(type) if live is None else managers.without_entries(live)
    change = _comparison(type, before, managers.without_entries(new), writer)
    managed = _yield_fields(managed, change, writer, None)
    fields = fieldset.recursive_difference(change.changed(), writer.ignored)
    fields = fieldset.difference(fields, _STRIPPED)
    if not fields:
        return managers.cap(managed)
    who = managers.manager(writer.name, UPDATE, writer.api_version, writer.subresource)
    if who in managed:
        fields = fieldset.union(fields, managed[who].fields)
    return managers.cap({**managed, who: Owned(fields, writer.api_version, writer.time)})


def _comparison(type: Type, old: Any, new: Any, writer: Writer) -> Comparison:
    change = structured.compare(type, old, new)
    return change.without(writer.ignored) if writer.ignored else change


def _yield_fields(managed: Managed, change: Comparison, writer: Writer, keeper: Manager | None) -> Managed:
    """The managers once everybody but `keeper` has lost what changed, and everybody what was removed."""
    result = {}
    changed = change.changed()
    for who, owned in managed.items():
        fields = owned.fields
        if who != keeper:
            if writer.versions is not None and owned.api_version not in writer.versions:
                continue
            fields = fieldset.difference(fieldset.difference(fields, changed), change.removed)
        if fields:
            result[who] = owned.with_fields(fields)
    return result


def apply(type: Type, live: Obj | None, config: Obj, writer: Writer, force: bool = False) -> Obj:
    """The live object (None: there is none yet) with the configuration applied, not yet defaulted.

    Raises ApiError: 409 with the conflicts, 400 when managedFields are sent, a plain 500 for a bad structure.
    """
    if managers.entries_of(config) is not None:
        raise errors.bad_request("metadata.managedFields must be nil")
    problem = structured_merge.problems(type, config)
    if problem:
        raise errors.plain_error(f"failed to create typed patch object ({named(config)}): {problem}")
    managed = _before_apply(type, live, writer)
    try:
        new, managed = _apply_as_kubectl(type, live, config, (managed, writer, force))
    except ApplyConflict as error:
        raise _conflict_error(error.conflicts) from None
    return managers.with_managed(new, managed)


def named(config: Obj) -> str:
    """An object as messages about it begin."""
    metadata = config.get("metadata") or {}
    version = config.get("apiVersion", "")
    version = version if "/" in version else f"/{version}"
    place = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    return f"{place}; {version}, Kind={config.get('kind', '')}"


def _before_apply(type: Type, live: Obj | None, writer: Writer) -> Managed:
    """The managers of the live object. What nobody has managed so far belongs to "before-first-apply"."""
    try:
        managed = managers.decode(managers.entries_of(live))
    except ManagedFieldsError as error:
        raise errors.plain_error(f"failed to decode managed fields: {error}") from error
    if managed or live is None:
        return managed
    earlier = Writer(_BEFORE_APPLY, writer.api_version, writer.time, writer.subresource, writer.ignored)
    return _updated(type, None, live, managed, earlier)


Request = tuple[Managed, Writer, bool]
"""The managers so far, who applies, and whether by force."""


def _apply_as_kubectl(type: Type, live: Obj | None, config: Obj, request: Request) -> tuple[Obj, Managed]:
    """kubectl may take over what its client-side apply had set, and keeps its annotation in step."""
    managed, writer, _ = request
    try:
        new, managed = _applied(type, live, config, request)
    except ApplyConflict as error:
        allowed = lastapplied.allowed(type, live, writer.api_version) if writer.name == "kubectl" else None
        if allowed is None:
            raise
        left = [(who, path) for who, path in error.conflicts if not fieldset.has(allowed, path)]
        if left:
            raise ApplyConflict(left) from None
        new, managed = _applied(type, live, config, (managed, writer, True))
    if writer.name == "kubectl":
        new = lastapplied.synchronised(new, config)
    return new, managed


def _applied(type: Type, live: Obj | None, config: Obj, request: Request) -> tuple[Obj, Managed]:
    managed, writer, force = request
    before: Any = structured.zero(type) if live is None else managers.without_entries(live)
    who = managers.manager(writer.name, APPLY, writer.api_version, writer.subresource)
    last = managed.get(who)
    fields = fieldset.recursive_difference(structured.field_set(type, config), writer.ignored)
    managed = {**managed, who: Owned(fields, writer.api_version, last.time if last else "")}
    new = _pruned(type, _merged(type, before, config), managed, last)
    change = _comparison(type, before, new, writer)
    if not force:
        _refuse_conflicts(managed, change, who)
    managed = _yield_fields(managed, change, writer, who)
    own = fieldset.difference(fields, _STRIPPED)
    changed = live is None or not equal(before, new)
    if own:
        time = writer.time if changed else managed[who].time
        managed[who] = Owned(own, writer.api_version, time)
    else:
        managed.pop(who, None)
    return (new if changed else before), managed


def _merged(type: Type, before: Any, config: Obj) -> Any:
    try:
        merged = structured_merge.merge(type, before, config)
    except structured.StructureError as error:
        raise errors.plain_error(f"failed to merge config: {error}") from error
    return {} if merged is MISSING else merged


def _refuse_conflicts(managed: Managed, change: Comparison, applier: Manager) -> None:
    changed = change.changed()
    conflicts = []
    for who in sorted(managed):
        if who != applier:
            taken = fieldset.intersection(managed[who].fields, changed)
            conflicts += [(who, path) for path in fieldset.members(taken)]
    if conflicts:
        raise ApplyConflict(conflicts)


def _pruned(type: Type, merged: Any, managed: Managed, last: Owned | None) -> Any:
    """Without what this applier set last time, sets no more, and nobody else owns."""
    if last is None or not last.fields:
        return merged
    owned: FieldSet = fieldset.EMPTY
    for one in managed.values():
        owned = fieldset.union(owned, one.fields)
    if not fieldset.difference(last.fields, owned):
        return merged
    named = structured.named_fields
    everything = named(type, structured.field_set(type, merged))
    pruned = structured_merge.remove(type, merged, named(type, last.fields))
    kept = fieldset.union(named(type, structured.field_set(type, pruned)), named(type, owned))
    pruned = structured_merge.remove(type, merged, fieldset.difference(everything, kept))
    gone = fieldset.difference(everything, named(type, structured.field_set(type, pruned)))
    dropped = fieldset.intersection(gone, named(type, last.fields))
    return structured_merge.remove(type, merged, dropped) if dropped else merged


def _conflict_error(conflicts: list[tuple[Manager, fieldset.Path]]) -> errors.Conflict:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {who.shown()}",
            "field": fieldset.path_text(path),
        }
        for who, path in conflicts
    ]
    return errors.apply_conflict(causes, _conflict_text(conflicts))


def _conflict_text(conflicts: list[tuple[Manager, fieldset.Path]]) -> str:
    if len(conflicts) == 1:
        who, path = conflicts[0]
        return f"Apply failed with 1 conflict: conflict with {who.shown()}: {fieldset.path_text(path)}"
    lines = []
    for who in dict.fromkeys(who for who, _ in conflicts):
        lines.append(f"conflicts with {who.shown()}:")
        lines += [f"- {fieldset.path_text(path)}" for owner, path in conflicts if owner == who]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
