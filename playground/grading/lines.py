"""Where in a YAML text a value stands: for errors that name file, line and field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

Path = Sequence[str | int]


def line_of(text: str, path: Path) -> int:
    """The line, from one, of the value at `path`, or of the innermost part of the path that exists."""
    node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    line = node.start_mark.line + 1 if node is not None else 1
    for step in path:
        found = _member(node, step)
        if found is None:
            break
        line, node = found
    return line


def _member(node: Any, step: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        value = node.value[step]
        return value.start_mark.line + 1, value
    return None


def field_text(path: Path) -> str:
    """spec.checks[0].name"""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text
