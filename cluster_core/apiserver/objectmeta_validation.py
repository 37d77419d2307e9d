"""Whether an object's metadata is right. Models apimachinery/pkg/api/validation/objectmeta.go and the validation that
registry/rest/{create,update}.go adds to every kind's own: that is why updates tell the same thing more than once."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cluster_core.apiserver.kind import Kind
from cluster_core.machinery import gofmt, names
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, required, too_long
from cluster_core.machinery.typed import Obj

_METADATA = Path("metadata")
_ANNOTATIONS_LIMIT = 256 * 1024
_MANAGER_LENGTH = 128
_SUBRESOURCE_LENGTH = 256
_IMMUTABLE = "field is immutable"
_NEVER_CHANGES = (
    ("name", ""),
    ("namespace", ""),
    ("uid", ""),
    ("creationTimestamp", None),
    ("deletionTimestamp", None),
    ("deletionGracePeriodSeconds", None),
)
_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
_PLAIN_GROUPS = ("admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io")
Check = Callable[[str], Sequence[str]]


def name_check(kind: Kind) -> Check:
    return kind.validate_name or names.dns1123_subdomain


def validate(kind: Kind, obj: Obj) -> Errors:
    """ValidateObjectMeta with the kind's rule for names."""
    errors: Errors = []
    check_metadata(errors, obj["metadata"], name_check(kind))
    known_finalizers(errors, kind, obj["metadata"])
    return errors


def known_finalizers(errors: Errors, kind: Kind, metadata: Mapping[str, Any]) -> None:
    """Most built-in kinds take no bare finalizer but the well-known ones."""
    if kind.facts or kind.group in _PLAIN_GROUPS:
        return
    for index, finalizer in enumerate(metadata.get("finalizers") or ()):
        if "/" not in finalizer and finalizer not in _FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            errors.append(invalid((_METADATA / "finalizers")[index], finalizer, detail))


def validate_create(kind: Kind, obj: Obj, api_version: str = "") -> Errors:
    """Everything that is wrong with a new object, in the order the real server tells it."""
    own = kind.validate(obj) if kind.validate_as is None else kind.validate_as(api_version, obj, None)
    if kind.metadata_first:
        return [*validate(kind, obj), *own]
    errors: Errors = list(own)
    if not errors:
        check_metadata(errors, obj["metadata"], names.path_segment_name)
    return errors


def check_metadata(errors: Errors, metadata: Mapping[str, Any], check: Check) -> None:
    """ValidateObjectMetaAccessor: `check` gives the messages for a bad name."""
    prefix, name = metadata.get("generateName"), metadata.get("name")
    if prefix:
        errors.extend(invalid(_METADATA / "generateName", prefix, message) for message in check(masked(prefix)))
    if not name:
        errors.append(required(_METADATA / "name", "name or generateName is required"))
    else:
        errors.extend(invalid(_METADATA / "name", name, message) for message in check(name))
    generation = metadata.get("generation", 0)
    if generation < 0:
        detail = "must be greater than or equal to 0"
        errors.append(invalid(_METADATA / "generation", generation, detail))
    _common(errors, metadata)
    _finalizers(errors, metadata.get("finalizers") or ())
    _managed_fields(errors, metadata.get("managedFields") or ())


def masked(prefix: str) -> str:
    """A prefix as it is checked: a dash at the end is fine. Upstream's mask also eats the character before it."""
    return prefix[:-2] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix


def _common(errors: Errors, metadata: Mapping[str, Any]) -> None:
    """What is checked alike on creation and update: labels, annotations, owners."""
    for key, value in (metadata.get("labels") or {}).items():
        for message in names.qualified_name(key):
            errors.append(invalid(_METADATA / "labels", key, message))
        for message in names.label_value(value):
            errors.append(invalid(_METADATA / "labels", value, message))
    if metadata.get("annotations"):
        _annotations(errors, metadata["annotations"])
    if metadata.get("ownerReferences"):
        _owners(errors, metadata["ownerReferences"])


