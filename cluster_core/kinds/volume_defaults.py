"""Defaults of pod volumes and of claims. Models the volume parts of pkg/apis/core/v1/defaults.go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cluster_core.kinds.amounts import rounded_resources
from cluster_core.kinds.container_defaults import with_field_version
from cluster_core.kinds.images import pull_policy
from cluster_core.machinery.typed import Obj

_MODE = 0o644
_AZURE_DISK = {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"}
_TOKEN = {"expirationSeconds": 3600}


def default_volume(volume: Obj) -> Obj:
    """A pod's volume; one without any source is an emptyDir."""
    for key in volume:
        change = _SOURCES.get(key)
        if change is not None:
            volume = {**volume, key: change(volume[key])}
    return volume if len(volume) > ("name" in volume) else {**volume, "emptyDir": {}}


def _adding(defaults: Mapping[str, Any]) -> Callable[[Obj], Obj]:
    return lambda source: {**defaults, **source}


def _downward(source: Obj) -> Obj:
    return {"defaultMode": _MODE, **_downward_items(source)}


def _downward_items(source: Obj) -> Obj:
    items = source.get("items")
    if not items:
        return source
    return {**source, "items": [with_field_version(item) if "fieldRef" in item else item for item in items]}


def _projected(source: Obj) -> Obj:
    result = {"defaultMode": _MODE, **source}
    if result.get("sources"):
        result["sources"] = [_projection(projection) for projection in result["sources"]]
    return result


def _projection(projection: Obj) -> Obj:
    if "downwardAPI" in projection:
        projection = {**projection, "downwardAPI": _downward_items(projection["downwardAPI"])}
    if "serviceAccountToken" in projection:
        projection = {**projection, "serviceAccountToken": {**_TOKEN, **projection["serviceAccountToken"]}}
    return projection


def default_claim_spec(spec: Obj) -> Obj:
    """The spec of a persistent volume claim, wherever one stands."""
    result = {"volumeMode": "Filesystem", **spec}
    if result.get("resources"):
        result["resources"] = rounded_resources(result["resources"])
    return result


def default_claim(claim: Obj) -> Obj:
    status = claim.get("status") or {}
    return {**claim, "spec": default_claim_spec(claim.get("spec", {})), "status": {"phase": "Pending", **status}}


def _ephemeral(source: Obj) -> Obj:
    template = source.get("volumeClaimTemplate")
    if template is None:
        return source
    return {**source, "volumeClaimTemplate": {**template, "spec": default_claim_spec(template.get("spec", {}))}}


def _image(source: Obj) -> Obj:
    return source if "pullPolicy" in source else {**source, "pullPolicy": pull_policy(source.get("reference", ""))}


VOLUME_SOURCES: dict[str, Callable[[Obj], Obj]] = {
    "hostPath": _adding({"type": ""}),
    "iscsi": _adding({"iscsiInterface": "default"}),
    "rbd": _adding({"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"}),
    "azureDisk": _adding(_AZURE_DISK),
    "scaleIO": _adding({"storageMode": "ThinProvisioned", "fsType": "xfs"}),
}
"""Sources that pods and persistent volumes share."""

_SOURCES: dict[str, Callable[[Obj], Obj]] = {
    **VOLUME_SOURCES,
    "secret": _adding({"defaultMode": _MODE}),
    "configMap": _adding({"defaultMode": _MODE}),
    "downwardAPI": _downward,
    "projected": _projected,
    "ephemeral": _ephemeral,
    "image": _image,
}
