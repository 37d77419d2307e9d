"""Names are checked in the real words."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_core.machinery import names

GOOD: list[tuple[Any, str]] = [
    (names.dns1123_label, "a-1"),
    (names.dns1123_subdomain, "a.b-c.9"),
    (names.dns1123_subdomain_caseless, "A.b"),
    (names.dns1123_subdomain_underscore, "_a._b"),
    (names.dns1035_label, "a-1"),
    (names.wildcard_subdomain, "*.a.b"),
    (names.qualified_name, "example.com/My.name_1"),
    (names.label_value, ""),
    (names.c_identifier, "_a9"),
    (names.env_var_name, "A.b-c"),
    (names.relaxed_env_var_name, "1 2/3"),
    (names.config_map_key, "a_b.C"),
    (names.path_segment_name, "A:b c"),
    (names.port_name, "http-2"),
    (names.percent, "93%"),
    (names.http_header_name, "X-Y"),
]


@pytest.mark.parametrize(("check", "text"), GOOD, ids=[check.__name__ for check, _ in GOOD])
def test_a_good_name_has_nothing_wrong(check: Any, text: str) -> None:
    assert check(text) == []


@pytest.mark.parametrize(
    "check",
    [names.dns1123_label, names.dns1123_subdomain, names.dns1035_label, names.qualified_name, names.config_map_key],
)
def test_what_is_said_of_a_bad_name_was_recorded(check: Any, refusals: list[Any]) -> None:
    causes = [cause["message"] for status in refusals for cause in (status.get("details") or {}).get("causes", ())]
    (problem,) = check("Bad_Name!")
    assert any(message.endswith(problem) for message in causes)


def test_too_long_is_said_in_characters_by_older_checks_and_bytes_by_newer() -> None:
    assert names.dns1123_label("a" * 64) == ["must be no more than 63 characters"]
    assert names.label_value("a" * 64) == ["must be no more than 63 bytes"]
    assert names.qualified_name("a" * 64) == ["name part must be no more than 63 bytes"]


def test_a_dotted_label_is_told_apart() -> None:
    assert names.dns1123_label("a.b") == ["must not contain dots"]


def test_a_trailing_newline_is_no_part_of_a_name() -> None:
    for check in (names.dns1123_label, names.dns1035_label, names.qualified_name, names.percent, names.port_name):
        assert check("a\n")


def test_qualified_names_blame_the_prefix_or_the_shape() -> None:
    assert names.qualified_name("/a") == ["prefix part must be non-empty"]
    assert names.qualified_name("a/")[0] == "name part must be non-empty"
    assert names.qualified_name("a/b/c")[0].startswith("a valid label key must consist of")


def test_port_names_can_be_wrong_in_many_ways() -> None:
    assert names.port_name("-1--") == [
        "must contain at least one letter (a-z)",
        "must not contain consecutive hyphens",
        "must not begin or end with a hyphen",
    ]


def test_keys_may_not_climb_directories() -> None:
    assert names.config_map_key("..") == ["must not be '..'"]
    assert names.config_map_key("..x") == ["must not start with '..'"]
    assert names.path_segment_name("..") == ["may not be '..'"]
    assert names.path_segment_name("a/%") == ["may not contain '/'", "may not contain '%'"]


def test_ranges_are_inclusive() -> None:
    assert names.port_number(65535) == []
    assert names.port_number(0) == ["must be between 1 and 65535, inclusive"]


def test_generated_names_fit_a_label_and_spell_nothing() -> None:
    name = names.generated_name("x" * 70, random.Random(1))
    assert len(name) == 63
    assert set(name[58:]) <= set(names.SUFFIX_ALPHABET)


@given(st.binary())
def test_the_hash_is_fnv_1a(data: bytes) -> None:
    digest = 2166136261
    for byte in data:
        digest = ((digest ^ byte) * 16777619) % 2**32
    assert names.fnv32a(data) == digest


def test_known_hashes() -> None:
    assert names.fnv32a("") == 0x811C9DC5
    assert names.fnv32a("foobar") == 0xBF9CF968
    assert names.safe_encode("3745128567") == "".join(
        names.SUFFIX_ALPHABET[ord(char) % 27] for char in "3745128567"
    )
