"""No pod grows beyond what its node has for pods, nor where it cannot grow in place. Models plugin/pkg/admission/podresize."""

from __future__ import annotations

from collections.abc import Iterator

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery import errors, podrequests
from cluster_core.machinery.typed import Obj

_SYSTEM = "linux"


def _validate(attributes: Attributes) -> None:
    new, old = attributes.obj, attributes.old
    if new is None or old is None or attributes.subresource != "resize" or not new["spec"].get("nodeName"):
        return
    if new["metadata"].get("generation") == old["metadata"].get("generation"):
        return
    name, server = new["spec"]["nodeName"], attributes.context.server
    node = server.storage.get(server.kinds.named("Node", ""), "", name)
    if node is None:
        raise _refusal(attributes, f'node "{name}" not found')
    system = node["metadata"].get("labels", {}).get("kubernetes.io/os", _SYSTEM)
    if system != _SYSTEM:
        raise _refusal(attributes, f'pod resize is only supported on linux nodes, node "{name}" is "{system}"', "UnsupportedPlatform")
    lacking = "; ".join(_lacking(new, node))
    if lacking:
        raise _refusal(attributes, f"node didn't have enough allocatable resources: {lacking}", "NodeCapacity")


def _lacking(pod: Obj, node: Obj) -> Iterator[str]:
    wanted, room = podrequests.requests(pod["spec"]), node.get("status", {}).get("allocatable", {})
    for name in ("cpu", "memory"):
        there = podrequests.amount(name, room.get(name, "0"))
        if wanted.get(name, 0) > there:
            yield f"{name}, requested: {wanted[name]}, allocatable: {there}"


def _refusal(attributes: Attributes, text: str, cause: str = "") -> errors.ApiError:
    return errors.forbidden("", "pods", attributes.name, text, [{"reason": cause}] if cause else None)


PLUGIN = Plugin("PodResizeValidator", validate=_validate, kinds=frozenset({"Pod"}), operations=frozenset({"UPDATE"}))
