"""CustomResourceDefinition objects. Models pkg/registry/customresourcedefinition of apiextensions-apiserver.

What a definition does once it is there is `apiserver.customresources`' business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cluster_core.apiserver.customresources import formats, lifecycle
from cluster_core.apiserver.kind import Kind
from cluster_core.kinds.crd_validation import definition, definition_update
from cluster_core.machinery import gofmt
from cluster_core.machinery.typed import Obj

_EMPTY_STATUS = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": None}


def default(found: Obj) -> Obj:
    spec = dict(found.get("spec") or {})
    names = dict(spec.get("names") or {})
    kind = names.get("kind", "")
    if not names.get("singular"):
        names["singular"] = kind.lower()
    if not names.get("listKind") and kind:
        names["listKind"] = f"{kind}List"
    spec["names"] = {key: value for key, value in names.items() if value != ""} | {"kind": kind}
    spec["conversion"] = _conversion(spec.get("conversion") or {"strategy": "None"})
    status = found.get("status")
    if status is None or status.get("storedVersions"):
        return {**found, "spec": spec}
    return {**found, "spec": spec, "status": _stored(dict(status), _storage({"spec": spec}))}


def _conversion(found: Obj) -> Obj:
    webhook = found.get("webhook") or {}
    client = webhook.get("clientConfig") or {}
    if client.get("service") is None:
        return found
    service = {"port": 443, **client["service"]}
    return {**found, "webhook": {**webhook, "clientConfig": {**client, "service": service}}}


def warnings(new: Obj, old: Obj | None) -> list[str]:
    """Formats nobody checks that the definition asks for anew."""
    before = set(_formats(old)) if old is not None else set()
    found = dict.fromkeys(each for each in _formats(new) if each not in before)
    return [f"unrecognized format {gofmt.quote(each)}" for each in found]


def _formats(found: Obj) -> Iterator[str]:
    for version in found["spec"].get("versions") or ():
        yield from _unrecognized((version.get("schema") or {}).get("openAPIV3Schema") or {})


def _unrecognized(schema: Any) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    wanted = schema.get("format")
    if wanted and not formats.is_known(str(schema.get("type", "")), wanted):
        yield wanted
    for key in _ONE:
        yield from _unrecognized(schema.get(key))
    for key in _LISTS:
        for each in schema.get(key) or ():
            yield from _unrecognized(each)
    for key in _MAPS:
        for _, each in sorted((schema.get(key) or {}).items()):
            yield from _unrecognized(each)


_ONE = ("items", "not", "additionalProperties", "additionalItems")
_LISTS, _MAPS = ("allOf", "anyOf", "oneOf"), ("properties", "patternProperties", "definitions")


def _storage(found: Obj) -> str | None:
    versions: Sequence[Obj] = found["spec"].get("versions") or ()
    return next((str(one.get("name", "")) for one in versions if one.get("storage")), None)


def prepare_create(found: Obj) -> Obj:
    return {**found, "status": _stored({**_EMPTY_STATUS}, _storage(found))}


def prepare_update(new: Obj, old: Obj) -> Obj:
    """Every version that ever was the storage version is remembered."""
    return {**new, "status": _stored({**_EMPTY_STATUS, **(new.get("status") or {})}, _storage(new))}


def _stored(status: dict[str, Any], version: str | None) -> dict[str, Any]:
    known: list[str] = status.get("storedVersions") or []
    return status if version is None or version in known else {**status, "storedVersions": [*known, version]}


KIND = Kind(
    "CustomResourceDefinition",
    plural="customresourcedefinitions",
    unconditional_update=False,
    group="apiextensions.k8s.io",
    namespaced=False,
    short=("crd", "crds"),
    categories=("api-extensions",),
    default=default,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    validate=definition,
    validate_update=definition_update,
    warnings=warnings,
    status=True,
    status_tables=False,
    generation=True,
    finalizers=lifecycle.held_by,
    on_deleting=lifecycle.begin_deletion,
    prefix="apiextensions.k8s.io/customresourcedefinitions",
)
