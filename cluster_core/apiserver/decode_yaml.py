"""YAML bodies as the API server reads them: YAML 1.1 scalars, keys as text, repeated keys reported, no bombs.

Models sigs.k8s.io/yaml over goyaml.v2. The limits (100,000 nodes after aliases are expanded, depth 100) are ours, from
the upstream decoder's alias check.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from cluster_core.apiserver.decode_syntax import Pairs
from cluster_core.machinery import gofmt
from cluster_core.machinery.gofmt import quote

MAX_NODES = 100_000
MAX_DEPTH = 100
_BOOLS = {
    word: value for words, value in (("y yes true on", True), ("n no false off", False)) for word in words.split()
}
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|[1-9][0-9_]*|0)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
_NULLS = ("", "~", "null", "Null", "NULL")
COMPLAINT = "yaml: unmarshal errors:\n"


class YamlError(ValueError):
    """Text that is not YAML, or is too much of it; str() is the message."""


def parse(body: bytes) -> tuple[Any, list[str]]:
    """The first document, objects as Pairs, and the complaint about repeated keys, if any. Raises YamlError."""
    for document in documents(body):
        return document
    return None, []


def documents(body: bytes) -> Iterator[tuple[Any, list[str]]]:
    """Every document of a stream, each as `parse` gives it. Raises YamlError when it comes to what is wrong."""
    try:
        events = yaml.parse(body, Loader=_LOADER)
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                yield _document(events)
    except yaml.MarkedYAMLError as error:
        raise YamlError(_message(error)) from None
    except yaml.YAMLError as error:
        raise YamlError(f"yaml: {getattr(error, 'reason', error)}") from None


def _document(events: Iterator[Any]) -> tuple[Any, list[str]]:
    builder = _Builder(events)
    document = builder.value(next(events), 0)
    if not builder.repeated:
        return document, []
    return document, [COMPLAINT + "\n".join(builder.repeated)]


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _message(error: yaml.MarkedYAMLError) -> str:
    scanning = type(error).__name__ == "ScannerError"
    for mark in (error.context_mark, error.problem_mark):
        if mark is not None and mark.line:
            return f"yaml: line {mark.line + scanning}: {error.problem}"
    return f"yaml: {error.problem}"


class _Builder:
    """Builds one document from parser events. PyYAML's own composer recurses in C and dies of deep nesting."""

    def __init__(self, events: Iterator[Any]) -> None:
        self.repeated: list[str] = []
        self._events = events
        self._nodes = 0
        self._open: set[str] = set()
        self._anchors: dict[str, tuple[Any, int]] = {}

    def value(self, event: Any, depth: int) -> Any:
        """The value that begins with this event."""
        if depth > MAX_DEPTH:
            raise YamlError("yaml: exceeded max depth")
        self._count(1)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor)
        if event.anchor is None:
            return self._plain_value(event, depth)
        before = self._nodes
        self._open.add(event.anchor)
        found = self._plain_value(event, depth)
        self._open.discard(event.anchor)
        self._anchors[event.anchor] = (found, self._nodes - before)
        return found

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise YamlError("yaml: document contains excessive aliasing")

    def _alias(self, anchor: str) -> Any:
        if anchor in self._open:
            raise YamlError(f"yaml: anchor '{anchor}' value contains itself")
        if anchor not in self._anchors:
            raise YamlError(f"yaml: unknown anchor '{anchor}' referenced")
        found, nodes = self._anchors[anchor]
        self._count(nodes)
        return found

    def _plain_value(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return scalar(event.value, event.tag or "", plain=not event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(depth)
        return Pairs(self._mapping(depth).items())

    def _sequence(self, depth: int) -> list[Any]:
        out = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            out.append(self.value(event, depth + 1))
        return out

    def _mapping(self, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if _is_merge(event):
                merged |= _merged(self.value(next(self._events), depth + 1))
                continue
            key = _key(self.value(event, depth + 1))
            if key in out:
                self.repeated.append(f"  line {event.start_mark.line + 1}: key {quote(key)} already set in map")
            out[key] = self.value(next(self._events), depth + 1)
        return {**merged, **out}


def _is_merge(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == "<<" and not event.style and event.tag is None


def _merged(value: Any) -> dict[str, Any]:
    """What a << key brings in: earlier maps win over later ones."""
    sources = value if isinstance(value, list) and not isinstance(value, Pairs) else [value]
    merged: dict[str, Any] = {}
    for source in reversed(sources):
        if not isinstance(source, Pairs):
            raise YamlError("yaml: map merge requires map or sequence of maps as the value")
        merged |= dict(source)
    return merged


def _key(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return gofmt.float_text(value)
    raise YamlError("yaml: invalid map key")


def scalar(text: str, tag: str, *, plain: bool) -> Any:
    """What a scalar means; only an unquoted one without a tag of its own can be anything but text."""
    kind = tag.rpartition(":")[2]
    if kind == "binary":
        return _binary(text)
    if not plain and kind not in ("int", "float", "bool", "null"):
        return text
    return text if kind == "str" or tag == "!" else _resolve(text)


def _resolve(text: str) -> Any:
    if text in _NULLS:
        return None
    if text in _BOOLS or (text.lower() in _BOOLS and text in (text.capitalize(), text.upper())):
        return _BOOLS[text.lower()]
    if text.lower() in _SPECIAL:
        raise YamlError(f"json: unsupported value: {text}")
    if _INTEGER.match(text):
        return _integer(text.replace("_", ""))
    if _FLOAT.match(text) and any(char.isdigit() for char in text):
        return _finite(text)
    return text


def _finite(text: str) -> float:
    number = float(text.replace("_", ""))
    if math.isinf(number):
        raise YamlError(f"json: unsupported value: {'-' if number < 0 else '+'}Inf")
    return number


_MOST_DIGITS = 309
"""Of a float64. Go reads a longer number as neither integer nor float: it stays text."""


def _integer(text: str) -> int | str:
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    if len(digits) > _MOST_DIGITS:
        return text
    if digits[:2] in ("0b", "0x", "0o"):
        return sign * int(digits, 0)
    return sign * int(digits, 8 if digits.startswith("0") and digits != "0" else 10)


def _binary(text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except binascii.Error:
        raise YamlError("yaml: !!binary value contains invalid base64 data") from None
