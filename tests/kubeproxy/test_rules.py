"""The rules of single services, as the real proxier's own tests expect them."""

from __future__ import annotations

from cluster_core.kubeproxy.compiling import Compiled, compile_service
from cluster_core.kubeproxy.rule import listed, saved
from cluster_core.kubeproxy.services import Inputs, Place
from tests.kubeproxy.stage import endpoints, service

CIDR = "10.0.0.0/8"


def compiled(found: dict, *slices: dict, node: str = "here") -> Compiled:
    return compile_service(Inputs(found, slices), Place(node), CIDR)


def lines(made: Compiled) -> list[str]:
    return [saved(chain, rule) for chain, rules in made.chains.items() for rule in rules]


def test_chains_have_the_real_hashes() -> None:
    found = service("svc1", "ns1", "172.30.0.41", ports=[{"name": "p80", "port": 80, "protocol": "TCP"}])
    made = compiled(found, endpoints(["10.180.0.1"], "svc1", namespace="ns1", port_name="p80"))
    assert list(made.chains) == ["KUBE-SVC-XPGD46QRK7WJZT7O", "KUBE-SEP-SXIVWICOYRO3J4NJ"]
    assert [saved("KUBE-SERVICES", rule) for rule in made.services] == [
        '-A KUBE-SERVICES -d 172.30.0.41/32 -p tcp -m comment --comment "ns1/svc1:p80 cluster IP" -m tcp --dport 80 '
        "-j KUBE-SVC-XPGD46QRK7WJZT7O"
    ]
    assert lines(made) == [
        '-A KUBE-SVC-XPGD46QRK7WJZT7O ! -s 10.0.0.0/8 -d 172.30.0.41/32 -p tcp -m comment --comment "ns1/svc1:p80 cluster IP"'
        " -m tcp --dport 80 -j KUBE-MARK-MASQ",
        '-A KUBE-SVC-XPGD46QRK7WJZT7O -m comment --comment "ns1/svc1:p80 -> 10.180.0.1:80" -j KUBE-SEP-SXIVWICOYRO3J4NJ',
        '-A KUBE-SEP-SXIVWICOYRO3J4NJ -s 10.180.0.1/32 -m comment --comment "ns1/svc1:p80" -j KUBE-MARK-MASQ',
        '-A KUBE-SEP-SXIVWICOYRO3J4NJ -p tcp -m comment --comment "ns1/svc1:p80" -m tcp -j DNAT '
        "--to-destination 10.180.0.1:80",
    ]


def test_every_endpoint_gets_an_equal_share() -> None:
    made = compiled(service(), endpoints(["10.1.0.1", "10.1.0.2", "10.1.0.3"]))
    chain = next(rules for name, rules in made.chains.items() if name.startswith("KUBE-SVC"))
    texts = [saved("X", rule) for rule in chain[1:]]
    assert "--probability 0.33333333349 " in texts[0] and "--probability 0.50000000000 " in texts[1]
    assert "statistic" not in texts[2]


def test_a_service_without_endpoints_rejects() -> None:
    made = compiled(service(), endpoints([]))
    assert not made.chains and not made.services
    assert saved("KUBE-SERVICES", made.refused[0]).endswith(
        '"default/web:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable'
    )


def test_external_policy_local_without_local_endpoints_drops_and_lets_pods_through() -> None:
    found = service("svc2", "ns2", "172.30.0.42", type="LoadBalancer", externalTrafficPolicy="Local",
                    ports=[{"name": "p80", "port": 80, "protocol": "TCP", "nodePort": 3001}], balancer=["1.2.3.4"],
                    externalIPs=["192.168.99.22"], healthCheckNodePort=30000)  # fmt: skip
    made = compiled(found, endpoints(["10.180.0.2"], "svc2", namespace="ns2", port_name="p80"))
    assert [saved("E", rule).split("-j ")[1] for rule in made.refused_outside] == ["DROP"] * 3
    outer = [saved("E", rule) for rule in made.chains["KUBE-EXT-GNZBNJ2PO5MGZ6GT"]]
    assert outer == [
        '-A E -s 10.0.0.0/8 -m comment --comment "pod traffic for ns2/svc2:p80 external destinations" '
        "-j KUBE-SVC-GNZBNJ2PO5MGZ6GT",
        '-A E -m comment --comment "masquerade LOCAL traffic for ns2/svc2:p80 external destinations" -m addrtype '
        "--src-type LOCAL -j KUBE-MARK-MASQ",
        '-A E -m comment --comment "route LOCAL traffic for ns2/svc2:p80 external destinations" -m addrtype '
        "--src-type LOCAL -j KUBE-SVC-GNZBNJ2PO5MGZ6GT",
    ]
    assert saved("H", made.health[0]) == '-A H -p tcp -m comment --comment "ns2/svc2:p80 health check node port" -m tcp ' \
        "--dport 30000 -j ACCEPT"  # fmt: skip


