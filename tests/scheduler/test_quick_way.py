"""The quick way decides as the plain way does, whatever has happened before, down to the tie-break."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scheduler.stage import Stage, node, pod, spread, taint, term

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
APPS = ("a", "b")

taints = st.lists(
    st.builds(taint, st.sampled_from(["x", "y"]), st.sampled_from(["NoSchedule", "PreferNoSchedule"])), max_size=2
)
zones = st.sampled_from([{}, {ZONE: "z1"}, {ZONE: "z2"}, {ZONE: "z2", "disk": "ssd"}, {ZONE: "z1", HOST: "twin"}])
images = st.sampled_from([{}, {"app:1": 300_000_000}, {"app:1": 300_000_000, "app:2": 900_000_000}])


@st.composite
def nodes(draw: Any, name: str) -> dict[str, Any]:
    cpu = draw(st.sampled_from(["1", "2", "4"]))
    return node(
        name,
        cpu,
        draw(st.sampled_from(["2Gi", "8Gi"])),
        draw(st.sampled_from([3, 110])),
        labels=draw(zones),
        taints=draw(taints),
        images=draw(images),
        unschedulable=draw(st.integers(0, 9)) == 0,
    )


def _required(draw: Any) -> dict[str, Any]:
    terms = [term({"app": draw(st.sampled_from(APPS))}, draw(st.sampled_from([HOST, ZONE])))]
    return {"requiredDuringSchedulingIgnoredDuringExecution": terms}


def _preferred(draw: Any) -> dict[str, Any]:
    near = term({"app": draw(st.sampled_from(APPS))}, draw(st.sampled_from([HOST, ZONE])))
    weighted = {"weight": draw(st.sampled_from([1, 50])), "podAffinityTerm": near}
    return {"preferredDuringSchedulingIgnoredDuringExecution": [weighted]}


def _node_affinity(draw: Any) -> dict[str, Any]:
    wanted = {"matchExpressions": [{"key": ZONE, "operator": draw(st.sampled_from(["In", "NotIn"])), "values": ["z1"]}]}
    if draw(st.booleans()):
        return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [wanted]}}
    return {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 7, "preference": wanted}]}


def _affinity(draw: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["podAffinity"] = _required(draw) if draw(st.booleans()) else _preferred(draw)
    if draw(st.booleans()):
        found["podAntiAffinity"] = _required(draw) if draw(st.booleans()) else _preferred(draw)
    if draw(st.booleans()):
        found["nodeAffinity"] = _node_affinity(draw)
    return found


def _spread(draw: Any, app: str) -> list[dict[str, Any]]:
    def one() -> dict[str, Any]:
        more: dict[str, Any] = {}
        if draw(st.booleans()):
            more["nodeTaintsPolicy"] = "Honor"
        hard = draw(st.booleans())
        if hard and draw(st.integers(0, 3)) == 0:
            more["minDomains"] = 2
        return spread({"app": app}, draw(st.sampled_from([HOST, ZONE])), draw(st.integers(1, 2)), hard, **more)

    return [one() for _ in range(draw(st.integers(1, 2)))]


@st.composite
def templates(draw: Any) -> dict[str, Any]:
    app = draw(st.sampled_from(APPS))
    spec: dict[str, Any] = {"labels": {"app": app}, "cpu": draw(st.sampled_from(["", "100m", "500m", "1"]))}
    spec["memory"] = draw(st.sampled_from(["", "128Mi", "1Gi"]))
    kind = draw(st.integers(0, 6))
    if kind in (1, 2):
        spec["affinity"] = _affinity(draw)
    if kind in (2, 3):
        spec["topologySpreadConstraints"] = _spread(draw, app)
    if kind == 4:
        spec["tolerations"] = [{"key": "x", "operator": "Exists"}]
    if kind == 5:
        spec["ports"] = [{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]
    if kind == 6:
        spec["image"] = draw(st.sampled_from(["app:2", "app:1"]))
    if draw(st.booleans()):
        spec["owner"] = {"kind": "ReplicaSet", "apiVersion": "apps/v1", "name": app, "uid": app, "controller": True}
    return spec


def _replica_sets(stage: Stage) -> None:
    for app in APPS:
        spec = {"selector": {"matchLabels": {"app": app}}}
        stage.shelf.put("ReplicaSet", {"metadata": {"name": app, "namespace": "default"}, "spec": spec})


def _place_and_compare(stage: Stage, template: dict[str, Any], name: str) -> None:
    wanted = pod(name, **template)
    # Some labels are a pod's own, as those of a StatefulSet's pods.
    wanted["metadata"]["labels"]["name"] = name
    quick, plain = stage.decider.decide(stage.view(wanted)), stage.decider.decide_plainly(stage.view(wanted))
    assert (quick.node, quick.message) == (plain.node, plain.message)
    if quick.node is not None:
        stage.put(wanted, quick.node)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_quick_and_plain_agree(data: st.DataObject) -> None:
    names = [f"n{i}" for i in range(data.draw(st.integers(1, 6)))]
    stage = Stage(*(data.draw(nodes(name)) for name in names))
    _replica_sets(stage)
    kinds = data.draw(st.lists(templates(), min_size=1, max_size=4))
    for i in range(25):
        action = data.draw(st.integers(0, 11))
        placed = sorted(stage.snapshot.places)
        if action == 0:
            stage.snapshot.set_node(data.draw(nodes(data.draw(st.sampled_from([*names, "new"])))))
        elif action == 1 and placed:
            stage.snapshot.displace(data.draw(st.sampled_from(placed)))
        elif action == 2 and len(stage.snapshot.nodes) > 1:
            stage.snapshot.remove_node(data.draw(st.sampled_from(sorted(stage.snapshot.nodes))))
        else:
            _place_and_compare(stage, data.draw(st.sampled_from(kinds)), f"p{i}")


def test_pods_that_differ_only_in_labels_nobody_looks_at_share_what_is_known() -> None:
    stage = Stage(*(node(f"n{i}") for i in range(20)))
    for i in range(10):
        assert stage.schedule(pod(f"p{i}", cpu="100m", labels={"name": f"p{i}"}))
    assert len(stage.decider._rankings) == 1


def test_a_pod_of_a_large_deployment_goes_the_quick_way() -> None:
    stage = Stage(*(node(f"n{i}") for i in range(20)))
    assert stage.try_(pod("p", cpu="100m")).quick
