"""Checks of names: each returns the list of what is wrong, in the real words; empty when nothing is.

Models apimachinery/pkg/util/validation and api/validate/content. Lengths count UTF-8 bytes, as Go's len.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_UNDERSCORE = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_SUBDOMAIN_UNDERSCORE = rf"{_LABEL_UNDERSCORE}(\.{_LABEL_UNDERSCORE})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_WILDCARD = rf"\*\.{_SUBDOMAIN}"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_ENV_NAME = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_PERCENT = "[0-9]+%"
_HTTP_HEADER = "[-A-Za-z0-9]+"
HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"

_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, {}'-' or '.', "
    "and must start and end with an alphanumeric character"
)
_CASELESS_TEXT = (
    "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
_WILDCARD_TEXT = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)
_QUALIFIED_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_LABEL_VALUE_TEXT = f"a valid label must be an empty string or {_QUALIFIED_TEXT.removeprefix('must ')}"
_C_IDENTIFIER_TEXT = (
    "a valid C identifier must start with alphabetic character or '_', "
    "followed by a string of alphanumeric characters or '_'"
)
_ENV_NAME_TEXT = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', "
    "and must not start with a digit"
)

_is_label = re.compile(_LABEL).fullmatch
_is_subdomain = re.compile(_SUBDOMAIN).fullmatch
_is_subdomain_caseless = re.compile(_SUBDOMAIN, re.IGNORECASE | re.ASCII).fullmatch
_is_qualified = re.compile(_QUALIFIED).fullmatch
_is_label_value = re.compile(_LABEL_VALUE).fullmatch

_MANY = 16384


def length(text: str) -> int:
    """Bytes, as Go counts."""
    return len(text) if text.isascii() else len(text.encode())


def max_length_error(limit: int, unit: str = "characters") -> str:
    return f"must be no more than {limit} {unit}"


def regex_error(message: str, pattern: str, *examples: str) -> str:
    if not examples:
        return f"{message} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


def range_error(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def _checked(text: str, limit: int, ok: bool, *error: str) -> list[str]:
    problems = [max_length_error(limit)] if limit and length(text) > limit else []
    return problems if ok else [*problems, regex_error(*error)]


@lru_cache(_MANY)
def _label(text: str) -> tuple[str, ...]:
    problems = _checked(text, 63, True)
    if not _is_label(text):
        dotted = _is_subdomain(text)
        problems.append("must not contain dots" if dotted else regex_error(_LABEL_TEXT, _LABEL, "my-name", "123-abc"))
    return tuple(problems)


def dns1123_label(text: str) -> list[str]:
    return list(_label(text))


@lru_cache(_MANY)
def _subdomain(text: str) -> tuple[str, ...]:
    error = (_SUBDOMAIN_TEXT.format(""), _SUBDOMAIN, "example.com")
    return tuple(_checked(text, 253, bool(_is_subdomain(text)), *error))


def dns1123_subdomain(text: str) -> list[str]:
    return list(_subdomain(text))


def dns1123_subdomain_caseless(text: str) -> list[str]:
    return _checked(text, 253, bool(_is_subdomain_caseless(text)), _CASELESS_TEXT, _SUBDOMAIN, "Example.com")


def dns1123_subdomain_underscore(text: str) -> list[str]:
    ok = bool(re.fullmatch(_SUBDOMAIN_UNDERSCORE, text))
    return _checked(text, 253, ok, _SUBDOMAIN_TEXT.format("'_', "), _SUBDOMAIN_UNDERSCORE, "example.com")


def dns1035_label(text: str) -> list[str]:
    ok = bool(re.fullmatch(_LABEL_1035, text))
    return _checked(text, 63, ok, _LABEL_1035_TEXT, _LABEL_1035, "my-name", "abc-123")


def wildcard_subdomain(text: str) -> list[str]:
    ok = bool(re.fullmatch(_WILDCARD, text))
    return _checked(text, 253, ok, _WILDCARD_TEXT, _WILDCARD, "*.example.com")


def _bytes(messages: tuple[str, ...]) -> list[str]:
    """Newer checks say bytes where the older ones say characters."""
    return [re.sub(r"^(must be no more than \d+) characters$", r"\1 bytes", message) for message in messages]


def long_name(text: str) -> list[str]:
    """A subdomain, as the declarative format k8s-long-name words it."""
    return _bytes(_subdomain(text))


@lru_cache(_MANY)
def _qualified(text: str) -> tuple[str, ...]:
    parts = text.split("/")
    pattern_error = regex_error(_QUALIFIED_TEXT, _QUALIFIED, "MyName", "my.name", "123-abc")
    if len(parts) > 2:
        tail = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return (f"a valid label key {pattern_error}{tail}",)
    problems = _prefix_problems(parts[0]) if len(parts) == 2 else []
    name = parts[-1]
    if not name:
        problems.append("name part must be non-empty")
    elif length(name) > 63:
        problems.append("name part " + max_length_error(63, "bytes"))
    if not _is_qualified(name):
        problems.append("name part " + pattern_error)
    return tuple(problems)


def _prefix_problems(prefix: str) -> list[str]:
    if not prefix:
        return ["prefix part must be non-empty"]
    return ["prefix part " + problem for problem in _bytes(_subdomain(prefix))]


def qualified_name(text: str) -> list[str]:
    """Label and annotation keys, resource names: [prefix/]name."""
    return list(_qualified(text))


label_key = qualified_name


@lru_cache(_MANY)
def _label_value_problems(text: str) -> tuple[str, ...]:
    error = (_LABEL_VALUE_TEXT, _LABEL_VALUE, "MyValue", "my_value", "12345")
    return tuple(_bytes(tuple(_checked(text, 63, bool(_is_label_value(text)), *error))))


def label_value(text: str) -> list[str]:
    return list(_label_value_problems(text))


def c_identifier(text: str) -> list[str]:
    ok = bool(re.fullmatch(_C_IDENTIFIER, text))
    return _checked(text, 0, ok, _C_IDENTIFIER_TEXT, _C_IDENTIFIER, "my_name", "MY_NAME", "MyName")


def env_var_name(text: str) -> list[str]:
    """The strict check (feature gate RelaxedEnvironmentVariableValidation off)."""
    ok = bool(re.fullmatch(_ENV_NAME, text))
    problems = _checked(text, 0, ok, _ENV_NAME_TEXT, _ENV_NAME, "my.env-name", "MY_ENV.NAME", "MyEnvName1")
    return problems + _parent_directory(text)


def relaxed_env_var_name(text: str) -> list[str]:
    problems = [] if text else ["environment variable name must be non-empty"]
    if not re.fullmatch("[ -<>-~]*", text):
        text = "a valid environment variable name must consist only of printable ASCII characters other than '='"
        problems.append(text)
    return problems


def config_map_key(text: str) -> list[str]:
    message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    ok = bool(re.fullmatch(_CONFIG_KEY, text))
    problems = _checked(text, 253, ok, message, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name")
    return problems + _parent_directory(text)


def _parent_directory(text: str) -> list[str]:
    if text in (".", ".."):
        return [f"must not be '{text}'"]
    return ["must not start with '..'"] if text.startswith("..") else []


def path_segment_name(text: str) -> list[str]:
    return [f"may not be '{text}'"] if text in (".", "..") else path_segment_prefix(text)


def path_segment_prefix(text: str) -> list[str]:
    return [f"may not contain '{part}'" for part in "/%" if part in text]


def port_number(port: int) -> list[str]:
    return in_range(port, 1, 65535)


def in_range(number: int, low: int, high: int) -> list[str]:
    return [] if low <= number <= high else [range_error(low, high)]


def user_or_group_id(number: int) -> list[str]:
    return in_range(number, 0, 2**31 - 1)


def port_name(text: str) -> list[str]:
    problems = _checked(text, 15, True)
    if not re.fullmatch("[-a-z0-9]+", text):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        problems.append("must contain at least one letter (a-z)")
    if "--" in text:
        problems.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return problems


def percent(text: str) -> list[str]:
    message = "a valid percent string must be a numeric string followed by an ending '%'"
    return _checked(text, 0, bool(re.fullmatch(_PERCENT, text)), message, _PERCENT, "1%", "93%")


def http_header_name(text: str) -> list[str]:
    message = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return _checked(text, 0, bool(re.fullmatch(_HTTP_HEADER, text)), message, _HTTP_HEADER, "X-Header-Name")


SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no 0, 1, 3, so that random names spell nothing."""


class Chooser(Protocol):
    """The one method needed of a seeded random stream."""

    def choice(self, options: str, /) -> str: ...


def random_suffix(rng: Chooser, count: int = 5) -> str:
    return "".join(rng.choice(SUFFIX_ALPHABET) for _ in range(count))


def generated_name(base: str, rng: Chooser) -> str:
    """metadata.generateName filled in: the base cut to leave room for five random characters in 63."""
    return base[:58] + random_suffix(rng)


def safe_encode(text: str) -> str:
    """Any text in the suffix alphabet, one character for one (rand.SafeEncodeString)."""
    return "".join(SUFFIX_ALPHABET[ord(char) % len(SUFFIX_ALPHABET)] for char in text)


def fnv32a(data: bytes | str) -> int:
    """32-bit FNV-1a."""
    digest = 0x811C9DC5
    for byte in data.encode() if isinstance(data, str) else data:
        digest = (digest ^ byte) * 0x01000193 & 0xFFFFFFFF
    return digest