def test_source_ranges_stand_before_the_load_balancer() -> None:
    found = service("svc5", "ns5", "172.30.0.45", type="LoadBalancer", externalTrafficPolicy="Cluster", balancer=["5.6.7.8"],
                    ports=[{"name": "p80", "port": 80, "protocol": "TCP", "nodePort": 3002}],
                    loadBalancerSourceRanges=[" 203.0.113.0/25"], sessionAffinity="ClientIP",
                    sessionAffinityConfig={"clientIP": {"timeoutSeconds": 10800}})  # fmt: skip
    made = compiled(found, endpoints(["10.180.0.3"], "svc5", namespace="ns5", port_name="p80"))
    assert [rule.target for rule in made.services] == ["KUBE-SVC-NUKIZ6OKUXPJNT4C", "KUBE-FW-NUKIZ6OKUXPJNT4C"]
    fence = [saved("F", rule) for rule in made.chains["KUBE-FW-NUKIZ6OKUXPJNT4C"]]
    assert fence == [
        '-A F -s 203.0.113.0/25 -m comment --comment "ns5/svc5:p80 loadbalancer IP" -j KUBE-EXT-NUKIZ6OKUXPJNT4C',
        '-A F -m comment --comment "other traffic to ns5/svc5:p80 will be dropped by KUBE-PROXY-FIREWALL"',
    ]
    endpoint = saved("S", made.chains["KUBE-SEP-I77PXRDZVX7PMWMN"][1])
    assert endpoint == (
        '-A S -p tcp -m comment --comment "ns5/svc5:p80" -m recent --set --name KUBE-SEP-I77PXRDZVX7PMWMN --mask '
        "255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.180.0.3:80"
    )


def test_internal_policy_local_uses_the_nodes_own_endpoints_only() -> None:
    found = service(internalTrafficPolicy="Local")
    two = endpoints(["10.1.0.1", "10.1.0.2"], nodes={"10.1.0.1": "here", "10.1.0.2": "there"})
    made = compiled(found, two)
    assert [name[:8] for name in made.chains] == ["KUBE-SVL", "KUBE-SEP"]
    assert saved("S", compiled(found, two, node="elsewhere").refused[0]).endswith("-j DROP")


def test_endpoints_that_end_serve_when_there_is_no_better() -> None:
    ending = {"ready": False, "serving": True, "terminating": True}
    both = endpoints(["10.1.0.1", "10.1.0.2"], conditions={"10.1.0.2": ending})
    assert sum(name.startswith("KUBE-SEP") for name in compiled(service(), both).chains) == 1
    last = endpoints(["10.1.0.2"], conditions={"10.1.0.2": ending})
    assert sum(name.startswith("KUBE-SEP") for name in compiled(service(), last).chains) == 1


def test_a_listed_rule_looks_as_iptables_prints_it() -> None:
    rule = compiled(service("kubernetes", ip="10.96.0.1", ports=[{"name": "https", "port": 443, "protocol": "TCP"}]),
                    endpoints(["172.18.0.2"], "kubernetes", port_name="https", port=6443)).services[0]  # fmt: skip
    assert listed(rule, numeric=False) == (
        "KUBE-SVC-NPX46M4PTMTKRN6Y  tcp  --  anywhere             10.96.0.1            "
        "/* default/kubernetes:https cluster IP */ tcp dpt:https"
    )
    assert listed(rule, numeric=True).startswith("KUBE-SVC-NPX46M4PTMTKRN6Y  tcp  --  0.0.0.0/0            10.96.0.1   ")
