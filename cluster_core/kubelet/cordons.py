"""A kubelet tells that its node takes no new pods any more, or again, when it next looks at its status.

Models recordNodeSchedulableEvent of pkg/kubelet/kubelet_node_status.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.apiserver.parts import Change
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet

_LOOKS = 10.0
"""nodeStatusUpdateFrequency, in seconds."""


def _reason(node: Obj) -> str:
    return "NodeNotSchedulable" if node["spec"].get("unschedulable") else "NodeSchedulable"


def changed(fleet: Fleet, change: Change) -> None:
    """Plan to tell it, when that is what has changed."""
    if change.old is None or change.new is None or _reason(change.old) == _reason(change.new):
        return
    node = change.new["metadata"]["name"]
    fleet.world.agenda.cancel(fleet.name, f"{node}|cordon|{_reason(change.old)}")
    fleet.world.agenda.soon(fleet.name, f"{node}|cordon|{_reason(change.new)}", _LOOKS)


def tell(fleet: Fleet, name: str, reason: str) -> None:
    node = fleet.api.get("Node", "", name)
    if node is not None and fleet.well_machine(name) is not None and _reason(node) == reason:
        fleet.event(node, "Normal", reason, f"Node {name} status is now: {reason}")
