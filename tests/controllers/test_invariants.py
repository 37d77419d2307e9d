"""What holds whatever happens: volumes belong to one claim each, services know their pods, nothing is lost or left behind,
though controllers are stopped and restarted and the cluster is put away at random moments."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_core.controllers.pods import is_deleted, is_ready
from cluster_core.machinery.typed import Obj
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.control import control_of
from tests.builders import Engine
from tests.controllers.test_services import addresses, service
from tests.controllers.test_volumes import EBS, claim, storage_class, user_of, volume

MANAGER = "kube-controller-manager"
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def start() -> Engine:
    engine = Engine(nodes=2)
    engine.api.create("StorageClass", storage_class("now", EBS, reclaimPolicy="Delete"))
    engine.api.create("Service", service(selector={"app": "web"}))
    engine.api.create("Service", service("lb", selector={"app": "web"}, type="LoadBalancer"))
    return engine


class Chance:
    """One random step after the other."""

    def __init__(self, engine: Engine, data: st.DataObject) -> None:
        self.engine, self.data = engine, data
        self.count = 0

    def pick(self, kind: str, namespace: str | None = "default") -> Obj | None:
        found = [obj for obj in self.engine.api.list(kind, namespace) if not is_deleted(obj)]
        return self.data.draw(st.sampled_from(found)) if found else None

    def step(self) -> None:
        self.count += 1
        name = self.data.draw(st.sampled_from(sorted(STEPS)))
        STEPS[name](self)
        self.engine.cluster.advance(self.data.draw(st.sampled_from([0.0, 0.03, 0.5, 3.0])))

    def claim(self) -> None:
        kind = self.data.draw(st.sampled_from(["now", "standard", ""]))
        self.engine.api.create("PersistentVolumeClaim", claim(f"c-{self.count}", storage_class=kind))

    def volume(self) -> None:
        policy = self.data.draw(st.sampled_from(["Retain", "Delete"]))
        self.engine.api.create("PersistentVolume", volume(f"v-{self.count}", "2Gi", policy))

    def pod(self) -> None:
        found = self.pick("PersistentVolumeClaim")
        if found is not None:
            made = user_of(found["metadata"]["name"], f"p-{self.count}")
            made["metadata"]["labels"] = {"app": "web"}
            self.engine.api.create("Pod", made)

    def drop_claim(self) -> None:
        self._drop("PersistentVolumeClaim")

    def drop_pod(self) -> None:
        self._drop("Pod")

    def _drop(self, kind: str) -> None:
        found = self.pick(kind)
        if found is not None:
            self.engine.api.delete(kind, "default", found["metadata"]["name"])

    def switch(self) -> None:
        control = control_of(self.engine.cluster)
        (control.stop if control.is_running(MANAGER) else control.start)(MANAGER)

    def put_away(self) -> None:
        self.engine.cluster = Cluster.load(self.engine.cluster.save())
        self.engine.api = self.engine.cluster.world.client("tester")

    def finish(self) -> None:
        if not control_of(self.engine.cluster).is_running(MANAGER):
            self.switch()
        self.engine.settle(900)


STEPS: dict[str, Any] = {
    name: getattr(Chance, name) for name in ("claim", "volume", "pod", "drop_claim", "drop_pod", "switch", "put_away")
}


def check_volumes(engine: Engine) -> None:
    claims = {one["metadata"]["uid"]: one for one in engine.api.list("PersistentVolumeClaim")}
    volumes = {one["metadata"]["name"]: one for one in engine.api.list("PersistentVolume")}
    used = [one["spec"]["volumeName"] for one in claims.values() if one["spec"].get("volumeName")]
    assert len(used) == len(set(used)), "two claims have one volume"
    for one in claims.values():
        if one["status"]["phase"] == "Bound":
            assert volumes[one["spec"]["volumeName"]]["spec"]["claimRef"]["uid"] == one["metadata"]["uid"]
    for found in volumes.values():
        owner = claims.get(found["spec"].get("claimRef", {}).get("uid"))
        assert (found["status"]["phase"] == "Bound") == (owner is not None), found
        if found["spec"]["persistentVolumeReclaimPolicy"] == "Delete":
            assert found["status"]["phase"] in ("Bound", "Available"), "a volume was left behind"


def check_claims(engine: Engine) -> None:
    """Whoever could have a volume has one."""
    free = [one for one in engine.api.list("PersistentVolume") if one["status"]["phase"] == "Available"]
    for one in engine.api.list("PersistentVolumeClaim"):
        if one["spec"]["storageClassName"] == "now" or (one["spec"]["storageClassName"] == "" and free):
            assert one["status"]["phase"] == "Bound", one


def check_pods(engine: Engine) -> None:
    """Those of claims that have a volume run; attachments are theirs."""
    nodes = {pod["spec"].get("nodeName") for pod in engine.api.list("Pod", "default")}
    assert {one["spec"]["nodeName"] for one in engine.api.list("VolumeAttachment")} <= nodes
    ready = [pod["status"]["podIP"] for pod in engine.api.list("Pod", "default") if is_ready(pod)]
    assert addresses(engine) == addresses(engine, "lb") == sorted(ready)
    assert engine.api.list("Endpoints", "default")
    found = engine.api.get("Service", "default", "lb")
    assert found is not None and len(found["status"]["loadBalancer"]["ingress"]) == 1


@FEW
@given(st.data())
def test_nothing_is_lost_or_left_behind_when_the_manager_stops_and_starts_at_random(data: st.DataObject) -> None:
    chance = Chance(start(), data)
    for _ in range(data.draw(st.integers(5, 20))):
        chance.step()
    chance.finish()
    check_volumes(chance.engine)
    check_claims(chance.engine)
    check_pods(chance.engine)


def test_a_settled_cluster_does_no_work_at_all() -> None:
    engine = start()
    engine.api.create("PersistentVolumeClaim", claim("c", storage_class="now"))
    engine.api.create("PersistentVolumeClaim", claim("waiting"))
    engine.api.create("Pod", user_of("c"))
    assert engine.settle()
    engine.cluster.advance(600)  # kubelets tell of the images they have pulled
    before = engine.cluster.revision
    engine.cluster.advance(3600)
    changed = [event.key for event in engine.cluster.store.events_after(before)]
    assert changed == []


def test_the_same_steps_make_the_same_cluster() -> None:
    def play() -> str:
        engine = start()
        for number in range(3):
            engine.api.create("PersistentVolumeClaim", claim(f"c-{number}", storage_class="now"))
            engine.api.create("Pod", user_of(f"c-{number}", f"p-{number}"))
        engine.settle()
        return engine.cluster.state_hash()

    assert play() == play()
