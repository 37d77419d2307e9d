"""Resource quantities: exact amounts such as 500m, 1.5Gi, 1e3.

Models apimachinery/pkg/api/resource: what parses, how the server writes it back (including the cases where it keeps the
text it was given), rounding up to whole or milli units, and arithmetic. Amounts are `unscaled * 10**scale`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from cluster_core.machinery import gofmt

Format = Literal["DecimalSI", "BinarySI", "DecimalExponent"]

FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
NUMERIC_WRONG = "unable to parse numeric part of quantity"
SUFFIX_WRONG = "unable to parse quantity's suffix"

_MAX = 2**63 - 1
_HUGE = 60
"""Powers of ten from which an amount counts as beyond every int64, so that 1e999999999 costs nothing."""
_SHAPE = re.compile(r"[+-]?0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)\Z")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_NAMES = {exponent: name for name, exponent in _DECIMAL.items()}
_BINARY_NAMES = {exponent: name for name, exponent in _BINARY.items()} | {0: ""}
_EXPONENT = re.compile(r"[eE]([-+]?[0-9]+)\Z")


class QuantityError(ValueError):
    """The text is no quantity; str() is the real server's message."""


@dataclass(slots=True, frozen=True)
class Quantity:
    unscaled: int
    scale: int = 0
    format: Format = "DecimalSI"
    text: str = ""
    """The text it came from, where upstream writes exactly that back."""

    def __str__(self) -> str:
        return self.text or _canonical(self)

    def value(self) -> int:
        """Whole units, fractions rounded away from zero."""
        return self.scaled(0)

    def milli(self) -> int:
        """Thousandths, finer fractions rounded away from zero."""
        return self.scaled(-3)

    def scaled(self, scale: int) -> int:
        shift = self.scale - scale
        if shift < 0:
            return _divide_up(self.unscaled, -shift)
        if shift > _HUGE:
            return _MAX if self.unscaled > 0 else -_MAX if self.unscaled else 0
        return self.unscaled * _ten(shift)

    def round_up(self, scale: int) -> Quantity:
        if self.scale >= scale:
            return self
        return Quantity(self.scaled(scale), scale, self.format)

    def sign(self) -> int:
        return (self.unscaled > 0) - (self.unscaled < 0)

    def is_zero(self) -> bool:
        return self.unscaled == 0

    def compare(self, other: Quantity) -> int:
        if self.sign() != other.sign():
            return self.sign() - other.sign()
        mine, theirs = _magnitude(self), _magnitude(other)
        if mine != theirs:
            return self.sign() if mine > theirs else -self.sign()
        scale = min(self.scale, other.scale)
        left = self.unscaled * _ten(self.scale - scale)
        right = other.unscaled * _ten(other.scale - scale)
        return (left > right) - (left < right)

    def add(self, other: Quantity) -> Quantity:
        """The sum; a zero takes the other's format, as upstream."""
        format = self.format if self.unscaled else other.format
        scale = min(self.scale, other.scale)
        left = self.unscaled * _ten(min(self.scale - scale, _HUGE))
        right = other.unscaled * _ten(min(other.scale - scale, _HUGE))
        return Quantity(left + right, scale, format)

    def sub(self, other: Quantity) -> Quantity:
        return self.add(other.negate())

    def negate(self) -> Quantity:
        return Quantity(-self.unscaled, self.scale, self.format)

    def times(self, factor: int) -> Quantity:
        return Quantity(self.unscaled * factor, self.scale, self.format)

    def __lt__(self, other: Quantity) -> bool:
        return self.compare(other) < 0

    def __le__(self, other: Quantity) -> bool:
        return self.compare(other) <= 0

    def equals(self, other: Quantity) -> bool:
        """Same amount, however it is written."""
        return self.compare(other) == 0


ZERO = Quantity(0)


def _ten(power: int) -> int:
    return int(10**power)


def _magnitude(quantity: Quantity) -> int:
    return len(str(abs(quantity.unscaled))) + quantity.scale if quantity.unscaled else 0


def _divide_up(amount: int, powers: int) -> int:
    """amount / 10**powers, away from zero."""
    if powers > len(str(amount)):
        return (amount > 0) - (amount < 0)
    whole, rest = divmod(abs(amount), _ten(powers))
    whole += bool(rest)
    return whole if amount >= 0 else -whole


def parse(source: str | int | float | Quantity) -> Quantity:
    """The quantity a JSON string or number means. Raises QuantityError."""
    if isinstance(source, Quantity):
        return source
    if isinstance(source, str):
        return _parse_text(source)
    return _parse_text(gofmt.json_float(source) if isinstance(source, float) else str(source))


