"""Kubernetes' own CEL functions: quantities, URLs, addresses, regular expressions, lists, versions, authorizer.

Models apiserver/pkg/cel/library. Values of Kubernetes' own types are maps with one marked member ("$quantity",
"$url", ...), because the C++ runtime knows no types of ours; equal values are equal maps.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from cel_expr_python import cel

from cluster_core.machinery import cel_addresses
from cluster_core.machinery.quantity import QuantityError, parse

DYN, BOOL, INT, STRING = cel.Type.DYN, cel.Type.BOOL, cel.Type.INT, cel.Type.STRING
DOUBLE, LIST = cel.Type.DOUBLE, cel.Type.List(cel.Type.DYN)
Mark = dict[str, Any]


class Function(NamedTuple):
    """One overload. Members are called on their first parameter."""

    name: str
    result: Any
    parameters: tuple[Any, ...]
    call: Callable[..., Any] | None
    member: bool = True


# ------------------------------------------------------------------------------------------------ quantities, versions


def _amount(value: Any) -> Fraction:
    if isinstance(value, int):
        return Fraction(value)
    return Fraction(value["$quantity"] if isinstance(value, dict) else _fraction(value))


def _fraction(text: str) -> Fraction:
    parsed = parse(text)
    return Fraction(parsed.unscaled) * Fraction(10) ** parsed.scale


def quantity(text: str) -> Mark:
    return {"$quantity": str(_fraction(text))}


def is_quantity(text: str) -> bool:
    try:
        parse(text)
    except QuantityError:
        return False
    return True


_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?\Z"
)


def _loose(text: str) -> str:
    """A version made strict: no leading v, no leading zeros, three numbers."""
    number, mark, rest = re.fullmatch(r"([^-+]*)([-+]?)(.*)", text.removeprefix("v"), re.S).groups()  # type: ignore[union-attr]
    parts = [part.lstrip("0") or "0" for part in number.split(".")]
    return ".".join([*parts, "0", "0"][: max(3, len(parts))]) + mark + rest


def is_semver(text: str, normalize: bool = False) -> bool:
    return bool(_SEMVER.match(_loose(text) if normalize else text))


def semver(text: str, normalize: bool = False) -> Mark:
    found = _SEMVER.match(_loose(text) if normalize else text)
    if found is None:
        raise ValueError("No Major.Minor.Patch elements found")
    return {"$semver": [int(found[1]), int(found[2]), int(found[3]), found[4] or ""]}


def _prerelease(text: str) -> tuple[Any, ...]:
    """Sorts as the rules say: none is last, numbers before words."""
    if not text:
        return ((2, 0, ""),)
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in text.split("."))


def _rank(value: Any) -> Any:
    if isinstance(value, dict) and "$semver" in value:
        *numbers, prerelease = value["$semver"]
        return (*numbers, _prerelease(prerelease))
    return _amount(value)


def _compare(left: Any, right: Any) -> int:
    mine, theirs = _rank(left), _rank(right)
    return int(mine > theirs) - int(mine < theirs)


def _as_integer(value: Mark) -> int:
    amount = _amount(value)
    if amount.denominator != 1 or abs(amount) >= 2**63:
        raise ValueError("cannot convert value to integer")
    return int(amount)


def _sign(value: Mark) -> int:
    amount = _amount(value)
    return (amount > 0) - (amount < 0)


_AMOUNTS = (
    Function("quantity", DYN, (STRING,), quantity, member=False),
    Function("isQuantity", BOOL, (STRING,), is_quantity, member=False),
    Function("semver", DYN, (STRING,), semver, member=False),
    Function("semver", DYN, (STRING, BOOL), semver, member=False),
    Function("isSemver", BOOL, (STRING,), is_semver, member=False),
    Function("isSemver", BOOL, (STRING, BOOL), is_semver, member=False),
    Function("major", INT, (DYN,), lambda value: value["$semver"][0]),
    Function("minor", INT, (DYN,), lambda value: value["$semver"][1]),
    Function("patch", INT, (DYN,), lambda value: value["$semver"][2]),
    Function("isLessThan", BOOL, (DYN, DYN), lambda left, right: _compare(left, right) < 0),
    Function("isGreaterThan", BOOL, (DYN, DYN), lambda left, right: _compare(left, right) > 0),
    Function("compareTo", INT, (DYN, DYN), _compare),
    Function("sign", INT, (DYN,), _sign),
    Function("add", DYN, (DYN, DYN), lambda left, right: {"$quantity": str(_amount(left) + _amount(right))}),
    Function("sub", DYN, (DYN, DYN), lambda left, right: {"$quantity": str(_amount(left) - _amount(right))}),
    Function("isInteger", BOOL, (DYN,), lambda value: _amount(value).denominator == 1 and abs(_amount(value)) < 2**63),
    Function("asInteger", INT, (DYN,), _as_integer),
    Function("asApproximateFloat", DOUBLE, (DYN,), lambda value: float(_amount(value))),
)

# ------------------------------------------------------------------------------------------------ URLs


def url(text: str) -> Mark:
    if not is_url(text):
        raise ValueError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    return {"$url": text}


def is_url(text: str) -> bool:
    """Go's url.ParseRequestURI: absolute, or a rooted path."""
    try:
        parts = urlsplit(text)
        return bool(text) and (text.startswith("/") or bool(parts.scheme and (parts.netloc or parts.path)))
    except ValueError:
        return False


