"""Keys and certificates that repeat: P-256 keys derived from the cluster's seed, signatures by RFC 6979."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cluster_core.machinery.seed import Seed

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_AUTHORITY_LIFE = timedelta(days=365 * 80)
_AUTHORITY_FROM = 1_577_836_800_000_000
"""2020-01-01: an authority does not depend on when its cluster was made, so that equal seeds give equal states."""


def key_from(seed: Seed, *names: object) -> ec.EllipticCurvePrivateKey:
    """The P-256 key of this name."""
    number = int.from_bytes(seed.stream("key", *names).bytes(32), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def certificate_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the cluster with this seed."""

    seed: Seed
    name: str

    @cached_property
    def key(self) -> ec.EllipticCurvePrivateKey:
        return key_from(self.seed, "authority", self.name)

    @cached_property
    def certificate(self) -> x509.Certificate:
        constraint = x509.BasicConstraints(ca=True, path_length=None)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        builder = self._builder(subject, self.key.public_key(), _AUTHORITY_FROM, _AUTHORITY_LIFE, "authority")
        return self._signed(builder.add_extension(constraint, critical=True))

    @property
    def pem(self) -> str:
        return _authority_pem(self.seed.value, self.name)

    def issue(self, common_name: str, groups: tuple[str, ...], key: ec.EllipticCurvePrivateKey, at: int) -> str:
        """A client certificate (PEM) valid for a year from `at` (microseconds)."""
        names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = self._builder(subject, key.public_key(), at, timedelta(days=365), common_name)
        return certificate_pem(self._signed(builder))

    def issue_server(self, hosts: Sequence[str], key: ec.EllipticCurvePrivateKey, at: int) -> str:
        """A server's certificate (PEM) for these names, valid for eighty years from `at` (microseconds)."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
        builder = self._builder(subject, key.public_key(), at, _AUTHORITY_LIFE, hosts[0])
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        return certificate_pem(self._signed(builder.add_extension(names, critical=False)))

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, at: int, life: timedelta, serial: str
    ) -> x509.CertificateBuilder:
        begin = datetime.fromtimestamp(at // 1_000_000, UTC)
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        number = int.from_bytes(self.seed.stream("serial", self.name, serial, at).bytes(16), "big") >> 1
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        return builder.serial_number(number or 1).not_valid_before(begin).not_valid_after(begin + life)

    def _signed(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self.key, hashes.SHA256(), ecdsa_deterministic=True)


@lru_cache(256)
def _authority_pem(seed: int, name: str) -> str:
    """Asked for again and again by every namespace, and the same each time."""
    return certificate_pem(Authority(Seed(seed), name).certificate)
