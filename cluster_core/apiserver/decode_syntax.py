"""JSON text as Go sees it: what is wrong with it, and a parse that keeps repeated keys and the text of numbers.

Models encoding/json's scanner (its words for each syntax error) and sigs.k8s.io/json's view of duplicates.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from cluster_core.machinery.gofmt import quote

_SPACE = " \t\r\n"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_STRING_START = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_ENDED = "unexpected end of JSON input"
_TOO_DEEP = "exceeded max depth"
MAX_DEPTH = 200
"""How deep objects may nest: ours, far below Go's 10,000, because what is stored must be encodable (orjson stops at 254)."""


class Pairs(list[tuple[str, Any]]):
    """A JSON object in the order of its text, repeated keys and all."""


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


class JsonError(ValueError):
    """Text that is not JSON; str() is Go's message."""


def parse(body: bytes) -> Any:
    """The document with objects as Pairs and numbers as Number. Raises JsonError."""
    text = body.decode("utf-8", "replace")
    try:
        parsed = _DECODER.decode(text)
    except RecursionError:
        raise JsonError(_TOO_DEEP) from None
    except ValueError:
        raise JsonError(syntax_error(body.decode("latin-1"))) from None
    if too_deep(body, parsed):
        raise JsonError(_TOO_DEEP)
    return _without_surrogates(parsed) if "\\u" in text else parsed


def infinite(document: Any) -> str | None:
    """The first number of a parsed document that no float64 can hold."""
    level = [document]
    while level:
        for item in level:
            if isinstance(item, Number) and math.isinf(float(item)):
                return str(item)
        level = [part for item in level if isinstance(item, (list, dict)) for part in _parts(item)]
    return None


def too_deep(body: bytes, value: Any) -> bool:
    """Whether the parsed `body` nests deeper than we store; hardly ever needs a look at the value."""
    return body.count(b"{") + body.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, (list, dict))]:
        depth += 1
        level = [part for item in level for part in _parts(item)]
    return depth


def _parts(item: Any) -> Iterable[Any]:
    if isinstance(item, Pairs):
        return [value for _, value in item]
    return item.values() if isinstance(item, dict) else item


def _no_constant(name: str) -> Any:
    raise ValueError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=Number, parse_float=Number, parse_constant=_no_constant)


def _without_surrogates(value: Any) -> Any:
    """Go replaces half a surrogate pair; Python keeps it, and could not encode it again."""
    if isinstance(value, Number):
        return value
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, Pairs):
        return Pairs((_without_surrogates(key), _without_surrogates(item)) for key, item in value)
    return [_without_surrogates(item) for item in value] if isinstance(value, list) else value


def syntax_error(text: str) -> str:
    """Go's words for the first fault in `text`, whose characters are the bytes that were sent: Go names a byte."""
    return _Scanner(text).fault() or _ENDED


def _bad(char: str, context: str) -> str:
    shown = {"'": "'\\''", '"': "'\"'"}.get(char) or "'" + quote(char)[1:-1] + "'"
    return f"invalid character {shown} {context}"


_DIGITS = "0123456789"


class _Scanner:
    """Walks the text with an explicit stack of open brackets, so that depth costs no recursion."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.open: list[str] = []

    def fault(self) -> str | None:
        problem = self._value()
        while problem is None and self.open:
            problem = self._member() if self.open[-1] == "{" else self._item()
        if problem is None:
            char = self._skip()
            return _bad(char, "after top-level value") if char else None
        return problem

    def _skip(self) -> str:
        while self.at < len(self.text) and self.text[self.at] in _SPACE:
            self.at += 1
        return self.text[self.at : self.at + 1]

    def _value(self) -> str | None:
        char = self._skip()
        if not char:
            return _ENDED
        if char in "{[":
            return self._begin(char)
        if char == '"':
            return self._string()
        if char in "tfn":
            return self._literal({"t": "true", "f": "false", "n": "null"}[char])
        if char == "-" or char in _DIGITS:
            return self._number()
        return _bad(char, "looking for beginning of value")

    def _begin(self, char: str) -> str | None:
        self.at += 1
        if len(self.open) >= MAX_DEPTH:
            return _TOO_DEEP
        following = self._skip()
        if following == {"{": "}", "[": "]"}[char]:
            self.at += 1
            return None
        self.open.append(char)
        return self._key() if char == "{" else self._value()

    def _key(self) -> str | None:
        char = self._skip()
        if char != '"':
            return _bad(char, "looking for beginning of object key string") if char else _ENDED
        problem = self._string()
        if problem:
            return problem
        char = self._skip()
        if char != ":":
            return _bad(char, "after object key") if char else _ENDED
        self.at += 1
        return self._value()

    def _member(self) -> str | None:
        return self._next("}", "after object key:value pair", self._key)

    def _item(self) -> str | None:
        return self._next("]", "after array element", self._value)

    def _next(self, end: str, context: str, read: Any) -> str | None:
        char = self._skip()
        if char == end:
            self.at += 1
            self.open.pop()
            return None
        if char != ",":
            return _bad(char, context) if char else _ENDED
        self.at += 1
        found: str | None = read()
        return found

    def _string(self) -> str | None:
        whole = _STRING.match(self.text, self.at)
        if whole:
            self.at = whole.end()
            return None
        begun = _STRING_START.match(self.text, self.at)
        self.at = begun.end() if begun else len(self.text)
        return self._string_fault()

    def _string_fault(self) -> str:
        rest = self.text[self.at : self.at + 6]
        if not rest or rest == "\\":
            return _ENDED
        if rest[0] != "\\":
            return _bad(rest[0], "in string literal")
        if rest[1] != "u":
            return _bad(rest[1], "in string escape code")
        wrong = next((char for char in rest[2:] if char not in "0123456789abcdefABCDEF"), "")
        return _bad(wrong, "in \\u hexadecimal character escape") if wrong else _ENDED

    def _literal(self, word: str) -> str | None:
        for index, expected in enumerate(word):
            char = self.text[self.at : self.at + 1]
            if char != expected:
                return _bad(char, f"in literal {word} (expecting '{word[index]}')") if char else _ENDED
            self.at += 1
        return None

    def _number(self) -> str | None:
        match = _NUMBER.match(self.text, self.at)
        self.at = match.end() if match else self.at + 1
        char = self.text[self.at : self.at + 1]
        if match is None:
            return _bad(char, "in numeric literal") if char else _ENDED
        if char == ".":
            return self._number_fault(1, "after decimal point in numeric literal")
        if char and char in "eE":
            signed = self.text[self.at + 1 : self.at + 2] in ("+", "-")
            return self._number_fault(2 if signed else 1, "in exponent of numeric literal")
        return None

    def _number_fault(self, ahead: int, context: str) -> str:
        char = self.text[self.at + ahead : self.at + ahead + 1]
        return _bad(char, context) if char else _ENDED
