"""What an ingress may say. Models the ingress part of pkg/apis/networking/validation."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.kinds.checks import name, port_number
from cluster_core.kinds.network_validation import typed_reference
from cluster_core.machinery import addresses, names
from cluster_core.machinery.field import Errors, Path, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_SPEC = Path("spec")
_STATUS = Path("status", "loadBalancer", "ingress")
_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_SUFFIXES = ("/..", "/.")
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_NOT_A_NAME = "must be a DNS name, not an IP address"


def validate(ingress: Obj) -> Errors:
    errors = _whole(ingress, any_secret=False, any_wildcard=False)
    note = (ingress["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    wanted = (ingress.get("spec") or {}).get("ingressClassName")
    if note is not None and wanted is not None and note != wanted:
        detail = "must match `ingressClassName` when both are specified"
        errors.append(invalid(Path("annotations") / CLASS_ANNOTATION, note, detail))
    return errors


def validate_update(new: Obj, old: Obj) -> Errors:
    """What the old one had wrong may stay wrong."""
    spec = old.get("spec") or {}
    any_secret = any(
        names.dns1123_subdomain(tls["secretName"]) for tls in spec.get("tls") or () if tls.get("secretName")
    )
    any_wildcard = any("*" in rule.get("host", "") and _broken(rule) for rule in spec.get("rules") or ())
    return _whole(new, any_secret=any_secret, any_wildcard=any_wildcard)


def _broken(rule: Obj) -> bool:
    errors: Errors = []
    _rule(errors, Path(), rule)
    return bool(errors)


def _whole(ingress: Obj, *, any_secret: bool, any_wildcard: bool) -> Errors:
    errors: Errors = []
    spec = ingress.get("spec") or {}
    rules = spec.get("rules") or ()
    if not rules and spec.get("defaultBackend") is None:
        errors.append(invalid(_SPEC, spec.get("rules"), "either `defaultBackend` or `rules` must be specified"))
    if spec.get("defaultBackend") is not None:
        _backend(errors, _SPEC / "defaultBackend", spec["defaultBackend"])
    for index, rule in enumerate(rules):
        at, host = (_SPEC / "rules")[index], rule.get("host", "")
        if host:
            _host(errors, at / "host", host)
        if "*" not in host or not any_wildcard:
            _rule(errors, at, rule)
    _tls(errors, _SPEC / "tls", spec.get("tls") or (), any_secret)
    if spec.get("ingressClassName") is not None:
        name(errors, _SPEC / "ingressClassName", spec["ingressClassName"], names.dns1123_subdomain)
    return errors


def _host(errors: Errors, path: Path, host: str) -> None:
    if addresses.parse_ip(host) is not None:
        errors.append(invalid(path, host, _NOT_A_NAME))
    _domain(errors, path, host)


def _domain(errors: Errors, path: Path, host: str) -> None:
    name(errors, path, host, names.wildcard_subdomain if "*" in host else names.dns1123_subdomain)


def _tls(errors: Errors, path: Path, found: Sequence[Obj], any_secret: bool) -> None:
    for index, tls in enumerate(found):
        for number, host in enumerate(tls.get("hosts") or ()):
            _domain(errors, (path[index] / "hosts")[number], host)
        if tls.get("secretName") and not any_secret:
            name(errors, path[index] / "secretName", tls["secretName"], names.dns1123_subdomain)


def _rule(errors: Errors, path: Path, rule: Obj) -> None:
    if rule.get("http") is None:
        return
    path, found = path.child("http", "paths"), rule["http"].get("paths") or ()
    if not found:
        errors.append(required(path))
    for index, one in enumerate(found):
        _path(errors, path[index], one)


def _path(errors: Errors, path: Path, found: Obj) -> None:
    kind, text = found.get("pathType"), found.get("path", "")
    if kind is None:
        errors.append(required(path / "pathType", "pathType must be specified"))
        return
    if kind not in _PATH_TYPES:
        errors.append(not_supported(path / "pathType", kind, _PATH_TYPES))
    elif not text.startswith("/") and (kind != "ImplementationSpecific" or text):
        errors.append(invalid(path / "path", text, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        _clean(errors, path / "path", text)
    _backend(errors, path / "backend", found.get("backend") or {})


def _clean(errors: Errors, path: Path, text: str) -> None:
    for part in _SEQUENCES:
        if part in text:
            errors.append(invalid(path, text, f"must not contain '{part}'"))
    for part in _SUFFIXES:
        if text.endswith(part):
            errors.append(invalid(path, text, f"cannot end with '{part}'"))


def _backend(errors: Errors, path: Path, backend: Obj) -> None:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        errors.append(invalid(path, "", "cannot set both resource and service backends"))
    elif resource is not None:
        typed_reference(errors, path / "resource", resource)
    elif service is not None:
        _service(errors, path, service)
    else:
        errors.append(invalid(path, "", "resource or service backend is required"))


def _service(errors: Errors, path: Path, service: Obj) -> None:
    if service.get("name"):
        name(errors, path.child("service", "name"), service["name"], names.dns1123_label)
    else:
        errors.append(required(path.child("service", "name")))
    port = service.get("port") or {}
    if port.get("name") and port.get("number"):
        errors.append(invalid(path, "", "cannot set both port name & port number"))
    elif port.get("name"):
        name(errors, path.child("service", "port", "name"), port["name"], names.port_name)
    elif port.get("number"):
        port_number(errors, path.child("service", "port", "number"), port["number"])
    else:
        errors.append(required(path, "port name or number is required"))


def validate_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    known = {one.get("ip") for one in _points(old)}
    for index, one in enumerate(_points(new)):
        if one.get("ip") and one["ip"] not in known:
            name(errors, _STATUS[index] / "ip", one["ip"], addresses.ip_sloppy)
        host = one.get("hostname", "")
        if host:
            name(errors, _STATUS[index] / "hostname", host, names.dns1123_subdomain)
            if addresses.parse_ip(host) is not None:
                errors.append(invalid(_STATUS[index] / "hostname", host, _NOT_A_NAME))
    return errors


def _points(ingress: Obj) -> Sequence[Obj]:
    return ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()


def warnings(new: Obj, old: Obj | None) -> list[str]:
    found = []
    annotations = new["metadata"].get("annotations") or {}
    if old is None and CLASS_ANNOTATION in annotations and (new.get("spec") or {}).get("ingressClassName") is None:
        found.append(f"annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead")
    return found
