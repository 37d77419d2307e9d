"""The images in a node's store, as its status shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster_core.kubelet import registration

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet


def report(fleet: Fleet, node: str, _: str = "") -> None:
    """Show the images in the node's store in its status."""
    machine, found = fleet.well_machine(node), fleet.api.get("Node", "", node)
    if machine is not None and found is not None:
        images = registration.images_of([fleet.workloads.find(name) for name in machine.images])
        fleet.api.update_status("Node", {**found, "status": {**found["status"], "images": images}})


def add(fleet: Fleet, machine: Any, reference: str) -> None:
    """An image has come into the node's store; the next node status shows it."""
    machine.images.append(reference)
    if not fleet.instant:
        fleet.world.agenda.soon(fleet.name, f"~{machine.name}|images", 10.0)