def _annotations(errors: Errors, annotations: Mapping[str, str]) -> None:
    path = _METADATA / "annotations"
    for key in annotations:
        for message in names.qualified_name(key.lower()):
            errors.append(invalid(path, key, message))
    if sum(names.length(key) + names.length(value) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        errors.append(too_long(path, _ANNOTATIONS_LIMIT))


def _owners(errors: Errors, owners: Sequence[Obj]) -> None:
    path, first = _METADATA / "ownerReferences", ""
    for owner in owners:
        _owner(errors, path, owner)
        if not owner.get("controller"):
            continue
        this = f"{owner.get('kind', '')}/{owner.get('name', '')}"
        if first:
            detail = 'Only one reference can have Controller set to true. Found "true" in references for '
            errors.append(invalid(path, list(owners), f"{detail}{first} and {this}"))
        else:
            first = this


def _owner(errors: Errors, path: Path, owner: Obj) -> None:
    group, _, version = owner.get("apiVersion", "").rpartition("/")
    if not version or "/" in group:
        errors.append(invalid(path / "apiVersion", owner.get("apiVersion", ""), "version must not be empty"))
    for key in ("kind", "name", "uid"):
        if not owner.get(key):
            errors.append(invalid(path / key, owner.get(key, ""), "must not be empty"))
    if (group, version, owner.get("kind")) == ("", "v1", "Event"):
        errors.append(invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner"))


def _finalizers(errors: Errors, finalizers: Sequence[str]) -> None:
    path = _METADATA / "finalizers"
    for finalizer in finalizers:
        errors.extend(invalid(path, finalizer, message) for message in names.qualified_name(finalizer))
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        errors.append(invalid(path, list(finalizers), detail))


def _managed_fields(errors: Errors, entries: Sequence[Obj]) -> None:
    for index, entry in enumerate(entries):
        path = (_METADATA / "managedFields")[index]
        operation = entry.get("operation", "")
        if operation not in ("Apply", "Update"):
            errors.append(invalid(path / "operation", operation, "must be `Apply` or `Update`"))
        if entry.get("fieldsType", "FieldsV1") not in ("", "FieldsV1"):
            errors.append(invalid(path / "fieldsType", entry["fieldsType"], "must be `FieldsV1`"))
        field_manager(errors, path / "manager", entry.get("manager", ""))
        if names.length(entry.get("subresource", "")) > _SUBRESOURCE_LENGTH:
            errors.append(too_long(path / "subresource", _SUBRESOURCE_LENGTH))


def field_manager(errors: Errors, path: Path, manager: str) -> None:
    """ValidateFieldManager."""
    if manager.isascii() and manager.isprintable() and len(manager) <= _MANAGER_LENGTH:
        return
    if names.length(manager) > _MANAGER_LENGTH:
        errors.append(too_long(path, _MANAGER_LENGTH))
    at = 0
    for char in manager:
        if not (char == " " or unicodedata.category(char)[0] in "LMNPS"):
            shown = f"U+{ord(char):04X}" + (f" '{char}'" if char.isprintable() else "")
            errors.append(invalid(path, manager, f"invalid character {shown} (at position {at})"))
        at += names.length(char)


# ------------------------------------------------------------------------------------------------ updates


def validate_update(kind: Kind, new: Obj, old: Obj, subresource: str = "") -> Errors:
    """What every update checks beside the kind's own rules: the metadata by itself, its change, and, because nearly
    every kind's rules begin so, its change once more. Many kinds then check the whole metadata again."""
    errors: Errors = []
    after, before = new["metadata"], old["metadata"]
    if _unchanged(after, before):
        return errors
    check_metadata(errors, after, names.path_segment_name)
    check_change(errors, after, before)
    if kind.repeats_metadata_check:
        check_change(errors, after, before)
        known_finalizers(errors, kind, after)
    for _ in range(0 if subresource else kind.checks_metadata_whole):
        errors += validate(kind, new)
    return errors


def _unchanged(after: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Nothing that clients set differs, so what was right is right."""
    if after is before:
        return True
    skipped = ("resourceVersion", "managedFields", "generation")
    return all(after.get(key) == before.get(key) for key in {*after, *before} if key not in skipped)


def check_change(errors: Errors, after: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """ValidateObjectMetaAccessorUpdate: the identity never changes."""
    if before.get("deletionTimestamp"):
        extra = sorted(set(after.get("finalizers") or ()) - set(before.get("finalizers") or ()))
        if extra:
            detail = "no new finalizers can be added if the object is being deleted, found new finalizers "
            listed = "[]string{" + ", ".join(map(gofmt.quote, extra)) + "}"
            errors.append(forbidden(_METADATA / "finalizers", detail + listed))
    for key, missing in _NEVER_CHANGES:
        if after.get(key, missing) != before.get(key, missing):
            errors.append(invalid(_METADATA / key, after.get(key, missing), _IMMUTABLE))
    _common(errors, after)
    _managed_fields(errors, after.get("managedFields") or ())
