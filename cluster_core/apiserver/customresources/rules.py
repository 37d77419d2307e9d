"""x-kubernetes-validations: CEL rules over the values of custom resources. Models schema/cel/validation.go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from cluster_core.apiserver.customresources.declared import escaped
from cluster_core.apiserver.customresources.structure import EMBEDDED, META_FIELDS, Schema
from cluster_core.machinery import field
from cluster_core.machinery.cel import CelError, Program, program
from cluster_core.machinery.patch import equal

NOTHING = object()
"""There is no earlier value to compare with."""
_VARIABLES = (("self", "dyn"),)
_WITH_OLD = (("oldSelf", "dyn"), ("self", "dyn"))
_OLD_SELF = re.compile(r"\boldSelf\b")
_PATH = re.compile(r"(?<![\w.])(?:self|oldSelf)(?:\.[A-Za-z_]\w*)+(?!\w)")
_TIMES = {"date-time": "timestamp", "duration": "duration"}


class _Place(NamedTuple):
    """One value on the walk."""

    value: Any
    old: Any
    schema: Schema
    path: str
    root: bool = False


def uses_old_self(rule: Mapping[str, Any]) -> bool:
    return _OLD_SELF.search(rule["rule"]) is not None


def has_rules(schema: Any) -> bool:
    """Whether there is any rule in the schema."""
    if isinstance(schema, Mapping):
        return bool(schema.get("x-kubernetes-validations")) or any(map(has_rules, _inner(schema)))
    return False


def _inner(schema: Schema) -> Iterator[Any]:
    yield schema.get("items")
    yield schema.get("additionalProperties")
    yield from schema.get("properties", {}).values()


def validate(obj: Any, old: Any, schema: Schema, path: str = "", *, root: bool = True) -> field.Errors:
    """The rules the value breaks; `old` is NOTHING when it is new."""
    return _walk(_Place(obj, old, schema, path, root))


def _walk(place: _Place) -> field.Errors:
    value, schema = place.value, place.schema
    if value is None:
        return []
    problems: field.Errors = []
    for rule in schema.get("x-kubernetes-validations", ()):
        problems += _check(place, rule)
    for inner in _members(place):
        problems += _walk(inner)
    return problems


def _members(place: _Place) -> Iterator[_Place]:
    value, schema = place.value, place.schema
    if isinstance(value, Mapping):
        old = place.old if isinstance(place.old, Mapping) else {}
        properties, additional = schema.get("properties", {}), schema.get("additionalProperties")
        for name in sorted(value):
            if isinstance(additional, Mapping):
                yield _Place(value[name], old.get(name, NOTHING), additional, f"{place.path}[{name}]")
            elif name in properties:
                at = f"{place.path}.{name}" if place.path else name
                yield _Place(value[name], old.get(name, NOTHING), properties[name], at)
    elif isinstance(value, list) and schema.get("items"):
        for index, each in enumerate(value):
            yield _Place(each, same_item(place.old, each, schema), schema["items"], f"{place.path}[{index}]")


def same_item(old: Any, item: Any, schema: Schema) -> Any:
    """The item of an earlier list with the same keys, NOTHING when there is none or the list is no map."""
    keys = schema.get("x-kubernetes-list-map-keys", ())
    if not keys or not isinstance(old, list) or not isinstance(item, Mapping):
        return NOTHING
    wanted = [item.get(key) for key in keys]
    return next((each for each in old if [(each or {}).get(key) for key in keys] == wanted), NOTHING)


def _check(place: _Place, rule: Mapping[str, Any]) -> field.Errors:
    transition, optional = uses_old_self(rule), bool(rule.get("optionalOldSelf"))
    if not rule["rule"].strip() or (transition and place.old is NOTHING and not optional):
        return []
    values = _values(place, transition)
    try:
        passed = _program(rule["rule"], place, transition).evaluate(values)
    except CelError as error:
        return [field.invalid(place.path or "<nil>", place.schema.get("type", ""), _failure(str(error), rule))]
    unchanged = not transition and place.old is not NOTHING and equal(place.old, place.value)
    if passed is True or unchanged:
        return []
    return [_refusal(place, rule, _message(place, rule, values))]


def _values(place: _Place, transition: bool) -> dict[str, Any]:
    found = {"self": as_cel(place.value, place.schema, place.root)}
    if transition:
        found["oldSelf"] = None if place.old is NOTHING else as_cel(place.old, place.schema, place.root)
    return found


def _program(source: str, place: _Place, transition: bool) -> Program:
    source = with_times(source, place.schema)
    if transition and place.schema.get("x-kubernetes-validations") and _is_optional(place, source):
        optional = "optional.none()" if place.old is NOTHING else "optional.of(oldSelf)"
        source = _OLD_SELF.sub(optional, source)
    return program(source, _WITH_OLD if transition else _VARIABLES)


def _is_optional(place: _Place, source: str) -> bool:
    rules = place.schema["x-kubernetes-validations"]
    return any(rule.get("optionalOldSelf") and with_times(rule["rule"], place.schema) == source for rule in rules)


def _failure(text: str, rule: Mapping[str, Any]) -> str:
    named = (rule.get("message") or rule["rule"]).strip()
    if text.startswith("no such overload"):
        return f"'{text}': call arguments did not match a supported operator, function or macro signature for rule: {named}"
    return f"{text} evaluating rule: {named}"


def _message(place: _Place, rule: Mapping[str, Any], values: dict[str, Any]) -> str:
    """What messageExpression makes of it; else the message, else the rule itself."""
    expression = rule.get("messageExpression", "")
    if expression:
        try:
            text = _program(expression, place, "oldSelf" in values).evaluate(values)
        except CelError:
            text = ""
        if isinstance(text, str) and text.strip() and "\n" not in text.strip():
            return text.strip()
    return (rule.get("message") or f"failed rule: {rule['rule'].strip()}").strip()


def _refusal(place: _Place, rule: Mapping[str, Any], message: str) -> field.FieldError:
    path = place.path
    if rule.get("fieldPath"):
        path = f"{path}{rule['fieldPath']}".removeprefix(".")
    path = path or "<nil>"
    value = field.OMIT if place.schema.get("type") in ("object", "array") else place.value
    reason = rule.get("reason")
    if reason == field.REQUIRED:
        return field.required(path, message)
    if reason == field.FORBIDDEN:
        return field.forbidden(path, message)
    if reason == field.DUPLICATE:
        return field.FieldError(field.DUPLICATE, path, value)
    return field.FieldError(field.INVALID, path, value, message)


# ------------------------------------------------------------------------------------------------ values


def as_cel(value: Any, schema: Schema, root: bool = False) -> Any:
    """The value as rules see it: only declared members, under names that CEL can write; numbers as doubles."""
    if isinstance(value, Mapping):
        return _object_as_cel(value, schema, root)
    if isinstance(value, list):
        items = schema.get("items")
        return [as_cel(each, items) for each in value] if items else value
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _object_as_cel(value: Mapping[str, Any], schema: Schema, root: bool) -> Any:
    properties, additional = schema.get("properties", {}), schema.get("additionalProperties")
    if isinstance(additional, Mapping):
        return {name: as_cel(member, additional) for name, member in value.items()}
    found = {escaped(name): as_cel(value[name], inner) for name, inner in properties.items() if name in value}
    if root or schema.get(EMBEDDED):
        found.update({name: value[name] for name in META_FIELDS[:2] if name in value})
        metadata = value.get("metadata") or {}
        found["metadata"] = {name: metadata[name] for name in ("name", "generateName") if name in metadata}
    found.pop("", None)
    return found if properties or root else dict(value)


def with_times(source: str, schema: Schema) -> str:
    """The expression with times and durations read from their texts, which is all that values can hold."""

    def wrapped(match: re.Match[str]) -> str:
        steps = match.group().split(".")
        found: Any = schema
        for count, step in enumerate(steps[1:], 1):
            found = next((inner for name, inner in found.get("properties", {}).items() if escaped(name) == step), {})
            read = _TIMES.get(found.get("format", "")) if found.get("type") == "string" else None
            if read and not source[: match.start()].rstrip().endswith("has("):
                return ".".join([f"{read}({'.'.join(steps[: count + 1])})", *steps[count + 1 :]])
        return match.group()

    read = _TIMES.get(schema.get("format", ""))
    if read and schema.get("type") == "string":
        return re.sub(r"\b(self|oldSelf)\b", rf"{read}(\1)", source)
    return _PATH.sub(wrapped, source)
