"""Print values as Go does, because API messages carry Go's spelling.

Models strconv.Quote, fmt's %v for plain JSON data, and encoding/json with its HTML escaping.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SHORT = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
_SHORT |= {'"': '\\"', "\\": "\\\\"}
_JSON_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_JSON_SPECIAL = re.compile('[\x00-\x1f"\\\\<>&\u2028\u2029]')
_QUOTE_PLAIN = re.compile(r'[ !#-\[\]-~]*\Z')


class Raw(str):
    """Text that a message shows as it stands, without quotes: an already formatted value."""

    __slots__ = ()


def quote(text: str) -> str:
    """strconv.Quote, also fmt's %q."""
    if _QUOTE_PLAIN.match(text):
        return f'"{text}"'
    return '"' + "".join(map(_quoted_rune, text)) + '"'


def _quoted_rune(char: str) -> str:
    short = _SHORT.get(char)
    if short is not None:
        return short
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def json_string(text: str) -> str:
    """A string as encoding/json writes it, < > & escaped."""
    return '"' + _JSON_SPECIAL.sub(_json_escape, text) + '"'


def _json_escape(match: re.Match[str]) -> str:
    char = match.group()
    return _JSON_SHORT.get(char) or f"\\u{ord(char):04x}"


def json_text(value: Any, sort: bool = True) -> str:
    """encoding/json of plain data. Maps are sorted; pass sort=False where the dict keeps a Go struct's field order."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return json_string(value)
    if isinstance(value, Mapping):
        items = sorted(value.items()) if sort else value.items()
        return "{" + ",".join(f"{json_string(key)}:{json_text(item, sort)}" for key, item in items) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(json_text(item, sort) for item in value) + "]"
    return _json_scalar(value)


def _json_scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return json_float(value)
    return str(value)


def _float_parts(value: float) -> tuple[str, str, int]:
    """Sign, significant digits and decimal exponent of the shortest text that reads back as `value`."""
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = whole + fraction
    stripped = digits.lstrip("0")
    power = int(exponent or 0) + len(whole) - 1 - (len(digits) - len(stripped))
    return sign, stripped.rstrip("0") or "0", power if stripped else 0


def _exponential(sign: str, digits: str, power: int, width: int) -> str:
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'-' if power < 0 else '+'}{abs(power):0{width}d}"


def _positional(sign: str, digits: str, power: int) -> str:
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    digits = digits.ljust(power + 1, "0")
    fraction = digits[power + 1 :]
    return sign + digits[: power + 1] + (f".{fraction}" if fraction else "")


def json_float(value: float) -> str:
    """A float64 as encoding/json writes it: 1 for 1.0, 1e+21, 1e-7."""
    sign, digits, power = _float_parts(value)
    if power < -6 or power >= 21:
        return _exponential(sign, digits, power, 1)
    return _positional(sign, digits, power)


_POSITIONAL = 6
"""strconv's %e threshold for the shortest form."""


def float_text(value: float) -> str:
    """A float64 as %v writes it: 1e+06 and above with an exponent."""
    sign, digits, power = _float_parts(value)
    if power < -4 or power >= _POSITIONAL:
        return _exponential(sign, digits, power, 2)
    return _positional(sign, digits, power)


def verb_v(value: Any) -> str:
    """fmt's %v of plain data: map[a:1 b:[x y]], <nil>, true."""
    if value is None:
        return "<nil>"
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{verb_v(k)}:{verb_v(v)}" for k, v in sorted(value.items())) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(map(verb_v, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    return str(value)


def verb_s(value: Any) -> str:
    """fmt's %s of plain data: only texts are printed without complaint."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{verb_s(k)}:{verb_s(v)}" for k, v in sorted(value.items())) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(map(verb_s, value)) + "]"
    if value is None:
        return "%!s(<nil>)"
    kind = "bool" if isinstance(value, bool) else "float64" if isinstance(value, float) else "int64"
    return f"%!s({kind}={verb_v(value)})"


def json_kind(value: Any) -> str:
    """The word encoding/json uses for a JSON value in "cannot unmarshal X into Go value"."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, (list, tuple)):
        return "array"
    return "null" if value is None else "number"
