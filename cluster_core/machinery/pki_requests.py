"""Certificate signing requests: read, checked, signed. Models pkg/controller/certificates/{authority,signer}."""

from __future__ import annotations

import base64
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cluster_core.machinery.pki import Authority, certificate_pem

_BACKDATE = timedelta(minutes=5)
_KEY_USAGES = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "data encipherment": "data_encipherment",
    "key agreement": "key_agreement",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
}
_ALL_KEY_USAGES = frozenset(_KEY_USAGES.values())
_EXTENDED = {
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "s/mime": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
}


class RequestError(ValueError):
    """No certificate signing request; str() says why."""


@lru_cache(256)
def parse(request: str) -> x509.CertificateSigningRequest:
    """The request in spec.request: base64 of PEM. Raises RequestError."""
    pem = base64.b64decode(request)
    if b"-----BEGIN CERTIFICATE REQUEST-----" not in pem:
        raise RequestError("PEM block type must be CERTIFICATE REQUEST")
    try:
        return x509.load_pem_x509_csr(pem)
    except ValueError as error:
        raise RequestError(str(error)) from None


def common_name(request: x509.CertificateSigningRequest) -> str:
    found = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def organizations(request: x509.CertificateSigningRequest) -> list[str]:
    return [str(each.value) for each in request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]


def alternative_names(request: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName | None:
    try:
        return request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def sign(
    authority: Authority, request: x509.CertificateSigningRequest, usages: Collection[str], seconds: int, at: int
) -> str:
    """The certificate (PEM) for a request, valid for `seconds` from `at` (microseconds)."""
    begin = datetime.fromtimestamp(at // 1_000_000, UTC)
    end = min(begin + timedelta(seconds=seconds), authority.certificate.not_valid_after_utc)
    identity = request.tbs_certrequest_bytes.hex()
    serial = int.from_bytes(authority.seed.stream("serial", authority.name, identity, at).bytes(16), "big") >> 1
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(authority.certificate.subject)
        .public_key(request.public_key())
        .serial_number(serial or 1)
        .not_valid_before(begin - _BACKDATE)
        .not_valid_after(end)
    )
    builder = _with_usages(builder, usages)
    names = alternative_names(request)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    signed = builder.sign(authority.key, hashes.SHA256(), ecdsa_deterministic=True)
    return certificate_pem(signed)


def _with_usages(builder: x509.CertificateBuilder, usages: Collection[str]) -> x509.CertificateBuilder:
    flags = {_KEY_USAGES[usage] for usage in usages if usage in _KEY_USAGES}
    if flags:
        given = {name: name in flags for name in _ALL_KEY_USAGES}
        usage = x509.KeyUsage(**given, encipher_only=False, decipher_only=False)
        builder = builder.add_extension(usage, critical=True)
    extended = list(dict.fromkeys(_EXTENDED[usage] for usage in usages if usage in _EXTENDED))
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    return builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
