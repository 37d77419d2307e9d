"""What the schema of a custom resource may say: the standard part, the structural part and its defaults.

Models ValidateCustomResourceDefinitionOpenAPISchema of pkg/apis/apiextensions/validation and pkg/apiserver/schema of
apiextensions-apiserver.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cluster_core.apiserver.customresources import cost, values
from cluster_core.apiserver.customresources.structure import pruned_default
from cluster_core.kinds.crd_rules import Part, compiled_rules, rule_texts
from cluster_core.kinds.crd_structure import structural
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

TYPES = ("array", "boolean", "integer", "number", "object", "string")
_META = ("apiVersion", "kind", "metadata")
_LIST, _MAP, _KEYS = "x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-list-map-keys"
_AT_ROOT = (
    "description",
    "type",
    "format",
    "title",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "multipleOf",
    "required",
    "items",
    "properties",
    "externalDocs",
    "example",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
)
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")


class Where(NamedTuple):
    """What holds in the part of the schema that is looked at."""

    root: bool = False
    in_metadata: bool = False
    no_defaults: str | None = None
    """Why there may be no default here; None: there may."""


def schema(errors: Errors, path: Path, found: Obj, *, with_status: bool) -> None:
    """A whole schema; `path` is that of openAPIV3Schema."""
    if with_status:
        _root(errors, path, found)
    if found.get("nullable"):
        errors.append(forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    problems: Errors = []
    structural(problems, path, found)
    if not problems:
        _defaults(problems, path, found)
    _standard(problems, path, found, Where(root=True))
    if not problems:
        compiled_rules(problems, Part(found, path, root=True))
        problems += [] if problems else cost.problems(path, found)
    errors.extend(problems)


def _root(errors: Errors, path: Path, found: Obj) -> None:
    if found.get("type") not in (None, "", "object"):
        detail = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        errors.append(invalid(path / "type", found["type"], detail))
    elif any(key not in _AT_ROOT for key in found):
        shown = " ".join(_go(key) for key in _AT_ROOT)
        detail = f"only [{shown}] fields are allowed at the root of the schema if the status subresource is enabled"
        errors.append(invalid(path, dict(found), detail))


def _defaults(errors: Errors, path: Path, found: Obj) -> None:
    """Defaults are values that their own schemas allow, without anything unknown."""
    if found.get("default") is not None:
        at, value = path / "default", found["default"]
        if pruned_default(value, found) != value:
            errors.append(invalid(at, value, "must not have unknown fields"))
        errors.extend(values.validate(value, found, str(at)))
    for at, one, _ in _inner(path, found, Where()):
        _defaults(errors, at, one)


def _go(key: str) -> str:
    words = key.removeprefix("x-kubernetes-").split("-")
    name = "".join(word[0].upper() + word[1:] for word in words)
    return "X" + name if key.startswith("x-") else name


def _inner(path: Path, found: Obj, where: Where) -> Iterator[tuple[Path, Any, Where]]:
    """The schemas inside, in the order they are checked."""
    plain = where._replace(root=False)
    more = found.get("additionalProperties")
    if isinstance(more, Mapping):
        reason = "inside additionalProperties applying to object metadata" if where.in_metadata else where.no_defaults
        yield path / "additionalProperties", more, plain._replace(no_defaults=reason)
    is_object = where.root or bool(found.get("x-kubernetes-embedded-resource"))
    for key, one in (found.get("properties") or {}).items():
        yield (path / "properties")[key], one, _in_metadata(plain, key, where.root) if is_object else plain
    if found.get("not") is not None:
        yield path / "not", found["not"], plain
    for key in ("allOf", "oneOf", "anyOf"):
        for index, one in enumerate(found.get(key) or ()):
            yield (path / key)[index], one, plain
    if isinstance(found.get("items"), Mapping):
        yield path / "items", found["items"], plain


def _in_metadata(plain: Where, key: str, root: bool) -> Where:
    if key not in _META:
        return plain
    return plain._replace(in_metadata=True, no_defaults=f"in top-level {key}" if root else plain.no_defaults)


def _standard(errors: Errors, path: Path, found: Obj, where: Where) -> None:
    _keywords(errors, path, found, where)
    if found.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        errors.append(forbidden(path / "uniqueItems", detail))
    if found.get("properties") and found.get("additionalProperties") not in (None, True):
        detail = "additionalProperties and properties are mutual exclusive"
        errors.append(forbidden(path / "additionalProperties", detail))
    for at, one, inside in _inner(path, found, where):
        _standard(errors, at, one, inside)
    if found.get("x-kubernetes-preserve-unknown-fields") is False:
        errors.append(invalid(path / "x-kubernetes-preserve-unknown-fields", False, "must be true or undefined"))
    _map_type(errors, path, found)
    _list_type(errors, path, found)
    rule_texts(errors, path, found)


def _keywords(errors: Errors, path: Path, found: Obj, where: Where) -> None:
    kind = found.get("type")
    if kind and kind not in TYPES:
        errors.append(not_supported(path / "type", kind, TYPES))
    if found.get("default") is not None and where.no_defaults is not None:
        errors.append(forbidden(path / "default", f"must not be set {where.no_defaults}".rstrip()))
    for key in _UNSUPPORTED:
        if found.get(key):
            errors.append(forbidden(path / key, f"{key} is not supported"))
    if kind == "null":
        detail = "type cannot be set to null, use nullable as an alternative"
        errors.append(forbidden(path / "type", detail))
    if isinstance(found.get("items"), list):
        errors.append(forbidden(path / "items", "items must be a schema object and not an array"))
    if where.in_metadata and found.get("x-kubernetes-embedded-resource"):
        path = path / "x-kubernetes-embedded-resource"
        errors.append(forbidden(path, "must not be used inside of resource meta"))


# ------------------------------------------------------------------------------------------------ maps and lists


def _needs_type(errors: Errors, path: Path, found: Obj, need: tuple[str, str]) -> bool:
    """An extension that only one type may have; whether it is wrong."""
    extension, kind = need
    if found.get(extension) is None or found.get("type") == kind:
        return False
    detail = f"must be {kind} if {extension} is specified"
    given = found.get("type")
    errors.append(invalid(path / "type", given, detail) if given else required(path / "type", detail))
    return True


def _map_type(errors: Errors, path: Path, found: Obj) -> None:
    _needs_type(errors, path, found, (_MAP, "object"))
    if found.get(_MAP) not in (None, "atomic", "granular"):
        errors.append(not_supported(path / _MAP, found[_MAP], ("atomic", "granular")))


def _list_type(errors: Errors, path: Path, found: Obj) -> None:
    kind, keys = found.get(_LIST), found.get(_KEYS) or ()
    items: Obj = found["items"] if isinstance(found.get("items"), Mapping) else {}
    if not _needs_type(errors, path, found, (_LIST, "array")) and kind == "set":
        _set_items(errors, path / "items", items)
    if kind not in (None, "atomic", "set", "map"):
        errors.append(not_supported(path / _LIST, kind, ("atomic", "set", "map")))
    detail = "must be map if x-kubernetes-list-map-keys is non-empty"
    if keys and kind is None:
        errors.append(required(path / _LIST, detail))
    elif keys and kind != "map":
        errors.append(invalid(path / _LIST, kind, detail))
    if kind == "map":
        _map_keys(errors, path, found, keys)
    if kind in ("set", "map"):
        _key_values(errors, path / "items", items, (str(kind), keys))


def _set_items(errors: Errors, path: Path, items: Obj) -> None:
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    if items.get("type") == "array" and items.get(_LIST) not in (None, "atomic"):
        errors.append(invalid(path / _LIST, items.get(_LIST), detail))
    if items.get("type") == "object" and items.get(_MAP) != "atomic":
        errors.append(invalid(path / _MAP, items.get(_LIST), detail))


def _map_keys(errors: Errors, path: Path, found: Obj, keys: Sequence[str]) -> None:
    items = found.get("items")
    if not keys:
        errors.append(required(path / _KEYS, f"must not be empty if {_LIST} is map"))
    if items is None:
        errors.append(required(path / "items", f"must have a schema if {_LIST} is map"))
    elif isinstance(items, Mapping) and items.get("type") != "object":
        detail = f"must be object if parent array's {_LIST} is map"
        errors.append(invalid(path.child("items", "type"), items.get("type", ""), detail))
    elif isinstance(items, Mapping):
        _key_names(errors, path, items, keys)


def _key_names(errors: Errors, path: Path, items: Obj, keys: Sequence[str]) -> None:
    properties = items.get("properties") or {}
    for index, key in enumerate(keys):
        if key not in properties:
            errors.append(invalid(path / _KEYS, list(keys), "entries must all be names of item properties"))
        elif properties[key].get("type") in ("array", "object"):
            at = path.child("items", "properties")[key] / "type"
            errors.append(invalid(at, items["type"], f"must be a scalar type if parent array's {_LIST} is map"))
        if key in keys[:index]:
            errors.append(invalid(path / _KEYS, list(keys), "must not contain duplicate entries"))


def _key_values(errors: Errors, path: Path, items: Obj, about: tuple[str, Sequence[str]]) -> None:
    kind, keys = about
    if items.get("nullable"):
        errors.append(forbidden(path / "nullable", f"cannot be nullable when {_LIST} is {kind}"))
    for key in keys if kind == "map" else ():
        found = (items.get("properties") or {}).get(key)
        if found is None:
            continue
        at = (path / "properties")[key]
        if key not in (items.get("required") or ()) and found.get("default") is None:
            detail = f"this property is in {_KEYS}, so it must have a default or be a required property"
            errors.append(required(at / "default", detail))
        if found.get("nullable"):
            errors.append(forbidden(at / "nullable", f"this property is in {_KEYS}, so it cannot be nullable"))
