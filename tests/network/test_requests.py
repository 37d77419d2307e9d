"""Requests from everywhere to everything."""

from __future__ import annotations

from time import process_time

import pytest

from cluster_core.network.trace import Call, Source
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from tests.network.stage import Town, lone, service

NODE = Source("node", "node-1")


@pytest.fixture
def town() -> Town:
    return Town()


def test_a_bare_name_leads_to_a_pod_of_the_service(town: Town) -> None:
    trace = town.ask("http://web")
    assert (trace.outcome, trace.response.status) == ("answered", 200)
    assert "Welcome to nginx!" in trace.response.body
    assert [hop.kind for hop in trace.hops][:3] == ["source", "dns", "rule"]
    rule = next(hop for hop in trace.hops if hop.kind == "rule")
    assert rule.facts["service"] == "default/web" and rule.facts["rules"][0]["chain"] == "KUBE-SERVICES"


def test_the_same_seed_chooses_the_same_backends() -> None:
    def chosen(town: Town) -> list[str]:
        return [next(hop for hop in town.ask("web").hops if hop.kind == "rule").facts["backend"] for _ in range(12)]

    first = chosen(Town())
    assert first == chosen(Town()) and len(set(first)) == 2


def test_saving_and_loading_changes_no_answer(town: Town) -> None:
    town.ask("web")
    loaded = Cluster.load(town.cluster.save())
    before = [hop.text for hop in town.ask("web").hops]
    town.cluster = loaded
    assert [hop.text for hop in town.ask("web").hops] == before


def test_names_of_other_namespaces_need_the_namespace(town: Town) -> None:
    town.put("Namespace", {"metadata": {"name": "shop"}})
    town.settle()
    town.put("Pod", lone("cart", "nginx", "shop"))
    town.put("Service", service("cart", "shop"))
    town.settle()
    assert town.ask("cart").outcome == "nxdomain"
    assert town.ask("cart.shop").response.status == 200
    assert town.ask("cart.shop.svc.cluster.local").response.status == 200


def test_without_coredns_no_name_resolves_but_addresses_work(town: Town) -> None:
    address = town.ask("web").address
    deployment = town.api.get("Deployment", "kube-system", "coredns")
    assert deployment is not None
    town.api.update("Deployment", {**deployment, "spec": {**deployment["spec"], "replicas": 0}})
    town.settle()
    assert town.ask("web").outcome == "dns-timeout"
    assert town.ask(f"http://{address}").response.status == 200


def test_a_service_whose_selector_is_wrong_refuses(town: Town) -> None:
    town.put("Service", service("typo", selector={"app": "wbe"}))
    town.settle()
    trace = town.ask("typo")
    assert trace.outcome == "refused" and "no endpoints" in trace.why


def test_a_wrong_target_port_is_refused_by_the_container(town: Town) -> None:
    town.put("Service", service("wrong", target=8080, selector={"app": "web"}))
    town.settle()
    trace = town.ask("wrong")
    assert trace.outcome == "refused" and "nothing listens on port 8080" in trace.why


def test_a_port_the_service_does_not_have_times_out(town: Town) -> None:
    assert town.ask("web:81").outcome == "timeout"


def test_node_ports_answer_on_every_node_and_from_outside(town: Town) -> None:
    town.put("Service", service("out", type="NodePort", selector={"app": "web"}))
    town.settle()
    port = town.node_port("out")
    for target in ("172.18.0.2", "172.18.0.3", "172.18.0.4"):
        assert town.outside(f"http://{target}:{port}").response.status == 200
    assert town.ask(f"http://localhost:{port}", NODE).response.status == 200
    assert town.ask(f"http://172.18.0.4:{port}").response.status == 200
    assert town.outside("http://172.18.0.3:30001").outcome == "refused"


def test_cluster_addresses_are_not_reached_from_outside(town: Town) -> None:
    assert town.outside(town.ask("web").address).outcome == "timeout"
    assert town.outside(town.address("tool")).outcome == "timeout"


