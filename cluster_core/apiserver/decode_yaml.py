"""YAML bodies as the API server reads them: YAML 1.1 scalars, keys as text, repeated keys reported, no bombs.

Models sigs.k8s.io/yaml over goyaml.v2. The limits (100,000 nodes after aliases are expanded, depth 100) are ours, from
the upstream decoder's alias check.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
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
_RESOLVER = yaml.resolver.Resolver()
_MERGE = "tag:yaml.org,2002:merge"


class YamlError(ValueError):
    """Text that is not YAML, or is too much of it; str() is the message."""


def parse(body: bytes) -> tuple[Any, list[str]]:
    """The first document, objects as Pairs, and the complaint about repeated keys, if any. Raises YamlError."""
    try:
        loader = _LOADER(body.decode("utf-8", "replace"))
        loader.check_node()
        node = loader.get_node()
    except yaml.MarkedYAMLError as error:
        raise YamlError(_message(error)) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(f"yaml: {error}") from None
    builder = _Builder()
    document = None if node is None else builder.build(node, 0)
    if not builder.repeated:
        return document, []
    return document, ["yaml: unmarshal errors:\n" + "\n".join(builder.repeated)]


_LOADER: Callable[[str], Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _message(error: yaml.MarkedYAMLError) -> str:
    scanning = type(error).__name__ == "ScannerError"
    for mark in (error.context_mark, error.problem_mark):
        if mark is not None and mark.line:
            return f"yaml: line {mark.line + scanning}: {error.problem}"
    return f"yaml: {error.problem}"


class _Builder:
    def __init__(self) -> None:
        self.repeated: list[str] = []
        self._nodes = 0

    def build(self, node: Any, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise YamlError("yaml: document contains excessive aliasing")
        if depth > MAX_DEPTH:
            raise YamlError("yaml: exceeded max depth")
        if isinstance(node, yaml.ScalarNode):
            return scalar(node.value, node.tag, plain=not node.style)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, depth + 1) for item in node.value]
        return Pairs(self._mapping(node, depth).items())

    def _mapping(self, node: Any, depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged |= self._merge(value_node, depth)
                continue
            key = _key(self.build(key_node, depth + 1))
            if key in out:
                line = key_node.start_mark.line + 1
                self.repeated.append(f"  line {line}: key {quote(key)} already set in map")
            out[key] = self.build(value_node, depth + 1)
        return {**merged, **out}

    def _merge(self, node: Any, depth: int) -> dict[str, Any]:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth + 1)
        if not isinstance(node, yaml.SequenceNode):
            raise YamlError("yaml: map merge requires map or sequence of maps as the value")
        merged: dict[str, Any] = {}
        for item in reversed(node.value):
            merged |= self._merge(item, depth + 1)
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
    """What a scalar means; only unquoted ones can be anything but text."""
    kind = tag.rpartition(":")[2]
    if kind == "binary":
        return _binary(text)
    return _resolve(text) if plain and not _said_to_be_text(text, kind) else text


def _said_to_be_text(text: str, kind: str) -> bool:
    """An explicit !!str: PyYAML would have guessed another tag."""
    return kind == "str" and not str(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False))).endswith(":str")


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


def _integer(text: str) -> int:
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    if digits[:2] in ("0b", "0x", "0o"):
        return sign * int(digits, 0)
    return sign * int(digits, 8 if digits.startswith("0") and digits != "0" else 10)


def _binary(text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except binascii.Error:
        raise YamlError("yaml: !!binary value contains invalid base64 data") from None
