"""Pairs of a certificate and a key, in the words of crypto/tls."""

from __future__ import annotations

import pytest

from cluster_core.machinery import pki, pki_pairs
from cluster_core.machinery.seed import Seed

AUTHORITY = pki.Authority(Seed(1), "one")
OTHER = pki.Authority(Seed(2), "two")
CERTIFICATE, KEY = AUTHORITY.pem, pki.private_pem(AUTHORITY.key)
BLOCK = "-----BEGIN PUBLIC KEY-----\nYWJj\n-----END PUBLIC KEY-----\n"


def test_a_pair_is_fine() -> None:
    assert pki_pairs.trouble((BLOCK + CERTIFICATE).encode(), (BLOCK + KEY).encode()) == ""


@pytest.mark.parametrize(
    ("certificate", "key", "told"),
    [
        ("", KEY, "tls: failed to find any PEM data in certificate input"),
        (CERTIFICATE, "key", "tls: failed to find any PEM data in key input"),
        (CERTIFICATE, CERTIFICATE, "tls: found a certificate rather than a key in the PEM for the private key"),
        (CERTIFICATE, pki.private_pem(OTHER.key), "tls: private key does not match public key"),
        (CERTIFICATE, BLOCK.replace("PUBLIC", "PRIVATE"), "tls: failed to parse private key"),
        (BLOCK.replace("PUBLIC KEY", "CERTIFICATE"), KEY, "x509: malformed certificate"),
    ],
)
def test_what_is_no_pair_is_told_as_go_tells_it(certificate: str, key: str, told: str) -> None:
    assert pki_pairs.trouble(certificate.encode(), key.encode()) == told


def test_a_key_in_the_place_of_the_certificate_was_perhaps_switched() -> None:
    assert pki_pairs.trouble(KEY.encode(), CERTIFICATE.encode()).endswith("PEM inputs may have been switched")


def test_other_blocks_are_named() -> None:
    assert pki_pairs.trouble((BLOCK + KEY).encode(), KEY.encode()).endswith("types: [PUBLIC KEY EC PRIVATE KEY]")