def test_load_balancers_and_external_addresses_lead_to_a_node(town: Town) -> None:
    town.put("Service", service("out", externalIPs=["198.51.100.7"], selector={"app": "web"}))
    town.settle()
    trace = town.outside("http://198.51.100.7")
    assert trace.response.status == 200 and trace.hops[1].kind == "loadbalancer"


def test_a_local_load_balancer_uses_nodes_with_endpoints_only(town: Town) -> None:
    town.put("Pod", lone("one", "nginx", nodeName="node-2"))
    town.put("Service", service("one", type="LoadBalancer", externalTrafficPolicy="Local"))
    town.settle()
    town.cluster.advance(60)
    found = town.api.get("Service", "default", "one")
    assert found is not None
    trace = town.outside(f"http://{found['status']['loadBalancer']['ingress'][0]['ip']}")
    assert trace.response.status == 200 and trace.hops[1].node == "node-2"
    port = found["spec"]["healthCheckNodePort"]
    assert town.outside(f"http://172.18.0.4:{port}").response.status == 200
    assert town.outside(f"http://172.18.0.3:{port}").response.status == 503


def test_traefik_listens_where_its_arguments_say(town: Town) -> None:
    town.put("Pod", lone("door", "traefik:v3.5", container={"args": ["--entryPoints.web.address=:8000/tcp"]}))
    town.settle()
    assert town.ask(f"http://{town.address('door')}:8000").response.status == 404
    assert town.ask(f"http://{town.address('door')}:80").outcome == "refused"


def test_a_dead_node_is_not_reached(town: Town) -> None:
    town.put("Pod", lone("there", "nginx", nodeName="node-2"))
    town.put("Pod", lone("here", nodeName="node-1"))
    town.settle()
    here, address = Source("pod", "here", "default"), town.address("there")
    assert town.ask(address, here).response.status == 200
    town.cluster.command("kill-node", {"node": "node-2"})
    assert town.ask(address, here).outcome == "unreachable"
    assert town.outside("http://172.18.0.4:30001").outcome == "unreachable"


def test_stale_rules_lead_to_nobody(town: Town) -> None:
    town.put("Pod", lone("one", "nginx", nodeName="node-1"))
    town.put("Service", service("one"))
    town.settle()
    address = town.ask("one").address
    for node in ("control-plane", "node-1", "node-2"):
        town.cluster.command("kube-proxy", {"node": node, "running": False})
    town.api.delete("Pod", "default", "one")
    town.settle()
    trace = town.ask(address)
    assert trace.outcome == "unreachable"
    assert next(hop for hop in trace.hops if hop.kind == "rule").facts["stale"]


def test_host_ports_and_host_network(town: Town) -> None:
    ports = {"ports": [{"containerPort": 80, "hostPort": 8088}]}
    town.put("Pod", lone("mapped", "nginx", container=ports, nodeName="node-1"))
    town.put("Pod", lone("bare", "nginx", hostNetwork=True, nodeName="node-2"))
    town.settle()
    assert town.outside("http://172.18.0.3:8088").response.status == 200
    assert town.outside("http://172.18.0.4:80").response.status == 200
    assert town.outside("http://172.18.0.3:80").outcome == "refused"


def test_pages_come_from_a_mounted_config_map(town: Town) -> None:
    town.put("ConfigMap", {"metadata": {"name": "page", "namespace": "default"}, "data": {"index.html": "my page\n"}})
    mount = {"volumeMounts": [{"name": "v", "mountPath": "/usr/share/nginx/html"}]}
    town.put("Pod", lone("mine", "nginx", container=mount, volumes=[{"name": "v", "configMap": {"name": "page"}}]))
    town.settle()
    assert town.ask(f"http://{town.address('mine')}/").response.body == "my page\n"
    assert town.ask(f"http://{town.address('mine')}/nothing").response.status == 404


