"""A kubelet changes its own node and the pods on it, nothing else. Models plugin/pkg/admission/noderestriction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.apiserver.nodeauthorizer import NODES, node_of
from cluster_core.machinery import errors, gofmt
from cluster_core.machinery.typed import Obj

_MIRROR = "kubernetes.io/config.mirror"
_RESTRICTED = "node-restriction.kubernetes.io"
_KUBELET_LABELS = frozenset(
    {
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "node.kubernetes.io/instance-type",
        "node.kubernetes.io/windows-build",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
    }
)
_KUBELET_DOMAINS = ("kubelet.kubernetes.io", "node.kubernetes.io")


def _refusal(attributes: Attributes, text: str) -> errors.ApiError:
    return errors.forbidden(attributes.kind.group, attributes.kind.plural, attributes.name, text)


def _validate(attributes: Attributes) -> None:
    user = attributes.context.user
    if NODES not in user.groups or attributes.context.trusted:
        return
    node = node_of(user)
    if not node:
        raise _refusal(attributes, f"could not determine node from user {gofmt.quote(user.name)}")
    check = _CHECKS.get(attributes.kind.name)
    if check is not None:
        check(attributes, node)


# ------------------------------------------------------------------------------------------------ pods


def _pod(attributes: Attributes, node: str) -> None:
    quoted = gofmt.quote(node)
    if attributes.subresource == "status":
        _pod_status(attributes, node)
    elif attributes.subresource == "eviction":
        if _node_name(attributes.old or attributes.obj) != node:
            raise _refusal(attributes, f"node {node} can only evict pods with spec.nodeName set to itself")
    elif attributes.subresource:
        text = f"unexpected pod subresource {gofmt.quote(attributes.subresource)}, only 'status' and 'eviction' are allowed"
        raise _refusal(attributes, text)
    elif attributes.operation == "CREATE":
        _mirror_pod(attributes, node, attributes.obj or {})
    elif attributes.operation == "DELETE":
        if _node_name(attributes.old) != node:
            raise _refusal(attributes, f"node {quoted} can only delete pods with spec.nodeName set to itself")
    else:
        operation = gofmt.quote(attributes.operation)
        raise _refusal(
            attributes, f"unexpected operation {operation}, node {quoted} can only create and delete mirror pods"
        )


def _node_name(pod: Obj | None) -> str:
    return str((pod or {}).get("spec", {}).get("nodeName", ""))


def _pod_status(attributes: Attributes, node: str) -> None:
    if _node_name(attributes.old) != node:
        text = f"node {gofmt.quote(node)} can only update pod status for pods with spec.nodeName set to itself"
        raise _refusal(attributes, text)
    if _labels(attributes.obj) != _labels(attributes.old):
        raise _refusal(attributes, f"node {gofmt.quote(node)} cannot update labels through pod status")


def _mirror_pod(attributes: Attributes, node: str, pod: Obj) -> None:
    quoted = gofmt.quote(node)
    if _MIRROR not in (pod["metadata"].get("annotations") or {}):
        text = f"pod does not have {gofmt.quote(_MIRROR)} annotation, node {quoted} can only create mirror pods"
        raise _refusal(attributes, text)
    if _node_name(pod) != node:
        raise _refusal(attributes, f"node {quoted} can only create pods with spec.nodeName set to itself")
    owners = list(pod["metadata"].get("ownerReferences") or ())
    if len(owners) != 1:
        raise _refusal(attributes, f"node {quoted} can only create pods with a single owner reference set to itself")
    owner = owners[0]
    if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", node):
        raise _refusal(attributes, f"node {quoted} can only create pods with an owner reference set to itself")
    if not owner.get("controller"):
        raise _refusal(
            attributes, f"node {quoted} can only create pods with a controller owner reference set to itself"
        )
    if owner.get("blockOwnerDeletion"):
        raise _refusal(attributes, f"node {quoted} must not set blockOwnerDeletion on an owner reference")


# ------------------------------------------------------------------------------------------------ nodes


def _labels(obj: Obj | None) -> Mapping[str, str]:
    found: Mapping[str, str] = (obj or {}).get("metadata", {}).get("labels") or {}
    return found


def _node(attributes: Attributes, node: str) -> None:
    quoted = gofmt.quote(node)
    if attributes.name != node:
        raise _refusal(attributes, f"node {quoted} is not allowed to modify node {gofmt.quote(attributes.name)}")
    new, old = attributes.obj, attributes.old
    if new is None:
        return
    forbidden = sorted(label for label in _changed(_labels(new), _labels(old)) if _is_forbidden(label))
    if attributes.operation == "CREATE":
        if forbidden:
            raise _refusal(
                attributes, f"node {quoted} is not allowed to set the following labels: {', '.join(forbidden)}"
            )
        return
    if not attributes.subresource and _member(new, "spec", "taints") != _member(old, "spec", "taints"):
        raise _refusal(attributes, f"node {quoted} is not allowed to modify taints")
    if _member(new, "metadata", "ownerReferences") != _member(old, "metadata", "ownerReferences"):
        raise _refusal(attributes, f"node {quoted} is not allowed to modify ownerReferences")
    if forbidden:
        raise _refusal(attributes, f"is not allowed to modify labels: {', '.join(forbidden)}")


def _member(obj: Obj | None, part: str, name: str) -> Any:
    return (obj or {}).get(part, {}).get(name)


def _changed(new: Mapping[str, str], old: Mapping[str, str]) -> set[str]:
    return {key for key in {*new, *old} if new.get(key) != old.get(key)}


def _is_forbidden(label: str) -> bool:
    domain, slash, _ = label.partition("/")
    domain = domain if slash else ""
    if domain == _RESTRICTED or domain.endswith(f".{_RESTRICTED}"):
        return True
    ours = any(domain == suffix or domain.endswith(f".{suffix}") for suffix in ("kubernetes.io", "k8s.io"))
    allowed = any(domain == suffix or domain.endswith(f".{suffix}") for suffix in _KUBELET_DOMAINS)
    return ours and label not in _KUBELET_LABELS and not allowed


def _lease(attributes: Attributes, node: str) -> None:
    if attributes.namespace != "kube-node-lease":
        raise _refusal(attributes, 'can only access leases in the "kube-node-lease" system namespace')
    if attributes.name and attributes.name != node:
        raise _refusal(attributes, "can only access node lease with the same name as the requesting node")


def _csi_node(attributes: Attributes, node: str) -> None:
    if attributes.name and attributes.name != node:
        raise _refusal(attributes, "can only access CSINode with the same name as the requesting node")


_CHECKS: dict[str, Callable[[Attributes, str], None]] = {
    "Pod": _pod,
    "Node": _node,
    "Lease": _lease,
    "CSINode": _csi_node,
}
PLUGIN = Plugin("NodeRestriction", validate=_validate, kinds=frozenset(_CHECKS))
