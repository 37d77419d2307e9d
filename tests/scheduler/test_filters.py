"""Which nodes a pod may use, and in which words it is told why not."""

from __future__ import annotations

import pytest

from cluster_core.machinery import podrequests
from tests.scheduler.stage import Stage, node, pod, spread, taint, term

TAIL = (
    " no new claims to deallocate, preemption: 0/{0} nodes are available: {0} Preemption is not helpful for scheduling."
)
ZONE = "topology.kubernetes.io/zone"


def hopeless(count: int, reasons: str) -> str:
    return f"0/{count} nodes are available: {reasons}." + TAIL.format(count)


def test_without_nodes_there_is_a_message_of_its_own() -> None:
    assert Stage().why_not(pod("p")) == "no nodes available to schedule pods"


def test_reasons_are_counted_and_sorted_as_text() -> None:
    stage = Stage(
        *(node(f"small{i}", cpu="1") for i in range(10)), node("t", taints=[taint("x")]), node("c", unschedulable=True)
    )
    wanted = "1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 10 Insufficient cpu"
    assert stage.why_not(pod("p", cpu="2")) == hopeless(12, wanted)


def test_all_lacking_resources_of_a_node_are_named() -> None:
    stage = Stage(node("a", cpu="1", memory="1Gi"))
    assert stage.why_not(pod("p", cpu="2", memory="2Gi")) == hopeless(1, "1 Insufficient cpu, 1 Insufficient memory")


def test_extended_resources_must_be_there() -> None:
    stage = Stage(node("plain"), node("gpu", extra={"example.com/gpu": "2"}))
    assert stage.schedule(pod("p", extra={"example.com/gpu": "1"})) == "gpu"
    assert "2 Insufficient example.com/gpu" in stage.why_not(pod("q", extra={"example.com/gpu": "3"}))


def test_a_node_takes_only_so_many_pods() -> None:
    stage = Stage(node("a", pods=1))
    stage.put(pod("first"), "a")
    end = " no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    assert stage.why_not(pod("second")) == "0/1 nodes are available: 1 Too many pods." + end


def test_every_no_schedule_taint_needs_its_toleration() -> None:
    stage = Stage(node("a", taints=[taint("x", value="1"), taint("y", "NoExecute")]))
    one = {"key": "x", "operator": "Equal", "value": "1", "effect": "NoSchedule"}
    assert stage.why_not(pod("p", tolerations=[one])) == hopeless(1, "1 node(s) had untolerated taint(s)")
    assert stage.schedule(pod("q", tolerations=[one, {"key": "y", "operator": "Exists"}])) == "a"
    assert stage.schedule(pod("r", tolerations=[{"operator": "Exists"}])) == "a"


def test_a_pod_that_tolerates_the_unschedulable_taint_goes_to_cordoned_nodes() -> None:
    stage = Stage(node("a", unschedulable=True))
    assert (
        stage.schedule(pod("p", tolerations=[{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}])) == "a"
    )


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [("In", ["a"], "a"), ("NotIn", ["a", "b"], "c"), ("Exists", [], "a"), ("Gt", ["5"], "b"), ("Lt", ["5"], "a")],
)
def test_node_affinity_operators(operator: str, values: list[str], expected: str) -> None:
    stage = Stage(
        node("a", labels={"k": "a", "n": "1"}), node("b", labels={"n": "10"}), node("c", labels={"n": "x"}, cpu="3")
    )
    key = {"Gt": "n", "Lt": "n", "NotIn": "kubernetes.io/hostname"}.get(operator, "k")
    expression = {"key": key, "operator": operator, "values": values}
    rule = {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    }
    assert stage.schedule(pod("p", affinity={"nodeAffinity": rule})) == expected


def test_terms_that_name_no_common_node_conflict() -> None:
    fields = [{"key": "metadata.name", "operator": "In", "values": [name]} for name in ("a", "b")]
    rule = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": fields}]}}
    message = Stage(node("a"), node("b")).why_not(pod("p", affinity={"nodeAffinity": rule}))
    assert message == "0/2 nodes are available: pod affinity terms conflict. not found"


def port(number: int, ip: str = "", protocol: str = "TCP") -> dict[str, object]:
    found: dict[str, object] = {"containerPort": number, "hostPort": number, "protocol": protocol}
    return {**found, "hostIP": ip} if ip else found


