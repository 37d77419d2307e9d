"""Pods from manifest files: run by the kubelet alone, shown in the API as mirror pods. Models pkg/kubelet/pod/mirror_client.go
and pkg/kubelet/config (file source, defaults)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from cluster_core.machinery.timestamps import parse_time, timestamp
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet

PREFIX = "kubernetes.io/config."
MIRROR = f"{PREFIX}mirror"


def digest(manifest: Obj) -> str:
    """The hash by which a kubelet tells manifests apart."""
    return hashlib.md5(orjson.dumps(manifest), usedforsecurity=False).hexdigest()


def is_static(pod: Obj) -> bool:
    """Whether the pod comes from a manifest."""
    return MIRROR in pod["metadata"].get("annotations", {})


def own(pod: Obj) -> Obj:
    """The pod as its kubelet knows it: a static pod's uid is its manifest's hash, and its events are about that one."""
    metadata = pod["metadata"]
    mark = metadata.get("annotations", {}).get(MIRROR)
    return pod if mark is None else {**pod, "metadata": {**metadata, "uid": mark}}


def mirror(fleet: Fleet, machine: Any, name: str) -> None:
    """Bring the mirror pod of this manifest up to date: created, replaced or deleted."""
    manifest = machine.manifests.get(name)
    known = _known(fleet, machine, f"{name}-{machine.name}", manifest)
    if known is not None and not is_static(known):
        return
    if known is not None and (not manifest or known["metadata"]["annotations"][MIRROR] != digest(manifest)):
        fleet.api.delete("Pod", known["metadata"]["namespace"], known["metadata"]["name"], grace=0)
        known = None
    if known is None and manifest:
        fleet.api.create("Pod", _pod(fleet, machine, manifest))


def restarted(fleet: Fleet, machine: Any, name: str) -> None:
    """The manifest's container was started anew, though the manifest is what it was: its pod tells so."""
    manifest, key = machine.manifests.get(name), f"{name}-{machine.name}"
    known = _known(fleet, machine, key, manifest) if manifest else None
    if known is None or known["metadata"].get("annotations", {}).get(MIRROR) != digest(manifest):
        return
    running = (each["state"].get("running") for each in known.get("status", {}).get("containerStatuses", ()))
    if any(each is not None and parse_time(each["startedAt"]) < fleet.clock.now for each in running):
        fleet.memory_of(known)["rebooted"] = True
        fleet.world.agenda.soon(fleet.name, f"{machine.name}|pod|{known['metadata']['namespace']}/{key}", 1.0)


def _known(fleet: Fleet, machine: Any, name: str, manifest: Any) -> Obj | None:
    """The pod of that name: where the manifest says, or wherever its mirror was made when the manifest is gone."""
    if manifest:
        return fleet.api.get("Pod", manifest["metadata"].get("namespace", "default"), name)
    pods = (pod for pod in fleet.api.on_node("Pod", machine.name) if pod["metadata"]["name"] == name)
    return next((pod for pod in pods if is_static(pod)), None)


def _pod(fleet: Fleet, machine: Any, manifest: Obj) -> dict[str, Any]:
    metadata, spec = manifest["metadata"], manifest["spec"]
    mark = digest(manifest)
    seen = timestamp(fleet.clock.now).removesuffix("Z") + ".000000000Z"
    annotations = {
        **metadata.get("annotations", {}),
        f"{PREFIX}hash": mark,
        MIRROR: mark,
        f"{PREFIX}seen": seen,
        f"{PREFIX}source": "file",
    }
    node = fleet.api.get("Node", "", machine.name)
    owners = []
    if node is not None:
        uid = node["metadata"]["uid"]
        owners = [{"apiVersion": "v1", "kind": "Node", "name": machine.name, "uid": uid, "controller": True}]
    return {
        "metadata": {
            **metadata,
            "name": f"{metadata['name']}-{machine.name}",
            "namespace": metadata.get("namespace", "default"),
            "annotations": annotations,
            "ownerReferences": owners,
        },
        "spec": {**spec, "nodeName": machine.name, "tolerations": [{"effect": "NoExecute", "operator": "Exists"}]},
    }
