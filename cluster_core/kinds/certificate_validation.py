"""What certificate signing requests must be like. Models pkg/apis/certificates/validation."""

from __future__ import annotations

from base64 import b64decode

from cluster_core.machinery import field, gofmt, names, pki_requests
from cluster_core.machinery.field import Errors, Path
from cluster_core.machinery.typed import Obj

_SPEC, _CONDITIONS = Path("spec"), Path("status", "conditions")
_LEGACY = "kubernetes.io/legacy-unknown"
_SHORTEST = 600
_DECIDING = ("Approved", "Denied", "Failed")
USAGES = (
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
)


def request(found: Obj) -> Errors:
    errors: Errors = []
    spec = found.get("spec") or {}
    try:
        valid = pki_requests.parse(spec.get("request") or "").is_signature_valid
        trouble = "" if valid else "x509: ECDSA verification failure"
    except ValueError as error:
        trouble = str(error)
    if trouble:
        errors.append(field.invalid(_SPEC / "request", spec.get("request"), trouble))
    _usages(errors, spec.get("usages") or ())
    _signer(errors, _SPEC / "signerName", spec.get("signerName", ""))
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _SHORTEST:
        text = "may not specify a duration less than 600 seconds (10 minutes)"
        errors.append(field.invalid(_SPEC / "expirationSeconds", seconds, text))
    return errors


def _usages(errors: Errors, usages: tuple[str, ...] | list[str]) -> None:
    if not usages:
        errors.append(field.required(_SPEC / "usages"))
    for number, usage in enumerate(usages):
        path = (_SPEC / "usages").index(number)
        if usage not in USAGES:
            errors.append(field.not_supported(path, usage, USAGES))
        if usage in usages[:number]:
            errors.append(field.duplicate(path, usage))


def _signer(errors: Errors, path: Path, name: str) -> None:
    if name == _LEGACY:
        errors.append(field.invalid(path, name, "the legacy signerName is not allowed via this API version"))
        return
    if not name:
        errors.append(field.required(path))
        return
    domain, slash, rest = name.partition("/")
    if not slash or "/" in rest:
        text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        errors.append(field.invalid(path, name, text))
        return
    if "." not in domain:
        errors.append(field.invalid(path, domain, "should be a domain with at least two segments separated by dots"))
    for label in domain.split("."):
        errors += field.invalid_each(path, domain, [f"validating label {gofmt.quote(label)}: {text}" for text in names.dns1123_label(label)])
    for label in rest.split("."):
        errors += field.invalid_each(path, label, names.dns1123_subdomain(label))


def approval(new: Obj, old: Obj) -> Errors:
    """Decisions are made once, and only one of them."""
    errors: Errors = []
    after, before = (_types(obj) for obj in (new, old))
    for type in _DECIDING:
        if type in before and type not in after:
            errors.append(field.forbidden(_CONDITIONS, f'updates may not remove a condition of type "{type}"'))
    for number, condition in enumerate((new.get("status") or {}).get("conditions") or ()):
        _condition(errors, _CONDITIONS.index(number), condition)
    if {"Approved", "Denied"} <= after:
        last = "Denied" if "Denied" not in before else "Approved"
        errors.append(field.invalid(_CONDITIONS, last, "Approved and Denied conditions are mutually exclusive"))
    return errors


def status(new: Obj, old: Obj) -> Errors:
    """As an approval, but what decides is not decided here."""
    errors = approval(new, old)
    after, before = (_types(obj) for obj in (new, old))
    added = (type for type in ("Approved", "Denied") if type in after and type not in before)
    certificate = (new.get("status") or {}).get("certificate")
    if certificate and b"-----BEGIN CERTIFICATE-----" not in b64decode(certificate):
        errors.append(field.invalid(Path("status", "certificate"), "<certificate data>", "must contain at least one CERTIFICATE PEM block"))
    return [*errors, *(field.forbidden(_CONDITIONS, f'updates may not add a condition of type "{type}"') for type in added)]


def _condition(errors: Errors, path: Path, condition: Obj) -> None:
    if not condition.get("type"):
        errors.append(field.required(path / "type"))
    status = condition.get("status", "")
    if not status:
        errors.append(field.required(path / "status"))
    elif condition.get("type") in _DECIDING and status != "True":
        errors.append(field.not_supported(path / "status", status, ("True",)))
    elif status not in ("True", "False", "Unknown"):
        errors.append(field.not_supported(path / "status", status, ("False", "True", "Unknown")))


def _types(obj: Obj) -> set[str]:
    return {each.get("type", "") for each in (obj.get("status") or {}).get("conditions") or ()}