def test_well_known_programs_answer_in_their_way(town: Town) -> None:
    town.put("Pod", lone("echo", "hashicorp/http-echo", container={"args": ["-text=hi there"]}))
    town.put("Pod", lone("who", "traefik/whoami"))
    town.put("Pod", lone("redis", "redis"))
    town.put("Pod", lone("net", "registry.k8s.io/e2e-test-images/agnhost:2.53", container={"args": ["netexec"]}))
    town.settle()
    assert town.ask(f"http://{town.address('echo')}:5678").response.body == "hi there\n"
    assert town.ask(f"http://{town.address('who')}").response.body.startswith("Hostname: who\n")
    assert town.ask(f"{town.address('redis')}:6379", call=Call(scheme="redis", body="PING")).response.body == "+PONG\r\n"
    assert town.ask(f"http://{town.address('net')}:8080/hostname").response.body == "net"


def test_the_api_server_is_reached_through_its_service(town: Town) -> None:
    trace = town.ask("https://kubernetes.default/version")
    assert trace.response.status == 200 and '"minor"' in trace.response.body
    town.cluster.command("stop-component", {"component": "kube-apiserver"})
    assert town.ask("https://10.96.0.1/version").outcome == "refused"


def test_ingress_rules_are_followed_by_an_installed_controller(town: Town) -> None:
    town.put("IngressClass", {"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}})
    image = "registry.k8s.io/ingress-nginx/controller:v1.13.2"
    town.put("Pod", lone("controller", image, container={"ports": [{"containerPort": 80}]}))
    town.put("Service", service("controller", type="NodePort"))
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    none = {"service": {"name": "gone", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}, {"path": "/gone", "pathType": "Exact", "backend": none}]
    spec = {"ingressClassName": "nginx", "rules": [{"host": "shop.example", "http": {"paths": paths}}]}
    town.put("Ingress", {"metadata": {"name": "shop", "namespace": "default"}, "spec": spec})
    town.settle()
    town.cluster.advance(10)
    url = f"http://172.18.0.3:{town.node_port('controller')}"
    host = Call(headers={"Host": "shop.example"})
    assert "Welcome to nginx" in town.outside(url, host).response.body
    assert town.outside(url + "/gone", host).response.status == 503
    assert town.outside(url).response.status == 404


def test_a_backend_behind_an_ingress_hears_where_the_request_came_from(town: Town) -> None:
    town.put("Pod", lone("controller", "registry.k8s.io/ingress-nginx/controller:v1.13.2"))
    town.put("Pod", lone("who", "traefik/whoami"))
    town.put("Service", service("who"))
    backend = {"service": {"name": "who", "port": {"number": 80}}}
    spec = {"ingressClassName": "nginx", "defaultBackend": backend}
    town.put("Ingress", {"metadata": {"name": "all", "namespace": "default"}, "spec": spec})
    town.settle()
    told = town.ask(f"http://{town.address('controller')}/").response.body
    assert f"X-Forwarded-For: {town.address('tool')}" in told
    assert "X-Forwarded-Proto: http" in told


def cost_of_a_request(town: Town) -> float:
    """Seconds of processor time, the least of some rounds."""
    town.ask("http://web")
    rounds = []
    for _ in range(5):
        begun = process_time()
        for _ in range(20):
            town.ask("http://web")
        rounds.append((process_time() - begun) / 20)
    return min(rounds)


def test_a_request_costs_the_same_however_many_services_there_are(town: Town) -> None:
    alone = cost_of_a_request(town)
    for number in range(300):
        town.put("Service", service(f"other-{number}"))
    town.settle()
    assert cost_of_a_request(town) < 3 * alone


def test_the_command_tells_hops_as_json(town: Town) -> None:
    told = town.cluster.command("trace", {"from": {"pod": "default/tool"}, "to": "http://web:80/"})
    assert told["outcome"] == "answered" and told["response"]["status"] == 200
    assert {"kind", "text", "seconds"} <= set(told["hops"][0])


@pytest.mark.parametrize("target", ["", "http://[::1", "http://web:99999", "ftp://web", "http:///x"])
def test_the_command_refuses_what_is_no_address(town: Town, target: str) -> None:
    with pytest.raises(CommandError, match="to"):
        town.cluster.command("trace", {"to": target})
