"""Fields of custom resources that field selectors may name. Models ValidateCustomResourceSelectableFields of
apiextensions-apiserver/pkg/apis/apiextensions/validation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cluster_core.machinery.field import Errors, Path, duplicate, invalid, required, too_many
from cluster_core.machinery.typed import Obj

_MOST = 8
_WORDS = re.compile(r"\.|\[|\]|[^.\[\]]+")
_SCALARS = ("string", "boolean", "integer")
_NO_SCALAR = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
_HOISTED = "may only be set when `version.schema.openAPIV3Schema` is not included"


class _BadPath(ValueError):
    """The path names no field."""


def selectable(errors: Errors, path: Path, fields: Sequence[Obj], schema: Obj | None) -> None:
    """The selectableFields of a version, or of all of them; `schema` is the one beside them."""
    if fields and schema is None:
        errors.append(invalid(path, "", _HOISTED))
        return
    known: set[str] = set()
    for index, each in enumerate(fields):
        text, at = each.get("jsonPath", ""), path[index] / "jsonPath"
        if not text:
            errors.append(required(at))
            continue
        try:
            found = _field(text, schema or {})
        except _BadPath as error:
            errors.append(invalid(at, text, f"is an invalid path: {error}"))
            continue
        if found.get("type") not in _SCALARS:
            errors.append(invalid(at, text, _NO_SCALAR))
        if text in known:
            errors.append(duplicate(at, text))
        known.add(text)
    if len(known) > _MOST:
        errors.append(too_many(path, len(known), _MOST))


def _field(text: str, schema: Obj) -> Obj:
    """The schema at a path. Raises _BadPath."""
    words = _WORDS.findall(text)
    while words:
        sign = words.pop(0)
        if sign == "[":
            raise _BadPath("array notation is not allowed")
        if sign != ".":
            raise _BadPath(f"expected [ or . but got: {sign}")
        if not words:
            raise _BadPath("unexpected end of JSON path")
        schema = (schema.get("properties") or {}).get(words.pop(0)) or {}
        if not schema:
            raise _BadPath("does not refer to a valid field")
    return schema
