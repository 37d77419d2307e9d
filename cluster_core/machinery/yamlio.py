"""Reading YAML that strangers send: several documents, bounded in every direction.

Models sigs.k8s.io/yaml and the API server's limits: 3 MiB, 100,000 nodes after aliases are expanded, depth 100. Only
JSON's types come out; keys become text as sigs.k8s.io/yaml makes them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from cluster_core.machinery import gofmt

MAX_BYTES = 3 * 1024 * 1024
MAX_NODES = 100_000
MAX_DEPTH = 100

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_QUOTED = ("'", '"', "|", ">")
_TEXT = "tag:yaml.org,2002:str"
_IMPLICIT = yaml.resolver.Resolver()
_TEXT_TAGS = ("tag:yaml.org,2002:binary",)
_IMPLICIT_TAGS = frozenset("tag:yaml.org,2002:" + kind for kind in ("str", "int", "float", "bool", "null", "timestamp"))
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_INTEGRAL = 1e21
"""Below this a whole float is written without a fraction on its way through JSON, and so read as an integer."""
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


class YamlError(ValueError):
    """What is wrong and where; `line` and `column` count from one, 0 when unknown. str() is the Go parser's text."""

    def __init__(self, message: str, line: int = 0, column: int = 0, shown_line: int | None = None) -> None:
        shown = line if shown_line is None else shown_line
        super().__init__(f"yaml: line {shown}: {message}" if shown else f"yaml: {message}")
        self.message = message
        self.line = line
        self.column = column


@dataclass(slots=True, frozen=True)
class Document:
    """One document; `line` is where it begins, from one. `duplicates` tells of keys given twice, in Go's words."""

    value: Any
    line: int
    duplicates: tuple[str, ...] = ()


def read(source: str | bytes) -> list[Document]:
    """All documents that hold anything. Raises YamlError."""
    size = len(source.encode()) if isinstance(source, str) else len(source)
    if size > MAX_BYTES:
        raise YamlError(f"the input is {size} bytes long, the limit is {MAX_BYTES}")
    try:
        return [_document(node) for node in _nodes(source) if not _is_empty(node)]
    except yaml.MarkedYAMLError as error:
        raise _marked(error) from error
    except yaml.YAMLError as error:
        raise YamlError(str(getattr(error, "reason", error))) from error
    except UnicodeDecodeError as error:
        raise YamlError("the input is no valid UTF-8") from error


def read_one(source: str | bytes) -> Any:
    """The only document's value, None when there is none. Raises YamlError when there are several."""
    documents = read(source)
    if len(documents) > 1:
        raise YamlError("expected a single document", documents[1].line)
    return documents[0].value if documents else None


def _check_depth(source: str | bytes) -> None:
    """Refuse deep nesting before PyYAML's composer, which recurses in C and would end the process, sees it."""
    depth = 0
    for event in yaml.parse(source, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH + 1:
                raise YamlError(f"nested deeper than {MAX_DEPTH}", event.start_mark.line + 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _nodes(source: str | bytes) -> Iterator[yaml.Node]:
    _check_depth(source)
    loader = _LOADER(source)
    try:
        while loader.check_node():
            yield loader.get_node()
    except RecursionError as error:
        raise YamlError(f"nested deeper than {MAX_DEPTH}") from error
    finally:
        loader.dispose()


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "" and node.tag.endswith(":null")


def _marked(error: yaml.MarkedYAMLError) -> YamlError:
    """Go's parser counts lines from zero, except in the scanner, and knows no line of an unknown anchor."""
    mark = error.problem_mark or error.context_mark
    text = error.problem or error.context or "cannot be read"
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    if isinstance(error, yaml.scanner.ScannerError):
        return YamlError(text, line, column)
    if isinstance(error, yaml.parser.ParserError):
        return YamlError(text, line, column, line - 1)
    return YamlError(text, line, column, 0)


def _document(node: yaml.Node) -> Document:
    builder = _Builder()
    value = builder.build(node, ())
    return Document(value, node.start_mark.line + 1, tuple(builder.duplicates))


Place = tuple[str, ...]


class _Builder:
    """Turns one document's nodes into plain data, counting as aliases are expanded."""

    def __init__(self) -> None:
        self._left = MAX_NODES
        self.duplicates: list[str] = []

    def build(self, node: yaml.Node, place: Place) -> Any:
        self._left -= 1
        if self._left < 0:
            raise self._error(node, f"more than {MAX_NODES} nodes")
        if len(place) >= MAX_DEPTH:
            raise self._error(node, f"nested deeper than {MAX_DEPTH}")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*place, f"[{index}]")) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _error(self, node: yaml.Node, text: str) -> YamlError:
        return YamlError(text, node.start_mark.line + 1, node.start_mark.column + 1)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged.update(self._merged(value_node, place))
                continue
            key = self._key(key_node)
            if key in own:
                line = key_node.start_mark.line + 1
                self.duplicates.append(f"line {line}: key {gofmt.quote(key)} already set in map")
            own[key] = self.build(value_node, (*place, key))
        return {**merged, **own} if merged else own

    def _merged(self, node: yaml.Node, place: Place) -> dict[str, Any]:
        """What << brings in; of several, the first wins."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                raise self._error(source, "map merge requires map or sequence of maps as the value")
            for key, value in self.build(source, (*place, "<<")).items():
                merged.setdefault(key, value)
        return merged

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, "a key must be a scalar")
        value = self._scalar(node)
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        return gofmt.float_text(value) if isinstance(value, float) else str(value)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.style in _QUOTED or node.tag in _TEXT_TAGS:
            return node.value
        if node.tag not in _IMPLICIT_TAGS:
            raise self._error(node, f"cannot decode {node.tag}")
        value = plain(node.value)
        if node.tag == _TEXT and _IMPLICIT.resolve(yaml.ScalarNode, node.value, (True, False)) != _TEXT:
            return node.value  # only an explicit !!str makes text of what reads as something else
        if isinstance(value, float) and not math.isfinite(value):
            raise self._error(node, f"json: unsupported value: {gofmt.verb_v(value)}")
        return value


def plain(text: str) -> Any:
    """What an unquoted scalar means to Go's parser: text, number, truth or null."""
    if text in _WORDS:
        return _WORDS[text]
    digits = text.replace("_", "")
    match = _INTEGER.fullmatch(digits)
    if match is not None:
        base = next((base for base, group in ((16, 2), (2, 3), (8, 4), (10, 5)) if match[group] is not None), 10)
        number = int(match[match.lastindex or 0], base)
        if number < 2**64:
            return -number if match[1] == "-" else number
    if not _FLOAT.fullmatch(digits):
        return text
    value = float(digits)
    whole = abs(value) < _INTEGRAL and value.is_integer()
    return int(value) if whole else value
