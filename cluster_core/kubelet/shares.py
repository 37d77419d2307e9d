"""What the pods that run on a node have asked for, summed up: what its kubelet compares a new pod with.

A kubelet counts the pods it has admitted and that have not ended (GetActivePods). The sums are made anew when a node is first
asked about; afterwards every pod is added when it is taken on and taken off when it ends or goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cluster_core.kubelet import status as states
from cluster_core.machinery import podrequests
from cluster_core.machinery.podrequests import Amounts
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet


class Share:
    """One node's pods and the sum of what they asked for."""

    def __init__(self) -> None:
        self.pods: dict[str, Amounts] = {}
        self.total: Amounts = {}

    def put(self, uid: str, asked: Amounts) -> None:
        self.drop(uid)
        self.pods[uid] = asked
        podrequests.add(self.total, asked)

    def drop(self, uid: str) -> None:
        asked = self.pods.pop(uid, None)
        if asked is not None:
            podrequests.add(self.total, {name: -amount for name, amount in asked.items()})

    def without(self, uid: str) -> Mapping[str, int]:
        """The sum of the others."""
        own = self.pods.get(uid)
        return self.total if own is None else {name: amount - own.get(name, 0) for name, amount in self.total.items()}


def _allocated(pod: Obj) -> Obj:
    """The pod's spec with the requests its containers have been given: a resize may still have to wait."""
    spec: Obj = pod["spec"]
    status = pod.get("status", {})
    given = {
        each["name"]: each["allocatedResources"]
        for key in ("containerStatuses", "initContainerStatuses")
        for each in status.get(key, ())
        if "allocatedResources" in each
    }
    if not given:
        return spec
    return {**spec, **{key: [_with(each, given) for each in spec[key]] for key in ("containers", "initContainers") if key in spec}}


def _with(container: Obj, given: Mapping[str, Obj]) -> Obj:
    requests = given.get(container["name"])
    return container if requests is None else {**container, "resources": {**container.get("resources", {}), "requests": requests}}


class Shares:
    """Those of all nodes."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._nodes: dict[str, Share] = {}

    def on(self, node: str) -> Share:
        found = self._nodes.get(node)
        if found is None:
            found = self._nodes[node] = Share()
            for pod in self._fleet.api.on_node("Pod", node):
                status = pod.get("status", {})
                if "startTime" in status and status.get("phase") not in states.ENDED:
                    found.put(pod["metadata"]["uid"], podrequests.requests(_allocated(pod)))
        return found

    def taken(self, node: str, pod: Obj) -> None:
        """The pod has been admitted."""
        self.on(node).put(pod["metadata"]["uid"], podrequests.requests(pod["spec"]))

    def changed(self, node: str, pod: Obj) -> None:
        """The pod asks for something else than before, or has been given it."""
        found = self._nodes.get(node)
        if found is not None and pod["metadata"]["uid"] in found.pods:
            found.put(pod["metadata"]["uid"], podrequests.requests(_allocated(pod)))

    def left(self, node: str, uid: str) -> None:
        """The pod has ended or is gone: others may wait for its room."""
        found = self._nodes.get(node)
        if found is not None:
            found.drop(uid)
        self._fleet.awaited.left(node)

    def forget(self, node: str) -> None:
        self._nodes.pop(node, None)

    def clear(self) -> None:
        self._nodes.clear()
