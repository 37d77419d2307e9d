"""IP addresses and CIDRs pass and fail as Go's parsers have it."""

from __future__ import annotations

import pytest

from cluster_core.machinery import addresses


@pytest.mark.parametrize("text", ["1.2.3.4", "fe80::1", "::"])
def test_canonical_addresses_pass(text: str) -> None:
    assert addresses.ip(text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1.2.3", addresses.NOT_IP),
        ("1.2.3.256", addresses.NOT_IP),
        ("fe80::1%eth0", addresses.NOT_IP),
        ("", addresses.NOT_IP),
        ("010.1.2.3", "must not have leading 0s"),
        ("::ffff:1.2.3.4", "must not be an IPv4-mapped IPv6 address"),
        ("FE80::1", 'must be in canonical form ("fe80::1")'),
    ],
)
def test_other_addresses_are_refused(text: str, problem: str) -> None:
    assert addresses.ip(text) == [problem]


def test_older_fields_take_any_spelling_of_an_address() -> None:
    assert addresses.ip_sloppy("FE80::1") == []
    assert addresses.ip_sloppy("010.1.2.3", strict=False) == []
    assert addresses.ip_warnings("spec.ip", "FE80::1") == [
        'spec.ip: IPv6 address "FE80::1" should be in RFC 5952 canonical format ("fe80::1")'
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x/8", addresses.NOT_CIDR),
        ("1.2.3.4", addresses.NOT_CIDR),
        ("1.2.3.0/33", addresses.NOT_CIDR),
        ("10.0.0.1/8", "must not have bits set beyond the prefix length"),
        ("10.0.0.0/08", "must not have leading 0s in IP or prefix length"),
        ("::ffff:1.2.3.0/120", "must not have an IPv4-mapped IPv6 address"),
        ("1::0/64", 'must be in canonical form ("1::/64")'),
    ],
)
def test_other_networks_are_refused(text: str, problem: str) -> None:
    assert addresses.cidr(text) == [problem]
    assert addresses.cidr("10.0.0.0/8") == []


def test_an_interface_address_keeps_its_host_bits() -> None:
    assert addresses.interface_address("192.168.1.5/24") == []
    assert addresses.interface_address("x") == [addresses.NOT_INTERFACE]


def test_families_are_told_apart() -> None:
    assert addresses.is_ipv4("1.2.3.4")
    assert addresses.is_ipv6("::1")
    assert not addresses.is_ipv6("x")


def test_an_ambiguous_network_gets_a_warning() -> None:
    assert addresses.cidr_warnings("f", "10.0.0.1/8") == [
        'f: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)'
    ]
