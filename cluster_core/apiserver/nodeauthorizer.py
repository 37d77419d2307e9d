"""What kubelets may see: their own pods' things. Models plugin/pkg/auth/authorizer/node.

The graph of who needs what is not kept: it is read off the pods of the node when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.authorization import GROUP, Action, Answer, covers
from cluster_core.apiserver.request import User
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

_PREFIX, NODES = "system:node:", "system:nodes"
_BY_POD = frozenset({"secrets", "configmaps", "persistentvolumeclaims", "persistentvolumes", "serviceaccounts"})
_ANY_NAME = "No Object name found"


def node_of(user: User) -> str:
    """The node whose kubelet this is, "" when it is none."""
    return user.name.removeprefix(_PREFIX) if NODES in user.groups and user.name.startswith(_PREFIX) else ""


def decide(server: ApiServer, user: User, action: Action) -> Answer:
    node = node_of(user)
    if not node:
        return Answer(False)
    if not action.path and not action.group and action.resource in _BY_POD:
        return _by_pod(server, node, action)
    if action.resource in ("leases", "csinodes") and action.name and action.name != node:
        return Answer(
            False, f"can only access node {action.resource.removesuffix('s')} with the same name as the requesting node"
        )
    role = server.storage.get(server.kinds.named("ClusterRole", GROUP), "", "system:node")
    return Answer(any(covers(rule, action) for rule in (role or {}).get("rules") or ()))


def _by_pod(server: ApiServer, node: str, action: Action) -> Answer:
    if action.verb not in ("get", "list", "watch") and (action.resource, action.subresource) != (
        "serviceaccounts",
        "token",
    ):
        return Answer(False, "can only read resources of this type")
    if not action.name:
        return Answer(False, f"{_ANY_NAME}")
    for pod in server.storage.on_node(server.kinds.named("Pod", ""), node):
        needed = (action.resource, action.name)
        if pod["metadata"]["namespace"] == action.namespace and needed in set(needs(pod)):
            return Answer(True)
        if action.resource == "persistentvolumes" and action.name in set(_volumes(server, pod)):
            return Answer(True)
    return Answer(False, f"no relationship found between node '{node}' and this object")


def needs(pod: Obj) -> Iterator[tuple[str, str]]:
    """(resource, name) of what the pod's node must read to run it."""
    spec = pod["spec"]
    yield "serviceaccounts", spec.get("serviceAccountName", "")
    for secret in spec.get("imagePullSecrets", ()):
        yield "secrets", secret.get("name", "")
    for volume in spec.get("volumes", ()):
        yield from _of_volume(pod, volume)
    for container in (*spec.get("initContainers", ()), *spec.get("containers", ())):
        yield from _of_container(container)


def _of_volume(pod: Obj, volume: Obj) -> Iterator[tuple[str, str]]:
    sources = [volume, *volume.get("projected", {}).get("sources", ())]
    for source in sources:
        secret: dict[str, Any] = source.get("secret") or {}
        yield "secrets", secret.get("secretName") or secret.get("name", "")
        yield "configmaps", (source.get("configMap") or {}).get("name", "")
    yield "persistentvolumeclaims", (volume.get("persistentVolumeClaim") or {}).get("claimName", "")
    if "ephemeral" in volume:
        yield "persistentvolumeclaims", f"{pod['metadata']['name']}-{volume['name']}"


def _of_container(container: Obj) -> Iterator[tuple[str, str]]:
    for source in container.get("envFrom", ()):
        yield "secrets", (source.get("secretRef") or {}).get("name", "")
        yield "configmaps", (source.get("configMapRef") or {}).get("name", "")
    for variable in container.get("env", ()):
        source = variable.get("valueFrom") or {}
        yield "secrets", (source.get("secretKeyRef") or {}).get("name", "")
        yield "configmaps", (source.get("configMapKeyRef") or {}).get("name", "")


def _volumes(server: ApiServer, pod: Obj) -> Iterator[str]:
    """The persistent volumes behind the pod's claims."""
    kind = server.kinds.named("PersistentVolumeClaim", "")
    for resource, name in needs(pod):
        if resource == "persistentvolumeclaims" and name:
            claim = server.storage.get(kind, pod["metadata"]["namespace"], name) or {}
            yield claim.get("spec", {}).get("volumeName", "")
