"""`openssl` in a terminal, for what administrators of clusters do with it: keys, requests, certificates shown and signed.

Keys are real and random; files are those of the shell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Read = Callable[[str], bytes]
_NAMES = {
    "CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME, "ST": NameOID.STATE_OR_PROVINCE_NAME, "L": NameOID.LOCALITY_NAME,
}  # fmt: skip
_SHORT = {oid: name for name, oid in _NAMES.items()}
_ALONE = frozenset(("new", "noout", "text", "subject", "issuer", "dates", "enddate", "startdate", "nodes", "noenc", "req", "CAcreateserial", "x509", "serial", "pubkey", "pubin", "modulus", "batch"))
_PEM = serialization.Encoding.PEM
_LEAST_BITS, _MOST_BITS = 1024, 4096


class Problem(Exception):
    """What openssl prints before it gives up."""


class Done(NamedTuple):
    """Standard output, and a file to be written ("": none)."""

    out: str
    path: str = ""
    data: bytes = b""


class Asked(NamedTuple):
    words: list[str]
    options: dict[str, str]

    def needed(self, name: str) -> str:
        if name not in self.options:
            raise Problem(f"option -{name} is needed")
        return self.options[name]


def _split(argv: Sequence[str]) -> Asked:
    words: list[str] = []
    options: dict[str, str] = {}
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            words.append(word)
        elif word.lstrip("-") in _ALONE or not rest:
            options[word.lstrip("-")] = ""
        else:
            options[word.lstrip("-")] = rest.pop(0)
    return Asked(words, options)


async def run(argv: Sequence[str], read: Read, now: datetime) -> Done:
    """`read` gives a file of the shell, or raises Problem. Raises Problem."""
    verb = argv[0] if argv else ""
    action = _ACTIONS.get(verb)
    if action is None:
        raise Problem(f"openssl:Error: '{verb}' is an invalid command; here are {', '.join(sorted(_ACTIONS))}.")
    try:
        return await asyncio.to_thread(action, _split(argv[1:]), read, now)
    except (ValueError, TypeError) as error:
        raise Problem(f"openssl {verb}: {error}") from None


def _put(asked: Asked, data: bytes) -> Done:
    return Done("", asked.options["out"], data) if "out" in asked.options else Done(data.decode())


def _private(key: Any, form: serialization.PrivateFormat) -> bytes:
    return bytes(key.private_bytes(_PEM, form, serialization.NoEncryption()))


def _genrsa(asked: Asked, read: Read, now: datetime) -> Done:
    bits = int(asked.words[0]) if asked.words else 2048
    if not _LEAST_BITS <= bits <= _MOST_BITS:
        raise Problem(f"genrsa: from {_LEAST_BITS} to {_MOST_BITS} bits")
    return _put(asked, _private(rsa.generate_private_key(65537, bits), serialization.PrivateFormat.PKCS8))


def _ecparam(asked: Asked, read: Read, now: datetime) -> Done:
    return _put(asked, _private(ec.generate_private_key(ec.SECP256R1()), serialization.PrivateFormat.TraditionalOpenSSL))


def _key(data: bytes) -> Any:
    return serialization.load_pem_private_key(data, None)


def _name(text: str) -> x509.Name:
    parts = [part.partition("=") for part in text.split("/") if part]
    unknown = [name for name, _, _ in parts if name not in _NAMES]
    if unknown:
        raise Problem(f'req: subject name is expected to be in the format /type0=value0/type1=value1...; "{unknown[0]}" is unknown')
    return x509.Name([x509.NameAttribute(_NAMES[name], value) for name, _, value in parts])


def _req(asked: Asked, read: Read, now: datetime) -> Done:
    if "in" in asked.options:
        found = x509.load_pem_x509_csr(read(asked.options["in"]))
        return Done(f"subject={_told(found.subject)}\n")
    key = _key(read(asked.needed("key")))
    subject = _name(asked.options.get("subj", "/CN="))
    if "x509" in asked.options:
        return _put(asked, _signed(_Wish(subject, key.public_key(), int(asked.options.get("days", "30")), True), subject, key, now))
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return _put(asked, request.public_bytes(_PEM))


class _Wish(NamedTuple):
    """A certificate to be signed."""

    subject: x509.Name
    public: Any
    days: int
    authority: bool = False


def _signed(wish: _Wish, issuer: x509.Name, key: Any, now: datetime) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(wish.subject)
        .issuer_name(issuer)
        .public_key(wish.public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=wish.days))
        .add_extension(x509.BasicConstraints(ca=wish.authority, path_length=None), critical=True)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(_PEM)


def _told(name: x509.Name) -> str:
    return ", ".join(f"{_SHORT.get(each.oid, each.oid.dotted_string)} = {each.value!s}" for each in name)


def _x509(asked: Asked, read: Read, now: datetime) -> Done:
    if "req" in asked.options:
        request = x509.load_pem_x509_csr(read(asked.needed("in")))
        authority = x509.load_pem_x509_certificate(read(asked.needed("CA")))
        key = _key(read(asked.needed("CAkey")))
        days = int(asked.options.get("days", "30"))
        return _put(asked, _signed(_Wish(request.subject, request.public_key(), days), authority.subject, key, now))
    data = read(asked.needed("in"))
    found = x509.load_pem_x509_certificate(data)
    wanted = asked.options.keys() | ({"startdate", "enddate"} if "dates" in asked.options else set())
    lines = [text for name, text in _facts(found).items() if name in wanted]
    if "text" in asked.options:
        lines.append(_text(found))
    if "noout" not in asked.options:
        lines.append(data.decode().strip())
    return Done("\n".join(lines) + "\n")


def _moment(moment: datetime) -> str:
    return f"{moment:%b %e %H:%M:%S %Y} GMT"


def _facts(found: x509.Certificate) -> dict[str, str]:
    return {
        "subject": f"subject={_told(found.subject)}",
        "issuer": f"issuer={_told(found.issuer)}",
        "serial": f"serial={found.serial_number:X}",
        "startdate": f"notBefore={_moment(found.not_valid_before_utc)}",
        "enddate": f"notAfter={_moment(found.not_valid_after_utc)}",
    }


def _text(found: x509.Certificate) -> str:
    return (
        f"Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number: {found.serial_number:x}\n        Issuer: {_told(found.issuer)}\n"
        f"        Validity\n            Not Before: {_moment(found.not_valid_before_utc)}\n            Not After : {_moment(found.not_valid_after_utc)}\n"
        f"        Subject: {_told(found.subject)}"
    )


def _verify(asked: Asked, read: Read, now: datetime) -> Done:
    authority = x509.load_pem_x509_certificate(read(asked.needed("CAfile")))
    for path in asked.words:
        try:
            x509.load_pem_x509_certificate(read(path)).verify_directly_issued_by(authority)
        except (ValueError, InvalidSignature):
            raise Problem(f"error {path}: verification failed") from None
    return Done("".join(f"{path}: OK\n" for path in asked.words))


_ACTIONS: dict[str, Callable[[Asked, Read, datetime], Done]] = {
    "genrsa": _genrsa,
    "ecparam": _ecparam,
    "req": _req,
    "x509": _x509,
    "verify": _verify,
}
