"""Whether a certificate and a private key belong together, and what Go says when not. Models crypto/tls.X509KeyPair."""

from __future__ import annotations

import base64
import binascii
import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_BLOCK = re.compile(rb"-----BEGIN ([^\n]*?)-----\s*\n(.*?)\n?-----END \1-----", re.S)
_CERTIFICATE, _KEY = "CERTIFICATE", "PRIVATE KEY"


def trouble(certificate: bytes, key: bytes) -> str:
    """What is wrong with the pair of PEM texts; "" when nothing is."""
    certificates, keys = _blocks(certificate), _blocks(key)
    leaf = next((body for kind, body in certificates if kind == _CERTIFICATE), None)
    if leaf is None:
        return _no_certificate([kind for kind, _ in certificates])
    own = next((body for kind, body in keys if kind == _KEY or kind.endswith(f" {_KEY}")), None)
    if own is None:
        return _no_key([kind for kind, _ in keys])
    return _mismatch(leaf, own)


def _blocks(text: bytes) -> list[tuple[str, bytes]]:
    """The types and contents of the PEM blocks that can be read."""
    found = []
    for kind, body in _BLOCK.findall(text):
        try:
            found.append((kind.decode("latin-1"), base64.b64decode(b"".join(body.split()), validate=True)))
        except binascii.Error:
            continue
    return found


def _no_certificate(skipped: list[str]) -> str:
    if not skipped:
        return "tls: failed to find any PEM data in certificate input"
    if len(skipped) == 1 and skipped[0].endswith(_KEY):
        found = "failed to find certificate PEM data in certificate input, but did find a private key"
        return f"tls: {found}; PEM inputs may have been switched"
    kinds = " ".join(skipped)
    return f'tls: failed to find "{_CERTIFICATE}" PEM block in certificate input after skipping PEM blocks of the following types: [{kinds}]'


def _no_key(skipped: list[str]) -> str:
    if not skipped:
        return "tls: failed to find any PEM data in key input"
    if skipped == [_CERTIFICATE]:
        return "tls: found a certificate rather than a key in the PEM for the private key"
    kinds = " ".join(skipped)
    return f'tls: failed to find PEM block with type ending in "{_KEY}" in key input after skipping PEM blocks of the following types: [{kinds}]'


def _mismatch(leaf: bytes, own: bytes) -> str:
    try:
        expected = x509.load_der_x509_certificate(leaf).public_key()
    except ValueError:
        return "x509: malformed certificate"
    try:
        actual = serialization.load_der_private_key(own, None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "tls: failed to parse private key"
    if type(actual) is not type(expected):
        return "tls: private key type does not match public key type"
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    return "" if actual.public_bytes(*form) == expected.public_bytes(*form) else "tls: private key does not match public key"