@lru_cache(maxsize=8192)
def _parse_text(source: str) -> Quantity:
    text = source.strip(" \t\r\n\v\f\x85\xa0")
    match = _SHAPE.match(text) if text else None
    if match is None:
        raise QuantityError(FORMAT_WRONG)
    if text == "0":
        return Quantity(0, 0, "DecimalSI", "0")
    whole, fraction, suffix = match[1] or "0", match[2] or "", match[3]
    format, exponent = _interpret(suffix)
    digits = whole + fraction
    amount = -int(digits) if text.startswith("-") else int(digits)
    if format == "BinarySI":
        return _binary(text, amount, (len(whole), len(fraction)), exponent)
    scale = exponent - len(fraction)
    if scale < -9:
        return Quantity(_divide_up(amount, -9 - scale), -9, format)
    kept = len(digits) <= 18 and scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"
    return Quantity(amount, scale, format, text if kept else "")


def _interpret(suffix: str) -> tuple[Format, int]:
    if suffix in _DECIMAL:
        return "DecimalSI", _DECIMAL[suffix]
    if suffix in _BINARY:
        return "BinarySI", _BINARY[suffix]
    match = _EXPONENT.match(suffix)
    if match is None or abs(int(match[1])) > _MAX:
        raise QuantityError(SUFFIX_WRONG)
    return "DecimalExponent", (int(match[1]) + 2**31) % 2**32 - 2**31


def _binary(text: str, amount: int, lengths: tuple[int, int], exponent: int) -> Quantity:
    whole, fraction = lengths
    result = amount << exponent
    if not fraction:
        if 14 - whole - exponent * 3 // 10 >= 0 and abs(result) <= _MAX:
            return Quantity(result, 0, "BinarySI", text if amount & 7 else "")
        return Quantity(max(-_MAX, min(_MAX, result)), 0, "BinarySI")
    return _binary_fraction(result, fraction)


def _binary_fraction(result: int, fraction: int) -> Quantity:
    scale = -fraction
    if scale < -9:
        result, scale = _divide_up(result, -9 - scale), -9
    if abs(result) > _MAX * _ten(-scale):
        return Quantity(_MAX if result > 0 else -_MAX, 0, "BinarySI")
    small = 0 < abs(result) < _ten(-scale)
    return Quantity(result, scale, "DecimalSI" if small else "BinarySI")


def _canonical(quantity: Quantity) -> str:
    if not quantity.unscaled:
        return "0"
    if quantity.format == "BinarySI":
        whole = quantity.value()
        exact = quantity.scale >= 0 or whole * _ten(-quantity.scale) == quantity.unscaled
        if exact and abs(whole) >= 1024:
            return _with_binary_suffix(whole)
    return _with_decimal_suffix(quantity)


def _with_binary_suffix(amount: int) -> str:
    exponent = 0
    while amount % 1024 == 0:
        amount //= 1024
        exponent += 10
    return f"{amount}{_BINARY_NAMES.get(exponent, '')}"


def _with_decimal_suffix(quantity: Quantity) -> str:
    amount, exponent = quantity.unscaled, quantity.scale
    while amount % 10 == 0:
        amount //= 10
        exponent += 1
    amount, exponent = amount * _ten(exponent % 3), exponent - exponent % 3
    if quantity.format == "DecimalExponent":
        return f"{amount}e{exponent}" if exponent else str(amount)
    return f"{amount}{_DECIMAL_NAMES.get(exponent, '')}"


def canonical(source: str | int | float) -> str:
    """The text the server writes back. Raises QuantityError."""
    return str(parse(source))


def in_bytes(amount: int) -> str:
    """Bytes in the largest binary unit that is exact, as resource.NewQuantity(n, BinarySI) prints them."""
    return str(of_value(amount, "BinarySI"))


def milli(source: str | int | float | Quantity) -> int:
    """ceil(amount * 1000). Raises QuantityError."""
    return _milli(source) if isinstance(source, str) else parse(source).milli()


def value(source: str | int | float | Quantity) -> int:
    """ceil(amount). Raises QuantityError."""
    return _value(source) if isinstance(source, str) else parse(source).value()


@lru_cache(maxsize=8192)
def _milli(source: str) -> int:
    return _parse_text(source).milli()


@lru_cache(maxsize=8192)
def _value(source: str) -> int:
    return _parse_text(source).value()


def compare(left: str | int | float | Quantity, right: str | int | float | Quantity) -> int:
    return parse(left).compare(parse(right))


def of_value(amount: int, format: Format = "DecimalSI") -> Quantity:
    return Quantity(amount, 0, format)


def of_milli(amount: int, format: Format = "DecimalSI") -> Quantity:
    return Quantity(amount, -3, format)
