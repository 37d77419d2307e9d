"""A small cluster for controller tests: KWOK nodes, whose pods run at once, or nodes whose pods the test plays itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.machinery.typed import Obj
from tests.builders import Engine
from tests.controllers.players import KWOK, finished, started

ROOM = {"cpu": "64", "memory": "256Gi", "pods": "110"}


class Stage(Engine):
    """Time stands still but for `settle` and `pass_time`; nodes never die of missing heartbeats."""

    def __init__(self, nodes: int = 2, *, played: bool = True) -> None:
        super().__init__(nodes=0, bare=True)
        for name in [name for name in self.cluster.parts if "node-lifecycle" in name]:
            self.cluster.remove_part(name)
        for number in range(nodes):
            self.node(f"node-{number}", played=played)
        self.settle()

    def node(self, name: str, *, played: bool = True, **spec: Any) -> Obj:
        metadata = {
            "name": name,
            "labels": {"kubernetes.io/hostname": name},
            "annotations": {KWOK: "fake"} if played else {},
        }
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": self.cluster.clock.timestamp()}
        status = {"capacity": ROOM, "allocatable": ROOM, "conditions": [ready]}
        made = self.api.create("Node", {"metadata": metadata, "spec": spec, "status": status})
        taints = [one for one in made["spec"].get("taints", ()) if one["key"] != "node.kubernetes.io/not-ready"]
        return self.api.update("Node", {**made, "spec": {**made["spec"], "taints": taints}})

    # ------------------------------------------------------------------------------------------------ looking

    def get(self, kind: str, name: str = "web") -> Obj:
        found = self.api.get(kind, "default", name)
        assert found is not None, f"there is no {kind} {name}"
        return found

    def status(self, kind: str, name: str = "web") -> Obj:
        found: Obj = self.get(kind, name)["status"]
        return found

    def condition(self, kind: str, type: str, name: str = "web") -> Obj:
        """The condition, {} when there is none."""
        present = self.status(kind, name).get("conditions", ())
        return next((one for one in present if one["type"] == type), {})

    def pods(self, **labels: str) -> list[Obj]:
        """Pods not on their way out, by name."""
        return [
            pod
            for pod in self.api.list("Pod", "default")
            if "deletionTimestamp" not in pod["metadata"]
            and labels.items() <= pod["metadata"].get("labels", {}).items()
        ]

    def names(self, kind: str = "Pod") -> list[str]:
        return [obj["metadata"]["name"] for obj in self.api.list(kind, "default")]

    def messages(self, reason: str) -> list[str]:
        return [event["message"] for event in self.events(reason)]

    # ------------------------------------------------------------------------------------------------ doing

    def pass_time(self, seconds: float) -> None:
        self.cluster.advance(seconds)

    def change(self, kind: str, name: str = "web", **spec: Any) -> Obj:
        """Merge into the object's spec, over the API's front door, which fills in defaults."""
        found = self.api.kind(kind)
        prefix = f"/apis/{found.group}" if found.group else "/api"
        path = f"{prefix}/{found.version}/namespaces/default/{found.plural}/{name}"
        answer = self.call("PATCH", path, {"spec": spec}, content_type="application/merge-patch+json")
        assert answer.status == 200, answer.json()
        return self.get(kind, name)

    def new_image(self, kind: str, image: str, name: str = "web") -> None:
        template = {"spec": {"containers": [{"name": "c", "image": image}]}}
        self.change(kind, name, template=template)

    def run_pod(self, pod: Obj, *, ready: bool = True) -> None:
        """Play the kubelet: the pod runs."""
        fresh = self.get("Pod", pod["metadata"]["name"])
        self.api.update_status("Pod", {**fresh, "status": started(fresh, self.cluster.clock.timestamp(), ready)})

    def end_pod(self, pod: Obj, code: int = 0) -> None:
        """Play the kubelet: the pod's containers end with this code."""
        self.run_pod(pod)
        fresh = self.get("Pod", pod["metadata"]["name"])
        self.api.update_status("Pod", {**fresh, "status": finished(fresh, self.cluster.clock.timestamp(), code)})

    def create(self, kind: str, spec: Mapping[str, Any], name: str = "web", **metadata: Any) -> Obj:
        return self.api.create(kind, {"metadata": {"name": name, "namespace": "default", **metadata}, "spec": spec})


def image_of(pod: Obj) -> str:
    return str(pod["spec"]["containers"][0]["image"])
