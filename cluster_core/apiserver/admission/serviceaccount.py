"""Every pod runs as a service account and can read its token. Models plugin/pkg/admission/serviceaccount."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.admission import mountablesecrets
from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery import errors
from cluster_core.machinery.names import generated_name
from cluster_core.machinery.typed import Obj

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_MIRROR = "kubernetes.io/config.mirror"
_SOURCES: tuple[dict[str, Any], ...] = (
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
    {
        "downwardAPI": {
            "items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]
        }
    },
)
TOKEN_SOURCE = {"defaultMode": 420, "sources": list(_SOURCES)}
"""What nearly every pod gets as a volume: the very same object, so that validation knows it again."""


def _admit(attributes: Attributes) -> Obj | None:
    pod = attributes.obj
    if pod is None or attributes.operation != "CREATE" or not attributes.about("", "Pod"):
        return pod
    if _MIRROR in pod["metadata"].get("annotations", {}):
        return _mirror(attributes, pod)
    spec = pod["spec"]
    name = spec.get("serviceAccountName") or "default"
    account = _account(attributes, name)
    trouble = mountablesecrets.problem(account, spec)
    if trouble:
        raise _refusal(attributes, trouble)
    spec = {**spec, "serviceAccountName": name, "serviceAccount": name}
    if _mounts_token(spec, account):
        spec = _with_token(attributes, pod, spec)
    if account.get("imagePullSecrets") and not spec.get("imagePullSecrets"):
        spec["imagePullSecrets"] = account["imagePullSecrets"]
    return {**pod, "spec": spec}


def _mirror(attributes: Attributes, pod: Obj) -> Obj:
    if pod["spec"].get("serviceAccountName"):
        raise _refusal(attributes, "a mirror pod may not reference service accounts")
    return pod


def _refusal(attributes: Attributes, text: str) -> errors.ApiError:
    return errors.forbidden("", "pods", attributes.name, text)


def _account(attributes: Attributes, name: str) -> Obj:
    server = attributes.context.server
    found = server.storage.get(server.kinds.named("ServiceAccount", ""), attributes.namespace, name)
    if found is None:
        cause = f'error looking up service account {attributes.namespace}/{name}: serviceaccount "{name}" not found'
        raise _refusal(attributes, cause)
    return found


def _mounts_token(spec: Obj, account: Obj) -> bool:
    for place in (spec, account):
        if "automountServiceAccountToken" in place:
            return bool(place["automountServiceAccountToken"])
    return True


def _with_token(attributes: Attributes, pod: Obj, spec: dict[str, Any]) -> dict[str, Any]:
    """The spec with the token volume mounted in every container that has nothing at its path."""
    volumes = spec.get("volumes", [])
    existing = next((volume["name"] for volume in volumes if volume["name"].startswith("kube-api-access-")), "")
    name = existing or _volume_name(attributes, pod, volumes)
    mount = {"mountPath": TOKEN_PATH, "name": name, "readOnly": True}
    mounted = False
    for key in ("initContainers", "containers"):
        if spec.get(key):
            containers = [_mounted(container, mount) for container in spec[key]]
            mounted = mounted or any(new is not old for new, old in zip(containers, spec[key], strict=True))
            spec[key] = containers
    if mounted and not existing:
        spec["volumes"] = [*volumes, {"name": name, "projected": TOKEN_SOURCE}]
    return spec


def _volume_name(attributes: Attributes, pod: Obj, volumes: list[Obj]) -> str:
    world, storage = attributes.context.server.world, attributes.context.server.storage
    identity = pod["metadata"].get("name") or pod["metadata"].get("generateName")
    stream = world.seed.stream("token-volume", attributes.namespace, identity, storage.revision)
    taken = {volume["name"] for volume in volumes}
    while (name := generated_name("kube-api-access-", stream)) in taken:
        pass
    return name


def _mounted(container: Obj, mount: dict[str, Any]) -> Obj:
    mounts = container.get("volumeMounts", [])
    if any(found.get("mountPath") == TOKEN_PATH for found in mounts):
        return container
    return {**container, "volumeMounts": [*mounts, mount]}


PLUGIN = Plugin("ServiceAccount", admit=_admit, kinds=frozenset({"Pod"}), operations=frozenset({"CREATE"}), subresources=False)
