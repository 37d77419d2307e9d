"""CoreDNS as a program: when it takes up a new Corefile, what it writes into its log, and at what it ends."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.coredns import reloading
from cluster_core.coredns.corefile import parse
from cluster_core.coredns.reloading import Version
from cluster_core.machinery.clock import SECOND
from tests.network.stage import Town

PLAIN = ".:53 {\n  errors\n  reload\n  forward . /etc/resolv.conf\n}\n"
OTHER = PLAIN.replace("errors", "errors\n  log")
UNKNOWN, UNFINISHED = PLAIN.replace("errors", "erors"), PLAIN.replace("}", "")


def at(second: int, text: str) -> Version:
    return Version(second * SECOND, text)


def test_a_new_corefile_counts_half_a_minute_later() -> None:
    versions = [at(0, PLAIN), at(100, OTHER)]
    assert reloading.life(versions, 129 * SECOND).corefile == PLAIN
    loaded = reloading.life(versions, 131 * SECOND)
    assert loaded.corefile == OTHER
    assert [line.partition(" = ")[0] for when, line in loaded.log if when] == [
        "[INFO] Reloading", "[INFO] plugin/reload: Running configuration SHA512", "[INFO] Reloading complete",
    ]  # fmt: skip


def test_without_the_plugin_reload_it_counts_from_the_next_start() -> None:
    still = PLAIN.replace("  reload\n", "")
    assert reloading.life([at(0, still), at(100, OTHER)], 10_000 * SECOND).corefile == still
    assert reloading.life([at(0, PLAIN.replace("reload", "reload 2m")), at(100, OTHER)], 219 * SECOND).corefile != OTHER


@pytest.mark.parametrize(("text", "told"), [(UNKNOWN, "[ERROR] Restart failed: Corefile:2"), (UNFINISHED, "[WARNING] plugin/reload: Corefile parse failed")])
def test_a_corefile_that_is_no_good_leaves_the_old_one(text: str, told: str) -> None:
    found = reloading.life([at(0, PLAIN), at(100, text), at(500, OTHER)], 450 * SECOND)
    assert found.corefile == PLAIN and any(line.startswith(told) for _, line in found.log)
    assert reloading.life([at(0, PLAIN), at(100, text), at(500, OTHER)], 600 * SECOND).corefile == OTHER


def test_what_is_put_right_before_it_looks_was_never_wrong() -> None:
    found = reloading.life([at(0, PLAIN), at(100, UNKNOWN), at(110, PLAIN)], 600 * SECOND)
    assert found.corefile == PLAIN and not any("Reloading" in line for _, line in found.log)


@pytest.mark.parametrize(("classes", "code", "answers", "wanted"), [
    ("", "NOERROR", 1, True), ("class denial", "NOERROR", 1, False), ("class denial", "NXDOMAIN", 0, True),
    ("class error denial", "SERVFAIL", 0, True), ("class success", "SERVFAIL", 0, False),
])  # fmt: skip
def test_the_plugin_log_has_classes(classes: str, code: str, answers: int, wanted: bool) -> None:
    (server,) = parse(".:53 {\n  log . {\n    " + (classes or "class all") + "\n  }\n}\n")
    assert reloading.logs(server, code, answers) is wanted


# ------------------------------------------------------------------------------------------------ in a cluster


def edit(town: Town, old: str, new: str) -> None:
    found: Any = town.api.get("ConfigMap", "kube-system", "coredns")
    town.api.update("ConfigMap", {**found, "data": {"Corefile": found["data"]["Corefile"].replace(old, new, 1)}})


def logs(town: Town) -> str:
    pods = [pod for pod in town.api.list("Pod", "kube-system") if pod["metadata"]["name"].startswith("coredns")]
    return "".join(
        town.engine.call("GET", f"/api/v1/namespaces/kube-system/pods/{pod['metadata']['name']}/log").body.decode() for pod in pods
    )


def test_an_edited_corefile_counts_when_kubelet_and_coredns_have_seen_it() -> None:
    town = Town()
    edit(town, "ready", "ready\n    log\n    hosts {\n      10.1.2.3 special.test\n      fallthrough\n    }")
    assert town.ask("special.test").outcome == "nxdomain"
    town.cluster.advance(120)
    assert town.ask("special.test").address == "10.1.2.3"
    assert "[INFO] Reloading complete" in logs(town)
    town.ask("web")
    assert '"A IN web.default.svc.cluster.local. udp 47 false 512" NOERROR qr,aa,rd' in logs(town)


def test_a_broken_corefile_silences_nobody_until_the_restart() -> None:
    town = Town()
    edit(town, "ready", "redy")
    town.cluster.advance(120)
    assert town.ask("http://web").outcome == "answered"
    for pod in town.api.list("Pod", "kube-system"):
        if pod["metadata"]["name"].startswith("coredns"):
            town.api.delete("Pod", "kube-system", pod["metadata"]["name"])
    town.cluster.advance(60)
    assert town.ask("http://web").outcome == "dns-timeout"
    assert "/etc/coredns/Corefile:6 - Error during parsing: Unknown directive 'redy'" in logs(town)
    edit(town, "redy", "ready")
    town.cluster.advance(400)
    assert town.ask("http://web").outcome == "answered"


def test_a_forwarder_that_does_not_answer_is_in_the_log() -> None:
    town = Town()
    edit(town, "/etc/resolv.conf {", "10.99.99.99 {")
    town.cluster.advance(120)
    assert town.ask("example.com").outcome == "servfail"
    assert "[ERROR] plugin/errors: 2 example.com. A: read udp 10.244." in logs(town)


def test_where_nobody_runs_questions_are_rejected_at_once_and_where_nobody_listens_they_are_waited_for() -> None:
    town = Town()
    found: Any = town.api.get("Deployment", "kube-system", "coredns")
    town.api.update("Deployment", {**found, "spec": {**found["spec"], "replicas": 0}})
    town.settle()
    town.cluster.advance(60)
    rejected = town.ask("http://web")
    assert rejected.outcome == "dns-timeout" and rejected.seconds < 1
    assert town.run("curl -m 3 http://web")[0] == 6
    assert "connection timed out; no servers could be reached" in town.run("nslookup web")[1]
    assert town.ask("http://web").why.startswith("web.default.svc.cluster.local: no name server answers")
