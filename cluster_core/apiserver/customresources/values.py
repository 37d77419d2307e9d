"""Values against their schemas. Models kube-openapi's validation/validate and its error texts, as
apiextensions-apiserver/pkg/apiserver/validation turns them into field errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cluster_core.apiserver.customresources import formats, patterns
from cluster_core.apiserver.customresources.rules import NOTHING, same_item
from cluster_core.apiserver.customresources.structure import INT_OR_STRING, Schema
from cluster_core.machinery import field, gofmt
from cluster_core.machinery.patch import equal

_NOWHERE = "<nil>"
"""How a field error prints a path that is not there."""


def validate(value: Any, schema: Schema, base: str = "", *, old: Any = NOTHING) -> field.Errors:
    """What is wrong with the value; `base` is the field the value stands in, which messages leave out. What was as wrong
    in `old`, and has not changed since, is let pass."""
    return _Validation(base).value(value, schema, "", old)


def kind_of(value: Any) -> str:
    """The JSON type as messages name it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (int, float)):
        return "integer" if isinstance(value, int) or value.is_integer() else "number"
    return "object" if isinstance(value, Mapping) else "array"


class _Validation:
    """One walk. `path` counts from the base; messages name it, fields put the base before it."""

    def __init__(self, base: str) -> None:
        self.base = base

    def at(self, path: str) -> str:
        joined = f"{self.base}.{path}" if self.base and path else self.base or path
        return joined.removeprefix(".") or _NOWHERE

    def invalid(self, path: str, value: Any, text: str) -> field.FieldError:
        return field.invalid(self.at(path), value, f"{path} in body {text}")

    def value(self, value: Any, schema: Schema, path: str, old: Any = NOTHING) -> field.Errors:
        kind = kind_of(value)
        if (value is None and schema.get("nullable")) or (old is not NOTHING and equal(old, value)):
            return []
        problems = self._type(kind, schema, path)
        if value is None and problems:
            return problems
        problems += self._combinations(value, schema, path)
        if kind in _SCALARS:
            problems += _SCALARS[kind](self, value, schema, path)
        elif kind == "array":
            problems += self.array(value, schema, path, old)
        elif kind == "object":
            problems += self.object(value, schema, path, old)
        return problems + self._enum(value, schema, path)

    def _type(self, kind: str, schema: Schema, path: str) -> field.Errors:
        wanted = ("integer", "string") if schema.get(INT_OR_STRING) else tuple(filter(None, [schema.get("type")]))
        if not wanted or kind in wanted or (kind == "integer" and "number" in wanted):
            return []
        text = f'{path} in body must be of type {",".join(wanted)}: "{kind}"'
        return [field.type_invalid(self.at(path), kind, text)]

    def _enum(self, value: Any, schema: Schema, path: str) -> field.Errors:
        allowed = schema.get("enum")
        if not allowed or any(equal(each, value) for each in allowed):
            return []
        shown = [each if isinstance(each, str) else gofmt.json_text(each) for each in allowed]
        return [field.not_supported(self.at(path), value, shown)]

    # -------------------------------------------------------------------------------------------- combinations

    def _combinations(self, value: Any, schema: Schema, path: str) -> field.Errors:
        problems = self._any_of(value, schema, path) + self._one_of(value, schema, path)
        for inner in schema.get("allOf", ()):
            found = self.value(value, inner, path)
            problems += [*found, self._all_failed(path)] if found else []
        if "not" in schema and not self.value(value, schema["not"], path):
            problems.append(self._combined(f"{gofmt.quote(path)} must not validate the schema (not)"))
        return problems

    def _all_failed(self, path: str) -> field.FieldError:
        return self._combined(f"{gofmt.quote(path)} must validate all the schemas (allOf)")

    def _combined(self, text: str) -> field.FieldError:
        return field.invalid(self.base or _NOWHERE, "", text)

    def _any_of(self, value: Any, schema: Schema, path: str) -> field.Errors:
        results = [self.value(value, inner, path) for inner in schema.get("anyOf", ())]
        if not results or not all(results):
            return []
        text = f"{gofmt.quote(path)} must validate at least one schema (anyOf)"
        return [self._combined(text), *min(results, key=len)]

    def _one_of(self, value: Any, schema: Schema, path: str) -> field.Errors:
        results = [self.value(value, inner, path) for inner in schema.get("oneOf", ())]
        valid = sum(not found for found in results)
        if not results or valid == 1:
            return []
        text = f"{gofmt.quote(path)} must validate one and only one schema (oneOf). "
        if valid:
            return [self._combined(f"{text}Found {valid} valid alternatives")]
        return [self._combined(f"{text}Found none valid"), *min(results, key=len)]

    # -------------------------------------------------------------------------------------------- by type

    def string(self, value: str, schema: Schema, path: str) -> field.Errors:
        problems: field.Errors = []
        longest, shortest = schema.get("maxLength"), schema.get("minLength")
        if longest is not None and len(value) > longest:
            problems.append(field.too_long(self.at(path), longest))
        elif shortest is not None and len(value) < shortest:
            problems.append(self.invalid(path, value, f"should be at least {shortest} chars long"))
        elif schema.get("pattern") and not patterns.found_in(schema["pattern"], value):
            problems.append(self.invalid(path, value, f"should match '{schema['pattern']}'"))
        format = schema.get("format", "")
        if format and not formats.fits(format, value):
            detail = f"{path} in body must be of type {format}: {gofmt.quote(value)}"
            problems.append(field.type_invalid(self.at(path), value, detail))
        return problems

    def number(self, value: float, schema: Schema, path: str) -> field.Errors:
        problems: field.Errors = []
        multiple, most, least = schema.get("multipleOf"), schema.get("maximum"), schema.get("minimum")
        if multiple and (value / multiple) % 1:
            problems.append(self.invalid(path, value, f"should be a multiple of {_number(multiple)}"))
        if most is not None and (value > most or (schema.get("exclusiveMaximum") and value == most)):
            text = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
            problems.append(self.invalid(path, value, f"should be {text} {_number(most)}"))
        if least is not None and (value < least or (schema.get("exclusiveMinimum") and value == least)):
            text = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
            problems.append(self.invalid(path, value, f"should be {text} {_number(least)}"))
        return problems

    def array(self, value: list[Any], schema: Schema, path: str, old: Any) -> field.Errors:
        problems: field.Errors = []
        for index, each in enumerate(value):
            if schema.get("items"):
                before = same_item(old, each, schema)
                problems += self.value(each, schema["items"], f"{path}[{index}]", before)
        least, most = schema.get("minItems"), schema.get("maxItems")
        if least is not None and len(value) < least:
            problems.append(self.invalid(path, len(value), f"should have at least {least} items"))
        if most is not None and len(value) > most:
            problems.append(field.too_many(self.at(path), len(value), most))
        return problems

    def object(self, value: Mapping[str, Any], schema: Schema, path: str, old: Any) -> field.Errors:
        least, most = schema.get("minProperties"), schema.get("maxProperties")
        if least is not None and len(value) < least:
            return [self.invalid(path, len(value), f"should have at least {least} properties")]
        if most is not None and len(value) > most:
            return [field.too_many(self.at(path), len(value), most)]
        return self._members(value, schema, path, old) + self._required(value, schema, path)

    def _members(self, value: Mapping[str, Any], schema: Schema, path: str, old: Any) -> field.Errors:
        properties, additional = schema.get("properties", {}), schema.get("additionalProperties")
        problems: field.Errors = []
        before = old if isinstance(old, Mapping) else {}
        for name in sorted(value):
            inner = properties.get(name, additional if isinstance(additional, Mapping) else None)
            if inner is not None:
                problems += self.value(value[name], inner, f"{path}.{name}" if path else name, before.get(name, NOTHING))
        return problems

    def _required(self, value: Mapping[str, Any], schema: Schema, path: str) -> field.Errors:
        missing = [name for name in schema.get("required", ()) if name not in value]
        return [field.required(self.at(f"{path}.{name}" if path else name)) for name in missing]