def _hostname(value: Mark) -> str:
    return (urlsplit(value["$url"]).hostname or "").strip("[]")


def _port(value: Mark) -> str:
    port = urlsplit(value["$url"]).port
    return "" if port is None else str(port)


_URLS = (
    Function("url", DYN, (STRING,), url, member=False),
    Function("isURL", BOOL, (STRING,), is_url, member=False),
    Function("getScheme", STRING, (DYN,), lambda value: urlsplit(value["$url"]).scheme),
    Function("getHost", STRING, (DYN,), lambda value: urlsplit(value["$url"]).netloc.rpartition("@")[2]),
    Function("getHostname", STRING, (DYN,), _hostname),
    Function("getPort", STRING, (DYN,), _port),
    Function("getEscapedPath", STRING, (DYN,), lambda value: urlsplit(value["$url"]).path),
    Function("getQuery", DYN, (DYN,), lambda value: parse_qs(urlsplit(value["$url"]).query, keep_blank_values=True)),
)

# ------------------------------------------------------------------------------------------------ text and lists


@lru_cache(512)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _find(text: str, pattern: str) -> str:
    found = _regex(pattern).search(text)
    return found.group() if found else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match.group() for match in _regex(pattern).finditer(text)]
    return found if limit < 0 else found[:limit]


def _index(values: list[Any], wanted: Any) -> int:
    return values.index(wanted) if wanted in values else -1


def _last_index(values: list[Any], wanted: Any) -> int:
    return len(values) - 1 - values[::-1].index(wanted) if wanted in values else -1


def _is_sorted(values: list[Any]) -> bool:
    return all(left <= right for left, right in itertools.pairwise(values))


def _least(values: list[Any]) -> Any:
    if not values:
        raise ValueError("min called on empty list")
    return min(values)


def _greatest(values: list[Any]) -> Any:
    if not values:
        raise ValueError("max called on empty list")
    return max(values)


_TEXT_AND_LISTS = (
    Function("find", STRING, (STRING, STRING), _find),
    Function("findAll", LIST, (STRING, STRING), _find_all),
    Function("findAll", LIST, (STRING, STRING, INT), _find_all),
    Function("isSorted", BOOL, (LIST,), _is_sorted),
    Function("sum", DYN, (LIST,), sum),
    Function("min", DYN, (LIST,), _least),
    Function("max", DYN, (LIST,), _greatest),
    Function(
        "jsonpatchEscapeKey", STRING, (STRING,), lambda key: key.replace("~", "~0").replace("/", "~1"), member=False
    ),
    Function("indexOf", INT, (LIST, DYN), _index),
    Function("lastIndexOf", INT, (LIST, DYN), _last_index),
)

# ------------------------------------------------------------------------------------------------ authorizer


def _with(name: str) -> Callable[[Mark, str], Mark]:
    return lambda mark, value: {**mark, name: value}


_AUTHORIZER = (
    Function("path", DYN, (DYN, STRING), _with("path")),
    Function("group", DYN, (DYN, STRING), _with("group")),
    Function(
        "serviceAccount", DYN, (DYN, STRING, STRING), lambda mark, namespace, name: _account(mark, namespace, name)
    ),
    Function("resource", DYN, (DYN, STRING), _with("resource")),
    Function("subresource", DYN, (DYN, STRING), _with("subresource")),
    Function("namespace", DYN, (DYN, STRING), _with("namespace")),
    Function("name", DYN, (DYN, STRING), _with("name")),
    Function("check", DYN, (DYN, STRING), None),
    Function("allowed", BOOL, (DYN,), lambda decision: decision["$allowed"]),
    Function("reason", STRING, (DYN,), lambda decision: decision["$reason"]),
    Function("errored", BOOL, (DYN,), lambda decision: False),
    Function("error", STRING, (DYN,), lambda decision: ""),
)


def _account(mark: Mark, namespace: str, name: str) -> Mark:
    return {**mark, "user": f"system:serviceaccount:{namespace}:{name}", "account": namespace}


def check_with(check: Callable[[Mark, str], tuple[bool, str]]) -> Any:
    """The `check` function of one evaluation: (the authorizer mark, the verb) -> (allowed, reason)."""

    def call(mark: Mark, verb: str) -> Mark:
        allowed, reason = check(mark, verb)
        return {"$allowed": allowed, "$reason": reason}

    return cel.Function("check", [cel.Type.Map(STRING, DYN), STRING], True, call, DYN)


_ALL = (*_AMOUNTS, *_URLS, *_TEXT_AND_LISTS, *_AUTHORIZER, *(Function(*each) for each in cel_addresses.FUNCTIONS))


@lru_cache(1)
def declarations() -> list[Any]:
    """The functions as the library wants them."""
    by_name: dict[str, list[Any]] = {}
    for function in _ALL:
        identity = f"k8s_{function.name}_{len(function.parameters)}_{len(by_name.get(function.name, ()))}"
        more = {"impl": function.call} if function.call else {}
        overload = cel.Overload(identity, function.result, list(function.parameters), is_member=function.member, **more)
        by_name.setdefault(function.name, []).append(overload)
    return [cel.FunctionDecl(name, overloads) for name, overloads in by_name.items()]
