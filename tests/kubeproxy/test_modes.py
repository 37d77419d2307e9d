"""What nodes show whose kube-proxy works in another mode: virtual servers, or a table of nftables."""

from __future__ import annotations

from typing import Any

from cluster_core.kubeproxy import ipvs, nftables
from cluster_core.kubeproxy.services import Inputs, Place, ports_reached

GROUND = nftables.Ground("172.18.0.3", "10.244.0.0/16", "10.96.0.0/12")


def service(**spec: Any) -> dict[str, Any]:
    ports = [{"name": "p80", "port": 80, "protocol": "TCP", **({"nodePort": 30080} if spec.get("type") else {})}]
    return {"metadata": {"namespace": "ns1", "name": "svc1"}, "spec": {"clusterIP": "10.96.5.5", "ports": ports, **spec}}


def inputs(*endpoints: tuple[str, str], **spec: Any) -> Inputs:
    """Endpoints as (address, node)."""
    found = [{"addresses": [ip], "nodeName": node, "conditions": {"ready": True}} for ip, node in endpoints]
    slices = ({"ports": [{"name": "p80", "port": 8080, "protocol": "TCP"}], "endpoints": found},)
    return Inputs(service(**spec), slices)


TWO = (("10.180.0.1", "a"), ("10.180.0.2", "b"))


def rules(made: Inputs, node: str = "a") -> str:
    return nftables.ruleset(ports_reached(made, Place(node)), GROUND)


def servers(made: Inputs, node: str = "a") -> list[str]:
    return ipvs.listing(ipvs.servers(ports_reached(made, Place(node)), "172.18.0.3")).splitlines()[3:]


def test_a_virtual_server_has_its_endpoints_and_its_stickiness() -> None:
    assert servers(inputs(*TWO, sessionAffinity="ClientIP")) == [
        "TCP  10.96.5.5:80 rr persistent 10800",
        "  -> 10.180.0.1:8080              Masq    1      0          0         ",
        "  -> 10.180.0.2:8080              Masq    1      0          0         ",
    ]


def test_node_ports_are_virtual_servers_of_the_node_by_the_external_policy() -> None:
    shown = servers(inputs(*TWO, type="NodePort", externalTrafficPolicy="Local"))
    assert [line.split()[1] for line in shown] == ["10.96.5.5:80", "10.180.0.1:8080", "10.180.0.2:8080", "172.18.0.3:30080", "10.180.0.1:8080"]


def test_chains_of_nftables_have_the_real_names() -> None:
    text = rules(inputs(*TWO, sessionAffinity="ClientIP"))
    assert "10.96.5.5 . tcp . 80 : goto service-ULMVA6XW-ns1/svc1/tcp/p80" in text
    name = "ns1/svc1/tcp/p80__10.180.0.1/8080"
    assert f"goto endpoint-{nftables._hashed(name)}" in text and f"set affinity-{nftables._hashed(name)} {{" in text
    assert nftables._hashed("ns1/svc1/tcp/p80__10.180.0.1/80").startswith("5OJB2KTY-")
    assert "timeout 3h\n" in text


def test_without_affinity_a_map_chooses_the_endpoint() -> None:
    assert "meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.180.0.1 . 8080, 1 : 10.180.0.2 . 8080 }" in rules(inputs(*TWO))


def test_a_service_without_endpoints_is_in_the_map_of_those_and_in_no_other() -> None:
    text = rules(inputs())
    assert '10.96.5.5 . tcp . 80 comment "ns1/svc1:p80" : goto reject-chain' in text and "goto service-" not in text


def test_a_local_policy_without_local_endpoints_drops() -> None:
    text = rules(inputs(*TWO, type="NodePort", externalTrafficPolicy="Local"), node="c")
    assert 'tcp . 30080 comment "ns1/svc1:p80" : drop' in text
    assert "ip saddr 10.244.0.0/16 goto service-ULMVA6XW-ns1/svc1/tcp/p80" in text
    assert "goto local-" not in text and "goto local-" in rules(inputs(*TWO, type="NodePort", externalTrafficPolicy="Local"), node="a")


def test_the_command_lists_the_whole_and_its_parts() -> None:
    text = rules(inputs(*TWO))
    assert nftables.run(["list", "ruleset"], text) == (text, "", 0)
    assert nftables.run(["list", "tables"], text)[0] == "table ip kube-proxy\n"
    chain = nftables.run(["list", "chain", "ip", "kube-proxy", "services"], text)[0]
    assert chain.startswith("table ip kube-proxy {\n\tchain services {\n") and chain.count("chain") == 1
    assert nftables.run(["list", "chain", "ip", "kube-proxy", "none"], text)[2] == 1
    assert "simulated" in nftables.run(["flush", "ruleset"], text)[1]