_Check = Callable[[_Validation, Any, Schema, str], field.Errors]
_SCALARS: dict[str, _Check] = {
    "string": _Validation.string,
    "integer": _Validation.number,
    "number": _Validation.number,
}


def _number(value: float) -> str:
    return gofmt.float_text(float(value))


# ------------------------------------------------------------------------------------------------ lists


def list_problems(value: Any, schema: Schema | None, path: str = "") -> field.Errors:
    """Repeated items in lists that are sets or maps. Models schema/listtype."""
    if schema is None:
        return []
    if isinstance(value, Mapping):
        return _lists_in_members(value, schema, path)
    if not isinstance(value, list):
        return []
    problems = _repeated(value, schema, path)
    for index, each in enumerate(value):
        problems += list_problems(each, schema.get("items"), f"{path}[{index}]")
    return problems


def _lists_in_members(value: Mapping[str, Any], schema: Schema, path: str) -> field.Errors:
    properties, additional = schema.get("properties", {}), schema.get("additionalProperties")
    problems: field.Errors = []
    for name in sorted(value):
        if isinstance(additional, Mapping):
            problems += list_problems(value[name], additional, f"{path}[{name}]")
        elif name in properties:
            problems += list_problems(value[name], properties[name], f"{path}.{name}" if path else name)
    return problems


def _repeated(value: list[Any], schema: Schema, path: str) -> field.Errors:
    how = schema.get("x-kubernetes-list-type")
    if how == "set":
        return _duplicates(value, path)
    if how != "map":
        return []
    for index, each in enumerate(value):
        if each is not None and not isinstance(each, Mapping):
            return [field.invalid(f"{path}[{index}]", each, "must be an object for an array of list-type map")]
    keys = schema.get("x-kubernetes-list-map-keys", ())
    return _duplicates([{key: each[key] for key in keys if each and key in each} for each in value], path)


def _duplicates(values: list[Any], path: str) -> field.Errors:
    """Only the second of equal items is told."""
    times: dict[str, int] = {}
    problems: field.Errors = []
    for index, each in enumerate(values):
        text = gofmt.json_text(each)
        times[text] = times.get(text, 0) + 1
        if times[text] == 2:
            problems.append(field.duplicate(f"{path}[{index}]", each))
    return problems
