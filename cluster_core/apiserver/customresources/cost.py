"""How much a rule may cost at most, estimated before it ever runs.

Models the static cost limits of apiextensions-apiserver/pkg/apis/apiextensions/validation/cel_validation.go. Upstream walks
the checked expression; here the text is read for what costs: comprehensions over lists and maps, and functions that read
whole strings. Both agree on which rules are out of bounds by far.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cluster_core.apiserver.customresources.declared import escaped
from cluster_core.apiserver.customresources.structure import EMBEDDED, Schema
from cluster_core.machinery import field
from cluster_core.machinery.field import Errors, Path

RULE_LIMIT, TOTAL_LIMIT = 10_000_000, 100_000_000
RULES = "x-kubernetes-validations"
_MOST_BLAMED = 4
_REQUEST = 3 * 1024 * 1024
_MACRO = re.compile(r"\.(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_READS = r"(?<![\w.])%s((?:\.[A-Za-z_]\w*)*?)\.(?:contains|startsWith|endsWith|matches|split|replace|find|findAll|lowerAscii|upperAscii)\s*\("
_RANGE = re.compile(r"([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\s*\Z")
_TEXT = re.compile(r"""r?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")
_SMALLEST = {"string": 2, "array": 2, "object": 2, "boolean": 4, "integer": 1, "number": 1}
_READ_COST = 0.1
Scope = Mapping[str, Schema]
"""The variables in sight and the schemas of their values."""


def most_items(schema: Schema) -> int:
    """How many items a list or entries a map can have at most."""
    limit = schema.get("maxItems") if schema.get("type") == "array" else schema.get("maxProperties")
    if limit is not None:
        return int(limit)
    inner = schema.get("items") or schema.get("additionalProperties")
    size = _smallest(inner) if isinstance(inner, Mapping) else 1
    return (_REQUEST - 2) // (size + (1 if schema.get("type") == "array" else 6))


def _smallest(schema: Schema) -> int:
    size = _SMALLEST.get(schema.get("type", ""), 1)
    if schema.get("enum") and schema.get("type") == "string":
        return min(len(str(each)) for each in schema["enum"]) + 2
    properties = schema.get("properties", {})
    required = [name for name in schema.get("required", ()) if name in properties and "default" not in properties[name]]
    size += sum(len(name) + 4 + _smallest(properties[name]) for name in required)
    return size + (25 if schema.get(EMBEDDED) else 0)


def of_rule(rule: str, schema: Schema) -> float:
    """The most that one evaluation costs."""
    return _cost(_TEXT.sub("''", rule), {"self": schema, "oldSelf": schema})


def _cost(text: str, scope: Scope) -> float:
    """Of an expression: its operations, the strings it reads, and what its comprehensions repeat."""
    total, position, outside = 0.0, 0, []
    while (match := _MACRO.search(text, position)) is not None:
        end = _closing(text, match.end())
        over = _resolve(text[: match.start()], scope)
        inner = _cost(text[match.end() : end], {**scope, match[1]: _element(over)})
        total += (most_items(over) if over else 1) * (inner + 3)
        outside.append(text[position : match.start()])
        position = end
    plain = " ".join([*outside, text[position:]])
    return total + len(re.findall(r"[<>=!&|+*/?-]+|\.", plain)) + _reading(plain, scope)


def _closing(text: str, start: int) -> int:
    depth = 1
    for position in range(start, len(text)):
        depth += text[position] in "([{"
        depth -= text[position] in ")]}"
        if not depth:
            return position
    return len(text)


def _reading(text: str, scope: Scope) -> float:
    total = 0.0
    for name, schema in scope.items():
        for match in re.finditer(_READS % re.escape(name), text):
            found = _descend(schema, match[1])
            if found.get("type") == "string":
                total += _longest(found) * _READ_COST
    return total


def _longest(schema: Schema) -> int:
    if schema.get("maxLength") is not None:
        return int(schema["maxLength"]) * 4
    if schema.get("enum"):
        return max(len(str(each)) for each in schema["enum"])
    return _REQUEST - 2


def _resolve(before: str, scope: Scope) -> Schema:
    """The schema of what a comprehension goes over; {} when it is no plain path."""
    match = _RANGE.search(before)
    return _descend(scope[match[1]], match[2]) if match and match[1] in scope else {}


def _descend(schema: Schema, path: str) -> Schema:
    found: Any = schema
    for step in path.split(".")[1:]:
        found = next((inner for name, inner in found.get("properties", {}).items() if escaped(name) == step), {})
    return found if isinstance(found, Mapping) else {}


def _element(schema: Schema) -> Schema:
    if schema.get("type") == "object":
        return {"type": "string"}
    found = schema.get("items")
    return found if isinstance(found, Mapping) else {}


def excess(what: str, cost: float, limit: int) -> str:
    """The message for too high a cost."""
    factor = cost / limit
    shown = "more than 100x" if factor > 100 else f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    advice = "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared"
    return f"{what} exceeds budget by factor of {shown} ({advice})"


def problems(path: Path, schema: Schema) -> Errors:
    """The rules of a whole schema that may cost too much, and what they may cost together."""
    costs = list(_costs(path, schema, 1))
    found = [
        field.forbidden(at, excess("estimated rule cost", price, RULE_LIMIT)) for price, at in costs if price > RULE_LIMIT
    ]
    total = sum(price for price, _ in costs)
    if total > TOTAL_LIMIT:
        text = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        dearest = sorted(costs, key=lambda pair: -pair[0])[:_MOST_BLAMED]
        found += [field.forbidden(at, text) for price, at in dearest if price * 100 > TOTAL_LIMIT]
        what = f"{RULES} estimated rule cost total for entire OpenAPIv3 schema"
        found.append(field.forbidden(path, excess(what, total, TOTAL_LIMIT)))
    return found


def _costs(path: Path, schema: Schema, many: int) -> Iterator[tuple[float, Path]]:
    """What each rule costs for all values it may apply to, those inside first."""
    additional, items = schema.get("additionalProperties"), schema.get("items")
    if isinstance(additional, Mapping):
        yield from _costs(path / "additionalProperties", additional, many * most_items(schema))
    for name, inner in sorted(schema.get("properties", {}).items()):
        yield from _costs((path / "properties")[name], inner, many)
    if isinstance(items, Mapping):
        yield from _costs(path / "items", items, many * most_items(schema))
    for index, rule in enumerate(schema.get(RULES) or ()):
        yield of_rule(rule["rule"], schema) * many, (path / RULES)[index] / "rule"
