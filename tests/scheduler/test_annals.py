"""Any moment can be put together again: the nodes and the sums of what was on them, whatever has become of both since."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cluster_core.scheduler import annals
from cluster_core.scheduler.views import Shapes
from cluster_core.simulation.assembly import annals_of
from cluster_core.simulation.cluster import Cluster
from tests.builders import Engine
from tests.scheduler.test_promises import SIZES, facts, quiet_engine, rebuilt
from tests.scheduler.test_promises import pod as scheduled_pod

IMAGES = [[], [{"names": ["a@sha256:1", "a:1"], "sizeBytes": 10}], [{"names": ["a@sha256:1", "a:1"], "sizeBytes": 10}, {"names": ["b:2"], "sizeBytes": 5}]]
TAINTS = [[], [{"key": "x", "effect": "NoSchedule"}]]


def seen(engine: Engine) -> dict[str, Any]:
    """What the running scheduler counts; pods by the beginning of their uids."""
    scheduler = engine.cluster.parts["scheduler"]
    scheduler.decision("")
    return told(rebuilt(scheduler.snapshot))


def told(snapshot: Any) -> dict[str, Any]:
    return {name: _plain(view) for name, view in snapshot.nodes.items()}


def _plain(view: Any) -> dict[str, Any]:
    of_node = {name: getattr(view.facts, name) for name in ("labels", "taints", "unschedulable", "cpu", "memory", "pods", "scalars", "images")}
    return {**facts(view), "pods": {uid[: annals.KEY] for uid in view.pods}, "facts": of_node, "shapes": {shape.signature: n for shape, n in view.all_shapes.items()},
            "all_shapes": 0, "live_shapes": {shape.signature: n for shape, n in view.live_shapes.items()}}  # fmt: skip


def node(engine: Engine, name: str, data: st.DataObject) -> None:
    draw = data.draw
    labels = {"zone": draw(st.sampled_from(["a", "b"]))}
    status = {"allocatable": {"cpu": draw(st.sampled_from(["2", "8"])), "memory": "8Gi", "pods": "10"}, "images": draw(st.sampled_from(IMAGES))}
    spec = {"unschedulable": draw(st.booleans()), "taints": draw(st.sampled_from(TAINTS))}
    known = engine.api.get("Node", "", name)
    if known is None:
        engine.api.create("Node", {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": status})
        return
    known = engine.api.update("Node", {**known, "metadata": {**known["metadata"], "labels": labels}, "spec": spec})
    engine.api.update_status("Node", {**known, "status": status})


def act(engine: Engine, data: st.DataObject, step: int) -> None:
    pods = [pod["metadata"]["name"] for pod in engine.api.list("Pod", "default")]
    action = data.draw(st.integers(0, 6))
    if action == 0:
        node(engine, f"n{data.draw(st.integers(0, 2))}", data)
    elif action == 1 and engine.api.list("Node"):
        engine.api.delete("Node", "", data.draw(st.sampled_from([each["metadata"]["name"] for each in engine.api.list("Node")])))
    elif action == 2 and pods:
        engine.api.delete("Pod", "default", data.draw(st.sampled_from(pods)), grace=data.draw(st.sampled_from([0, 30])))
    elif action == 3 and pods:
        engine.api.patch("Pod", "default", data.draw(st.sampled_from(pods)), {"metadata": {"labels": {"step": str(step)}}})
    elif action == 4 and pods:
        pod = engine.api.get("Pod", "default", data.draw(st.sampled_from(pods)))
        engine.api.update_status("Pod", {**pod, "status": {**pod["status"], "phase": "Succeeded"}})
    else:
        wanted = scheduled_pod(f"p{step}", data.draw(st.sampled_from(SIZES)))
        del wanted["metadata"]["uid"], wanted["status"]
        if data.draw(st.booleans()):
            wanted["spec"]["nodeName"] = f"n{data.draw(st.integers(0, 2))}"
        engine.api.create("Pod", wanted)
    engine.cluster.advance(data.draw(st.sampled_from([0, 1])))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.data())
def test_every_moment_can_be_put_together_again_before_and_after_a_reload(data: st.DataObject) -> None:
    engine = quiet_engine()
    moments = []
    for step in range(data.draw(st.integers(5, 25))):
        act(engine, data, step)
        moments.append((annals_of(engine.cluster).moment, seen(engine)))
    loaded = Cluster.load(engine.cluster.save())
    for cluster in (engine.cluster, loaded):
        for moment, then in moments:
            assert told(annals_of(cluster).before(moment, Shapes())) == then


def test_what_is_remembered_is_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(annals, "MOST_STEPS", 30)
    engine = quiet_engine()
    engine.cluster.parts["decisions"].load({})
    for number in range(40):
        engine.api.create("Node", {"metadata": {"name": f"n{number}"}})
    found = annals_of(engine.cluster)
    assert len(found.dump()["steps"]) == 30 and found.reaches(found.moment - 30) and not found.reaches(found.moment - 31)


def test_too_many_kinds_of_pods_are_forgotten_at_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(annals, "MOST_REMNANTS", 5)
    engine = quiet_engine()
    engine.api.create("Node", {"metadata": {"name": "n0"}})
    found = annals_of(engine.cluster)
    for number in range(6):
        wanted = scheduled_pod(f"p{number}", labels={"number": str(number)}, nodeName="n0")
        del wanted["metadata"]["uid"], wanted["status"]
        engine.api.create("Pod", wanted)
        moment = found.moment
        engine.api.delete("Pod", "default", f"p{number}", grace=0)
    assert len(found.dump()["remnants"]) == 1 and found.reaches(moment) and not found.reaches(moment - 2)