@pytest.mark.parametrize(
    ("used", "wanted", "fits"),
    [
        (port(80), port(80), False),
        (port(80), port(81), True),
        (port(80), port(80, protocol="UDP"), True),
        (port(80, "10.0.0.1"), port(80, "10.0.0.2"), True),
        (port(80, "10.0.0.1"), port(80), False),
        (port(80, "0.0.0.0"), port(80, "10.0.0.2"), False),
    ],
)
def test_host_ports_collide_by_address_protocol_and_number(used: object, wanted: object, fits: bool) -> None:
    stage = Stage(node("a"))
    stage.put(pod("first", ports=[used]), "a")
    assert (stage.try_(pod("second", ports=[wanted])).node == "a") is fits


def test_the_first_pod_of_a_group_goes_anywhere_and_the_others_follow() -> None:
    stage = Stage(*(node(f"n{i}", labels={ZONE: f"z{i % 2}"}) for i in range(6)))
    near = {"requiredDuringSchedulingIgnoredDuringExecution": [term({"app": "g"}, ZONE)]}
    chosen = [stage.schedule(pod(f"p{i}", labels={"app": "g"}, affinity={"podAffinity": near})) for i in range(9)]
    assert len({int(str(name)[1:]) % 2 for name in chosen}) == 1


def test_anti_affinity_of_existing_pods_counts_too() -> None:
    stage = Stage(node("a"))
    away = {"requiredDuringSchedulingIgnoredDuringExecution": [term({"app": "new"})]}
    stage.put(pod("old", labels={"app": "old"}, affinity={"podAntiAffinity": away}), "a")
    assert "1 node(s) didn't satisfy existing pods anti-affinity rules" in stage.why_not(
        pod("p", labels={"app": "new"})
    )


def test_terms_reach_other_namespaces_by_name_or_by_selector() -> None:
    stage = Stage(node("a"), node("b"))
    stage.shelf.put("Namespace", {"metadata": {"name": "blue", "labels": {"color": "blue"}}})
    stage.put(pod("store", labels={"app": "store"}, namespace="blue"), "b")

    def wants(**more: object) -> dict[str, object]:
        return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term({"app": "store"}, **more)]}}

    assert stage.try_(pod("p", affinity=wants())).node is None
    assert stage.try_(pod("q", affinity=wants(namespaces=["blue"]))).node == "b"
    assert stage.try_(pod("r", affinity=wants(namespaceSelector={"matchLabels": {"color": "blue"}}))).node == "b"
    assert stage.try_(pod("s", affinity=wants(namespaceSelector={}))).node == "b"


def test_spread_keeps_domains_within_the_skew() -> None:
    stage = Stage(*(node(f"n{i}", labels={ZONE: f"z{i % 3}"}) for i in range(6)))
    rules = [spread({"app": "w"}, ZONE)]
    for i in range(9):
        stage.schedule(pod(f"p{i}", labels={"app": "w"}, topologySpreadConstraints=rules))
    zones = [int(name[1:]) % 3 for name in stage.snapshot.places.values()]
    assert sorted(zones) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_too_few_domains_count_as_an_empty_one() -> None:
    stage = Stage(node("a", labels={ZONE: "z1"}))
    rules = [spread({"app": "w"}, ZONE, minDomains=2)]
    stage.schedule(pod("p", labels={"app": "w"}, topologySpreadConstraints=rules))
    message = stage.why_not(pod("q", labels={"app": "w"}, topologySpreadConstraints=rules))
    assert "1 node(s) didn't match pod topology spread constraints." in message


def test_nodes_without_the_topology_label_are_named_apart() -> None:
    message = Stage(node("a")).why_not(pod("p", topologySpreadConstraints=[spread({"app": "w"}, ZONE)]))
    assert message == hopeless(1, "1 node(s) didn't match pod topology spread constraints (missing required label)")


def test_init_containers_count_with_their_largest_and_sidecars_beside_all() -> None:
    def container(cpu: str, **more: object) -> dict[str, object]:
        return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **more}

    inits = [container("500m", restartPolicy="Always"), container("2")]
    spec = {"containers": [container("1"), container("200m")], "initContainers": inits, "overhead": {"cpu": "100m"}}
    assert podrequests.requests(spec) == {"cpu": 2600}
    assert podrequests.requests({**spec, "initContainers": inits[:1]}) == {"cpu": 1800}


def test_pod_level_requests_replace_the_sum_of_the_containers() -> None:
    container = {"name": "c", "resources": {"requests": {"cpu": "1"}}}
    assert podrequests.requests({"containers": [container], "resources": {"requests": {"cpu": "3"}}}) == {"cpu": 3000}
