"""Stand-ins for scheduler and kubelet where a test wants no more than their outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.apiserver.parts import Change, object_key, split_key
from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj
from cluster_core.simulation.cluster import Cluster

KWOK = "kwok.x-k8s.io/node"


class Player:
    """A part without memory."""

    name = ""
    kinds: frozenset[str] = frozenset({"Pod", "Node"})

    def __init__(self, cluster: Cluster) -> None:
        self.world = cluster.world
        self.api = cluster.world.client(self.name)

    def observe(self, change: Change) -> None:
        if change.kind.name == "Node":
            for pod in self.api.list("Pod"):
                self.soon(pod)
        elif change.new is not None:
            self.soon(change.new)

    def soon(self, pod: Obj) -> None:
        self.world.agenda.soon(self.name, object_key(pod), 0.05)

    def dump(self) -> Any:
        return {}

    def load(self, state: Any) -> None:
        return None


class RoundRobin(Player):
    """Binds pods to the fitting nodes in turn."""

    name = "system:kube-scheduler"

    def run(self, key: str) -> None:
        pod = self.api.get("Pod", *split_key(key))
        if pod is None or pod["spec"].get("nodeName") or "deletionTimestamp" in pod["metadata"]:
            return
        nodes = [node for node in self.api.list("Node") if _fits(pod, node)]
        if not nodes or pod["spec"].get("schedulingGates"):
            return
        node = min(nodes, key=lambda node: len(self.api.on_node("Pod", node["metadata"]["name"])))["metadata"]["name"]
        namespace, name = split_key(key)
        self.api.bind(namespace, name, node)
        text = f"Successfully assigned {key} to {node}"
        self.api.event(pod, "Normal", "Scheduled", text, component="default-scheduler")


def _fits(pod: Obj, node: Obj) -> bool:
    required = pod["spec"].get("affinity", {}).get("nodeAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    terms = required["nodeSelectorTerms"] if required else None
    labels, name = node["metadata"].get("labels", {}), node["metadata"]["name"]
    if terms and not selectors.compile_node_terms(terms)(labels, name):
        return False
    if not selectors.compile_map(pod["spec"].get("nodeSelector"))(labels):
        return False
    return all(_tolerated(pod, taint) for taint in node.get("spec", {}).get("taints", ()))


def _tolerated(pod: Obj, taint: Mapping[str, Any]) -> bool:
    return taint["effect"] == "PreferNoSchedule" or taint["key"] == "node.kubernetes.io/not-ready" or any(
        one.get("key") in (None, "", taint["key"]) and one.get("effect") in (None, "", taint["effect"])
        for one in pod["spec"].get("tolerations", ())
    )


class Kwok(Player):
    """Plays pods on KWOK's nodes (or on all, for `everywhere`): Running and Ready at once, Job pods done at once."""

    name = "kubelet"
    everywhere = False

    def run(self, key: str) -> None:
        pod = self.api.get("Pod", *split_key(key))
        node = self.api.get("Node", "", pod["spec"].get("nodeName", "")) if pod is not None else None
        if pod is None or node is None or not (self.everywhere or KWOK in node["metadata"].get("annotations", {})):
            return
        if "deletionTimestamp" in pod["metadata"]:
            self._remove(pod)
        elif pod["status"]["phase"] == "Pending":
            self.api.update_status("Pod", {**pod, "status": started(pod, self.world.clock.timestamp())})
        elif pod["status"]["phase"] == "Running" and _of_a_job(pod):
            self.api.update_status("Pod", {**pod, "status": finished(pod, self.world.clock.timestamp())})

    def _remove(self, pod: Obj) -> None:
        metadata = pod["metadata"]
        if metadata.get("finalizers"):
            return
        self.api.delete("Pod", metadata["namespace"], metadata["name"], grace=0)


def _of_a_job(pod: Obj) -> bool:
    return any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences", ()))


def conditions(now: str, ready: str = "True") -> list[dict[str, Any]]:
    def one(type: str, status: str) -> dict[str, Any]:
        return {"type": type, "status": status, "lastProbeTime": None, "lastTransitionTime": now}

    return [one("Initialized", "True"), one("Ready", ready), one("ContainersReady", ready), one("PodScheduled", "True")]


def started(pod: Obj, now: str, ready: bool = True) -> dict[str, Any]:
    """The status of a pod that runs."""
    address = "10.1.{}.{}".format(*divmod(int(pod["metadata"]["resourceVersion"]) % 62500, 250))
    return {
        **pod["status"],
        "phase": "Running",
        "conditions": conditions(now, str(ready)),
        "hostIP": "192.0.2.1",
        "hostIPs": [{"ip": "192.0.2.1"}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "containerStatuses": [
            {
                "name": container["name"],
                "state": {"running": {"startedAt": now}},
                "lastState": {},
                "ready": ready,
                "restartCount": 0,
                "image": container["image"],
                "imageID": "",
            }
            for container in pod["spec"]["containers"]
        ],
    }


def finished(pod: Obj, now: str, code: int = 0) -> dict[str, Any]:
    """The status of a pod whose containers have ended."""
    reason = "Completed" if code == 0 else "Error"
    ended = {"terminated": {"exitCode": code, "reason": reason, "startedAt": now, "finishedAt": now}}
    statuses = [
        {**one, "ready": False, "started": False, "state": ended} for one in pod["status"].get("containerStatuses", ())
    ]
    return {**pod["status"], "phase": "Succeeded" if code == 0 else "Failed", "containerStatuses": statuses}
