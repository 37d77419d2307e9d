"""Printer columns and selectable fields: values found by JSON paths. Models apiserver/tableconvertor and client-go's
jsonpath, as far as definitions may use it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cluster_core.apiserver.kind import Column
from cluster_core.apiserver.table import AGE, NAME, since
from cluster_core.machinery import gofmt
from cluster_core.machinery.timestamps import any_time
from cluster_core.machinery.typed import Obj

_STEP = re.compile(
    r"""\.(?P<name>(?:[^.\[\]\\]|\\.)+)|\[(?P<index>-?\d+)\]|\[(?P<all>\*)\]|\[['"](?P<key>[^'"]*)['"]\]"""
    r"""|\[\?\(@\.(?P<where>[^=!<>]+?)\s*==\s*(?P<quoted>['"]?)(?P<value>[^'")]*)(?P=quoted)\)\]"""
)
_OWN_AGE = ".metadata.creationTimestamp"
Step = Callable[[Any], Iterator[Any]]


def columns_of(definitions: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """The table's columns: the name first, the age last when nothing else is asked for."""
    if not definitions:
        return (NAME, AGE_DATE)
    return (NAME, *map(_column, definitions))


def _column(definition: Mapping[str, Any]) -> Column:
    kind, path = definition["type"], definition["jsonPath"]
    return Column(
        definition["name"],
        _cell(path, kind),
        kind,
        definition.get("format", ""),
        definition.get("description") or f"Custom resource definition column (in JSONPath format): {path}",
        definition.get("priority", 0),
    )


AGE_DATE = Column(AGE.name, AGE.value, "date", AGE.format, AGE.description, AGE.priority)


def _cell(path: str, kind: str) -> Callable[[Obj, int], Any]:
    steps = parse(path)

    def value(obj: Obj, now: int) -> Any:
        found = next(values(steps, obj), None)
        if kind == "string":
            return None if found is None else _printed(found)
        return _typed(found, kind, now)

    return value


def _printed(value: Any) -> str:
    return gofmt.json_text(value) if isinstance(value, (Mapping, list)) else gofmt.verb_v(value)


def _typed(value: Any, kind: str, now: int) -> Any:
    if kind == "integer" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    if kind == "number" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind == "date":
        return _since(value, now)
    return None


def _since(value: Any, now: int) -> str:
    try:
        any_time(value)
    except (ValueError, TypeError, AttributeError):
        return "<invalid>"
    return since(value, now)


# ------------------------------------------------------------------------------------------------ JSON paths


def parse(path: str) -> list[Step]:
    """The path's steps; of what cannot be read, nothing is ever found."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            return [] if path == "." else [lambda value: iter(())]
        steps.append(_step(match))
        position = match.end()
    return steps


def values(steps: Sequence[Step], obj: Any) -> Iterator[Any]:
    """All that is at the path."""
    if not steps:
        yield obj
        return
    for inner in steps[0](obj):
        yield from values(steps[1:], inner)


def _step(match: re.Match[str]) -> Step:
    name = match["name"] if match["name"] is not None else match["key"]
    if name is not None:
        plain = re.sub(r"\\(.)", r"\1", name)
        return lambda value: iter([value[plain]] if isinstance(value, Mapping) and plain in value else [])
    if match["index"] is not None:
        return _at(int(match["index"]))
    if match["all"]:
        return lambda value: iter(value if isinstance(value, list) else value.values() if isinstance(value, Mapping) else ())
    return _where(parse("." + match["where"]), match["value"])


def _at(index: int) -> Step:
    return lambda value: iter(value[index : index + 1 or None] if isinstance(value, list) else ())


def _where(path: Sequence[Step], wanted: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        for each in value if isinstance(value, list) else ():
            if any(_printed(found) == wanted for found in values(path, each)):
                yield each

    return step
