"""The playground's own certificates for HTTPS: an authority kept in DATA and a server certificate made at each start.

Client certificates are another matter: each cluster's API server has an authority for those.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]
_AUTHORITY_LIFE = timedelta(days=3650)
_SERVER_LIFE = timedelta(days=825)
_SKEW = timedelta(hours=1)


def authority(folder: Path) -> Pair:
    """The authority of this installation, made on first use; key and certificate are one file, so there is never half."""
    path = folder / "https-authority.pem"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _publish(path, _pem(*_new_authority()))
    text = path.read_bytes()
    key = serialization.load_pem_private_key(text, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(text), key


def authority_pem(folder: Path) -> str:
    """What clients must know: the certificate alone."""
    return authority(folder)[0].public_bytes(serialization.Encoding.PEM).decode()


def server_certificate(folder: Path, names: Iterable[str]) -> Pair:
    """A certificate for these host names and addresses."""
    issuer, issuer_key = authority(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cluster Playground")])
    alternatives = x509.SubjectAlternativeName([_name(name) for name in dict.fromkeys(names)])
    builder = _builder(subject, issuer.subject, key.public_key(), _SERVER_LIFE)
    builder = builder.add_extension(alternatives, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return builder.add_extension(above, critical=False).sign(issuer_key, hashes.SHA256()), key


def _new_authority() -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Cluster Playground {mark}")])
    builder = _builder(name, name, key.public_key(), _AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(_SIGNS, critical=True).sign(key, hashes.SHA256()), key


_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - _SKEW)
    identity = x509.SubjectKeyIdentifier.from_public_key(key)
    return builder.not_valid_after(now + life).add_extension(identity, critical=False)


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()) + certificate.public_bytes(encoding)


def _publish(path: Path, content: bytes) -> None:
    """Put a whole file there, readable by its owner only, unless somebody else was first."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    with suppress(FileExistsError):
        os.link(draft, path)
    os.unlink(draft)
