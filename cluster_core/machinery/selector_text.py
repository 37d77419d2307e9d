"""The text form of label selectors and field selectors, as in ?labelSelector= and ?fieldSelector=.

Models the parsers of apimachinery/pkg/labels and pkg/fields, with their error texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from cluster_core.machinery import field, gofmt, names
from cluster_core.machinery.selectors import Requirement, Selector, SelectorError, requirement

_TOKEN = re.compile(r"[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^=!(),<> \t\r\n]+))")
_BINARY = {"in": "in", "notin": "notin", "=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt"}
_SPECIAL = frozenset(("==", "!=", "=", "!", "(", ")", ",", "<", ">"))
_END = ""


def _scan(text: str) -> list[str]:
    """Symbols and words; the end is ""."""
    return [match[1] or match[2] for match in _TOKEN.finditer(text.partition("\0")[0])] + [_END]


def _is_word(token: str) -> bool:
    return token != _END and token not in _SPECIAL


class _Parser:
    """Recursive descent over the tokens, one method per rule of upstream's grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = _scan(text)
        self._at = 0

    def _peek(self) -> str:
        return self._tokens[min(self._at, len(self._tokens) - 1)]

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def parse(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            token = self._peek()
            if token == _END:
                return found
            if not _is_word(token) and token != "!":
                raise SelectorError(f"found '{token}', expected: !, identifier, or 'end of string'")
            found.append(self._checked_requirement())
            if self._separator():
                return found

    def _checked_requirement(self) -> Requirement:
        try:
            return self._requirement()
        except SelectorError as error:
            raise SelectorError(f"unable to parse requirement: {error}") from None

    def _separator(self) -> bool:
        """True at the end of the text."""
        token = self._next()
        if token == _END:
            return True
        if token != ",":
            raise SelectorError(f"found '{token}', expected: ',' or 'end of string'")
        following = self._peek()
        if not _is_word(following) and following != "!":
            raise SelectorError(f"found '{following}', expected: identifier after ','")
        return False

    def _requirement(self) -> Requirement:
        negated = self._peek() == "!"
        if negated:
            self._next()
        key = self._key()
        if negated or self._peek() in (_END, ","):
            return requirement(key, "!" if negated else "exists")
        token = self._next()
        if token not in _BINARY:
            raise SelectorError(f"found '{token}', expected: in, notin, =, ==, !=, gt, lt")
        values = self._values() if token in ("in", "notin") else self._one_value()
        return requirement(key, _BINARY[token], sorted(values))

    def _key(self) -> str:
        key = self._next()
        if not _is_word(key):
            raise SelectorError(f"found '{key}', expected: identifier")
        wrong = names.qualified_name(key)
        if wrong:
            raise SelectorError(str(field.invalid("<nil>", key, "; ".join(wrong))))
        return key

    def _one_value(self) -> set[str]:
        if self._peek() in (_END, ","):
            return {""}
        token = self._next()
        if not _is_word(token):
            raise SelectorError(f"found '{token}', expected: identifier")
        return {token}

    def _values(self) -> set[str]:
        opening = self._next()
        if opening != "(":
            raise SelectorError(f"found '{opening}' expected: '('")
        first = self._peek()
        if first == ")":
            self._next()
            return {""}
        if first != "," and not _is_word(first):
            raise SelectorError(f"found '{first}', expected: ',', ')' or identifier")
        values = self._value_list()
        self._next()
        return values

    def _value_list(self) -> set[str]:
        values: set[str] = set()
        while True:
            token = self._next()
            if _is_word(token):
                values.add(token)
                if self._peek() not in (",", ")"):
                    raise SelectorError(f"found '{self._peek()}', expected: ',' or ')'")
            elif token == ",":
                if not values or self._peek() in (",", ")"):
                    values.add("")
            else:
                raise SelectorError(f"found '{token}', expected: ',', or identifier")
            if self._peek() == ")":
                return values


@lru_cache(4096)
def parse_labels(text: str) -> Selector:
    """A label selector such as "app in (a,b),!legacy". Raises SelectorError."""
    return Selector(tuple(sorted(_Parser(text).parse(), key=lambda one: one.key)))


@dataclass(slots=True, frozen=True)
class FieldSelector:
    """Terms (field, "=" or "!=", value); all must hold."""

    terms: tuple[tuple[str, str, str], ...] = ()

    def matches(self, fields: Mapping[str, str]) -> bool:
        return all((fields.get(name, "") == value) == (operator == "=") for name, operator, value in self.terms)

    def exact(self, name: str) -> str | None:
        return next((value for found, operator, value in self.terms if found == name and operator == "="), None)

    def transform(self, convert: Callable[[str, str], tuple[str, str]]) -> FieldSelector:
        """Every term through `convert(field, value)`, which raises for a field that cannot be selected on."""
        terms = []
        for name, operator, value in self.terms:
            name, value = convert(name, value)
            if name or value:
                terms.append((name, operator, value))
        return FieldSelector(tuple(terms))

    def __str__(self) -> str:
        return ",".join(f"{name}{operator}{escape_value(value)}" for name, operator, value in self.terms)


_FIELD_OPERATOR = re.compile("!=|==|=")


def escape_value(text: str) -> str:
    return re.sub(r"([\\,=])", r"\\\1", text)


@lru_cache(4096)
def parse_fields(text: str) -> FieldSelector:
    """A field selector such as "spec.nodeName=a,status.phase!=Failed". Raises SelectorError."""
    terms = []
    for part in sorted(re.findall(r"(?:\\.|[^\\,]|\\\Z)+", text, re.DOTALL)):
        match = _FIELD_OPERATOR.search(part)
        if match is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        operator = "!=" if match[0] == "!=" else "="
        terms.append((part[: match.start()], operator, _unescape(part[match.end() :])))
    return FieldSelector(tuple(terms))


def _unescape(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        sequence = match[0]
        if sequence in ("\\\\", "\\,", "\\="):
            return sequence[1]
        if sequence.startswith("\\"):
            raise SelectorError(f"invalid field selector: invalid escape sequence: {sequence}")
        raise SelectorError(f"invalid field selector: unescaped character in value: {gofmt.verb_v(ord(sequence))}")

    return re.sub(r"\\.?|[,=]", plain, text, flags=re.DOTALL)
