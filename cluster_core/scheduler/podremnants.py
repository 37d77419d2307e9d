"""What scheduling saw of a pod, without the pod: as little of it as gives the same shape (see `views.signature`)."""

from __future__ import annotations

from typing import Any

from cluster_core.machinery.typed import Obj
from cluster_core.scheduler.views import DISKS, SPEC_FIELDS, signature

_VOLUMES = ("persistentVolumeClaim", "image", "ephemeral", *DISKS)


def signature_of(pod: Obj) -> bytes:
    return signature(pod)


def alike(old: Obj, new: Obj) -> bool:
    """Whether scheduling sees no difference."""
    return ("deletionTimestamp" in old["metadata"]) == ("deletionTimestamp" in new["metadata"]) and signature(old) == signature(new)


def of(pod: Obj) -> dict[str, Any]:
    """What remains of the pod."""
    metadata, spec = pod["metadata"], pod["spec"]
    volumes = [volume for volume in spec.get("volumes") or () if any(kind in volume for kind in _VOLUMES)]
    rest: dict[str, Any] = {field: spec[field] for field in SPEC_FIELDS if field in spec}
    rest |= {key: [_container(each) for each in spec[key]] for key in ("containers", "initContainers") if spec.get(key)}
    if volumes:
        rest["volumes"] = volumes
    return {"metadata": {key: metadata[key] for key in ("namespace", "labels") if key in metadata}, "spec": rest}


def _container(container: Obj) -> dict[str, Any]:
    resources = container.get("resources") or {}
    ports = [port for port in container.get("ports") or () if port.get("hostPort")]
    found = {key: container[key] for key in ("name", "image", "restartPolicy") if key in container}
    return {**found, **({"resources": {"requests": resources["requests"]}} if "requests" in resources else {}), **({"ports": ports} if ports else {})}


def revived(remnant: Obj, key: str, node: str, ends: bool) -> Obj:
    """A pod that looks to scheduling as the one it remains of."""
    metadata = {**remnant["metadata"], "name": key, "uid": key, **({"deletionTimestamp": ""} if ends else {})}
    return {"metadata": metadata, "spec": {**remnant["spec"], "nodeName": node}}
