"""The proxies of a whole cluster: in step, stale when stopped, fast."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import pytest

from cluster_core.kubeproxy.proxies import Proxies
from cluster_core.machinery.packets import ACCEPT, REJECT, Packet
from cluster_core.simulation.cluster import Cluster
from tests.builders import Engine, workload
from tests.kubeproxy.stage import endpoints, service


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=2)


def proxies(engine: Engine) -> Proxies:
    found = engine.cluster.parts["kube-proxy"]
    assert isinstance(found, Proxies)
    return found


def put(engine: Engine, *objects: dict[str, Any]) -> None:
    for obj in objects:
        engine.api.create(obj["kind"], obj)
    engine.cluster.advance(2)


def send(engine: Engine, ip: str, port: int = 80, node: str = "node-1", source: str = "10.244.1.9", draw: float = 0.0) -> Any:
    return proxies(engine).route(node, Packet(source, ip, port), {"172.18.0.3"}, lambda: draw)


def test_every_node_has_the_rules_of_a_new_cluster(engine: Engine) -> None:
    text = proxies(engine).save("node-1")
    assert ":KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]" in text and "KUBE-SVC-TCOU7JCQXEZGVUNU" in text
    assert text.count("COMMIT") == 3 and text == proxies(engine).save("node-2")


def test_a_stopped_proxy_keeps_its_stale_rules(engine: Engine) -> None:
    put(engine, service(), endpoints(["10.244.1.50"]))
    proxies(engine).halt("node-1")
    slice_ = engine.api.get("EndpointSlice", "default", "web-1")
    assert slice_ is not None
    engine.api.update("EndpointSlice", {**slice_, "endpoints": endpoints(["10.244.1.60"])["endpoints"]})
    engine.cluster.advance(2)
    assert send(engine, "10.96.7.7").destination == "10.244.1.50"
    assert send(engine, "10.96.7.7", node="node-2").destination == "10.244.1.60"
    engine.cluster = Cluster.load(engine.cluster.save())
    engine.api = engine.cluster.world.client("tester")
    assert send(engine, "10.96.7.7").destination == "10.244.1.50"
    proxies(engine).resume("node-1")
    engine.cluster.advance(2)
    assert send(engine, "10.96.7.7").destination == "10.244.1.60"


def test_deleting_the_daemon_set_stops_the_proxies(engine: Engine) -> None:
    engine.api.delete("DaemonSet", "kube-system", "kube-proxy", propagation="Background")
    engine.settle()
    put(engine, service(), endpoints(["10.244.1.50"]))
    assert proxies(engine).running() == set()
    routed = send(engine, "10.96.7.7")
    assert routed.destination == "10.96.7.7" and not routed.steps
    assert send(engine, "10.96.0.1", 443).destination == "172.18.0.2"


def test_a_service_without_endpoints_rejects(engine: Engine) -> None:
    put(engine, service())
    routed = send(engine, "10.96.7.7")
    assert routed.action == REJECT and "has no endpoints" in routed.steps[-1].rule


def test_the_draw_chooses_the_backend(engine: Engine) -> None:
    put(engine, service(), endpoints(["10.244.1.50", "10.244.1.51"]))
    assert send(engine, "10.96.7.7", draw=0.4).destination == "10.244.1.50"
    assert send(engine, "10.96.7.7", draw=0.6).destination == "10.244.1.51"


def test_a_client_with_affinity_comes_back_to_the_same_backend(engine: Engine) -> None:
    put(engine, service(sessionAffinity="ClientIP"), endpoints(["10.244.1.50", "10.244.1.51"]))
    assert send(engine, "10.96.7.7", draw=0.9).destination == "10.244.1.51"
    assert send(engine, "10.96.7.7", draw=0.0).destination == "10.244.1.51"
    engine.cluster.advance(10801)
    assert send(engine, "10.96.7.7", draw=0.0).destination == "10.244.1.50"


def test_node_ports_masquerade(engine: Engine) -> None:
    ports = [{"name": "http", "port": 80, "nodePort": 30080, "protocol": "TCP"}]
    put(engine, service(type="NodePort", ports=ports), endpoints(["10.244.1.50"]))
    routed = send(engine, "172.18.0.3", 30080, source="203.0.113.9")
    assert routed.destination == "10.244.1.50" and routed.masquerade and routed.service == "default/web:http"
    assert send(engine, "172.18.0.3", 30081).action == ACCEPT


def test_deployments_come_into_the_rules(engine: Engine) -> None:
    put(engine, workload("Deployment", "web", 3))
    put(engine, {**service(selector={"app": "web"}), "status": {}})
    engine.settle()
    chains = proxies(engine).tables("node-1")["nat"]
    assert sum(name.startswith("KUBE-SEP") for name in chains) == 3 + 6 + 1


def test_the_command_lists_chains(engine: Engine) -> None:
    out, err, code = proxies(engine).iptables("node-1", ["-t", "nat", "-L", "KUBE-SERVICES", "-n", "--line-numbers"])
    assert (err, code) == ("", 0)
    head, columns, first, *_ = out.splitlines()
    assert head == "Chain KUBE-SERVICES (2 references)"
    assert columns == "num  target     prot opt source               destination         "
    assert first.startswith("1    KUBE-SVC-NPX46M4PTMTKRN6Y  tcp  --  0.0.0.0/0            10.96.0.1            /* default/kube")
    assert "must be the last rule in this chain */ ADDRTYPE match dst-type LOCAL" in out.splitlines()[-1]
    assert proxies(engine).iptables("node-1", ["-t", "nat", "-L", "NOPE"])[2] == 1


def cost(work: Callable[[], object]) -> float:
    begun = process_time()
    work()
    return process_time() - begun


def test_one_endpoint_change_costs_a_fraction_of_a_thousand_services() -> None:
    engine = Engine(nodes=1)
    for number in range(1000):
        ip = f"10.97.{number >> 8}.{number & 255}"
        ips = [f"10.244.{number % 250}.{each}" for each in range(10)]
        name = f"s{number}"
        engine.api.create("Service", service(name, ip=ip))
        engine.api.create("EndpointSlice", endpoints(ips, name))
    engine.cluster.advance(2)
    full = cost(lambda: proxies(engine).compiled("node-1"))
    send(engine, "10.97.1.200")
    changes = []
    for left in (9, 8, 7):
        slice_ = engine.api.get("EndpointSlice", "default", "s500-1")
        assert slice_ is not None
        engine.api.update("EndpointSlice", {**slice_, "endpoints": slice_["endpoints"][:left]})
        engine.cluster.advance(2)
        changes.append(cost(lambda: send(engine, "10.97.1.244")))
    assert min(changes) * 50 < full
