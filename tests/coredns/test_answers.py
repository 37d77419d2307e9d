"""What CoreDNS answers, from services, slices and its Corefile."""

from __future__ import annotations

import pytest

from cluster_core.coredns.corefile import CorefileError, parse
from cluster_core.coredns.server import answer
from cluster_core.machinery.dns import Question, Record, Reply
from cluster_core.simulation.kubeadm.addons import COREFILE
from tests.builders import Engine, workload


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = Engine(nodes=1)
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
    engine.api.create("StatefulSet", workload("StatefulSet", "db", 2, serviceName="db"))
    engine.api.create("Service", {"metadata": {"name": "db", "namespace": "default"},
                                  "spec": {"clusterIP": "None", "selector": {"app": "db"}, "ports": ports}})  # fmt: skip
    engine.api.create("Service", {"metadata": {"name": "web", "namespace": "default"},
                                  "spec": {"clusterIP": "10.96.5.5", "selector": {"app": "none"}, "ports": ports}})  # fmt: skip
    engine.api.create("Service", {"metadata": {"name": "away", "namespace": "default"},
                                  "spec": {"type": "ExternalName", "externalName": "example.com"}})  # fmt: skip
    assert engine.settle()
    return engine


def ask(engine: Engine, name: str, kind: str = "A", corefile: str = COREFILE) -> Reply:
    def upstream(server: str, question: Question) -> Reply:
        return Reply(answers=(Record(question.name, "A", 60, "198.18.0.9"),)) if question.name.endswith(".com") else Reply("NXDOMAIN")

    return answer(engine.api, corefile, Question(name, kind), upstream).reply


def data(reply: Reply) -> list[str]:
    return [record.data for record in reply.answers]


def test_a_service_has_the_address_of_its_cluster_ip(engine: Engine) -> None:
    reply = ask(engine, "web.default.svc.cluster.local")
    assert data(reply) == ["10.96.5.5"] and reply.answers[0].ttl == 30
    nothing = ask(engine, "web.default.svc.cluster.local", "AAAA")
    assert (nothing.code, nothing.answers) == ("NOERROR", ()) and nothing.authority[0].type == "SOA"
    assert ask(engine, "nothing.default.svc.cluster.local").code == "NXDOMAIN"
    assert ask(engine, "web.nowhere.svc.cluster.local").code == "NXDOMAIN"


def test_a_headless_service_has_those_of_its_pods(engine: Engine) -> None:
    ips = [pod["status"]["podIP"] for pod in engine.api.list("Pod", "default")]
    assert sorted(data(ask(engine, "db.default.svc.cluster.local"))) == sorted(ips)
    assert data(ask(engine, "db-1.db.default.svc.cluster.local")) == [ips[1]]


def test_ports_have_srv_records(engine: Engine) -> None:
    assert data(ask(engine, "_http._tcp.web.default.svc.cluster.local", "SRV")) == ["0 100 80 web.default.svc.cluster.local."]
    reply = ask(engine, "_http._tcp.db.default.svc.cluster.local", "SRV")
    assert data(reply)[0] == "0 50 80 db-0.db.default.svc.cluster.local." and len(reply.extra) == 2
    assert ask(engine, "_nope._tcp.web.default.svc.cluster.local", "SRV").code == "NXDOMAIN"


def test_external_names_are_followed(engine: Engine) -> None:
    reply = ask(engine, "away.default.svc.cluster.local")
    assert [record.type for record in reply.answers] == ["CNAME", "A"] and data(reply) == ["example.com.", "198.18.0.9"]


def test_pods_have_names_made_of_their_addresses(engine: Engine) -> None:
    assert data(ask(engine, "10-1-2-3.default.pod.cluster.local")) == ["10.1.2.3"]
    verified = COREFILE.replace("pods insecure", "pods verified")
    assert ask(engine, "10-1-2-3.default.pod.cluster.local", corefile=verified).code == "NXDOMAIN"


def test_addresses_lead_back_to_names(engine: Engine) -> None:
    assert data(ask(engine, "5.5.96.10.in-addr.arpa", "PTR")) == ["web.default.svc.cluster.local."]


@pytest.mark.parametrize(
    ("plugin", "name", "wanted"),
    [
        ("hosts {\n 10.0.0.1 special.test\n fallthrough\n}", "special.test", ["10.0.0.1"]),
        ("rewrite name shop.test web.default.svc.cluster.local", "shop.test", ["10.96.5.5"]),
        ("rewrite name suffix .test .default.svc.cluster.local", "web.test", ["10.96.5.5"]),
        (r"rewrite name regex (.*)\.svc\.test {1}.default.svc.cluster.local", "web.svc.test", ["10.96.5.5"]),
    ],
)
def test_the_corefile_is_obeyed(engine: Engine, plugin: str, name: str, wanted: list[str]) -> None:
    reply = ask(engine, name, corefile=COREFILE.replace("    errors\n", f"    errors\n{plugin}\n"))
    assert data(reply) == wanted and reply.answers[0].name == name


def test_another_domain_hides_the_usual_one(engine: Engine) -> None:
    other = COREFILE.replace("cluster.local", "corp.local")
    assert data(ask(engine, "web.default.svc.corp.local", corefile=other)) == ["10.96.5.5"]
    assert ask(engine, "web.default.svc.cluster.local", corefile=other).code == "NXDOMAIN"


@pytest.mark.parametrize("text", [".:53 {\n  kubernets\n}", ".:53 {\n errors\n", ".:53\n"])
def test_a_broken_corefile_does_not_parse(text: str) -> None:
    with pytest.raises(CorefileError, match=r"Corefile:[0-9]+ - Error during parsing"):
        parse(text)
