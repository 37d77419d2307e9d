"""Config maps and secrets. Models ValidateConfigMap and ValidateSecret of pkg/apis/core/validation."""

from __future__ import annotations

import base64

from cluster_core.apiserver.decode_exact import kind_of
from cluster_core.apiserver.decode_syntax import JsonError, Pairs, parse
from cluster_core.apiserver.objectmeta_validation import check_metadata
from cluster_core.kinds.checks import immutable, name
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, required, too_long
from cluster_core.machinery.typed import Obj

_LARGEST = 1024 * 1024
_FROZEN = "field is immutable when `immutable` is set"
_ACCOUNT = "kubernetes.io/service-account.name"
_DATA = Path("data")


def _decoded_length(text: str) -> int:
    """Bytes behind base64 text."""
    return len(text) // 4 * 3 - text.count("=", -2)


def configmap(obj: Obj) -> Errors:
    errors: Errors = []
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    for key in data:
        name(errors, _DATA[key], key, names.config_map_key)
        if key in binary:
            errors.append(invalid(_DATA[key], key, "duplicate of key present in binaryData"))
    for key in binary:
        name(errors, Path("binaryData")[key], key, names.config_map_key)
    size = sum(map(names.length, data.values())) + sum(map(_decoded_length, binary.values()))
    if size > _LARGEST:
        errors.append(too_long("[]", _LARGEST))
    return errors


def configmap_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    _stays_frozen(errors, new, old, ("data", "binaryData"))
    if new["metadata"] != old["metadata"]:
        check_metadata(errors, new["metadata"], names.dns1123_subdomain)
    return [*errors, *configmap(new)]


def _stays_frozen(errors: Errors, new: Obj, old: Obj, keys: tuple[str, ...]) -> None:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        errors.append(forbidden("immutable", _FROZEN))
    errors.extend(forbidden(key, _FROZEN) for key in keys if (new.get(key) or {}) != (old.get(key) or {}))


def secret(obj: Obj) -> Errors:
    errors: Errors = []
    data = obj.get("data") or {}
    for key in data:
        name(errors, _DATA[key], key, names.config_map_key)
    if sum(map(_decoded_length, data.values())) > _LARGEST:
        errors.append(too_long(_DATA, _LARGEST))
    _of_type(errors, obj.get("type", ""), data, obj["metadata"].get("annotations") or {})
    return errors


_BASIC = ("username", "password")
_NEEDED = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def _of_type(errors: Errors, type: str, data: Obj, annotations: Obj) -> None:
    """What well-known types must hold."""
    if type == "kubernetes.io/service-account-token" and not annotations.get(_ACCOUNT):
        errors.append(required(Path("metadata", "annotations")[_ACCOUNT]))
    if type == "kubernetes.io/basic-auth" and not data.keys() & _BASIC:
        errors.extend(required(_DATA[key]) for key in _BASIC)
    _needed(errors, type, data)


def _needed(errors: Errors, type: str, data: Obj) -> None:
    for key in _NEEDED.get(type, ()):
        if key not in data or (type.endswith("ssh-auth") and not data[key]):
            errors.append(required(_DATA[key]))
        elif key.startswith(".docker"):
            problem = _json_problem(data[key])
            if problem:
                errors.append(invalid(_DATA[key], "<secret contents redacted>", problem))


def _json_problem(encoded: str) -> str:
    """What Go's JSON decoder says about the content, "" when it is an object."""
    try:
        found = parse(base64.b64decode(encoded))
    except JsonError as error:
        return str(error)
    if found is None or isinstance(found, Pairs):
        return ""
    return f"json: cannot unmarshal {kind_of(found)} into Go value of type map[string]interface {{}}"


def secret_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    immutable(errors, Path("type"), new.get("type", ""), old.get("type", ""))
    _stays_frozen(errors, new, old, ("data",))
    if new["metadata"] != old["metadata"]:
        check_metadata(errors, new["metadata"], names.dns1123_subdomain)
    return [*errors, *secret(new)]
