"""Lifecycle hooks, restart rules, containers that cannot be started, and the order in which containers end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Engine
from tests.kubelet.test_pod_lifecycle import events, first, run, sh, status


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=1)


def hook(kind: str, **what: Any) -> dict[str, Any]:
    return {"lifecycle": {kind: what}}


def command(*argv: str) -> dict[str, Any]:
    return {"exec": {"command": ["sh", "-c", *argv]}}


def inside(engine: Engine, name: str, *argv: str) -> str:
    fleet = engine.cluster.parts["kubelet"]
    done = fleet.inside.execute(engine.api.get("Pod", "default", name), "", list(argv))  # type: ignore[attr-defined]
    return str(done.stdout)


def reasons(engine: Engine, name: str) -> list[str]:
    return [reason for reason, _ in events(engine, name)]


def test_what_a_post_start_hook_leaves_behind_is_there(engine):
    run(engine, "greets", container=hook("postStart", **command("echo hello > /usr/share/message")))
    engine.settle()
    assert inside(engine, "greets", "cat", "/usr/share/message") == "hello\n"


def test_nobody_hears_that_a_container_runs_until_its_post_start_hook_is_through(engine):
    run(engine, "slow", container=hook("postStart", sleep={"seconds": 30}))
    engine.cluster.advance(20)
    assert "Started" in reasons(engine, "slow") and status(engine, "slow")["phase"] == "Pending"
    engine.cluster.advance(20)
    assert status(engine, "slow")["phase"] == "Running"


def test_a_container_whose_post_start_hook_fails_is_killed_and_tried_again(engine):
    run(engine, "fails", container=hook("postStart", **command("exit 3")))
    engine.cluster.advance(60)
    assert ("FailedPostStartHook", "PostStartHook failed") in events(engine, "fails")
    assert ("Killing", "FailedPostStartHook") in events(engine, "fails")
    assert first(engine, "fails")["lastState"]["terminated"]["exitCode"] == 137
    assert first(engine, "fails")["restartCount"] >= 2
    assert first(engine, "fails")["state"]["waiting"]["reason"] in ("PostStartHookError", "CrashLoopBackOff")


def test_a_hook_that_asks_a_closed_port_fails(engine):
    run(engine, "closed", container=hook("postStart", httpGet={"port": 81, "path": "/"}))
    engine.cluster.advance(10)
    assert "FailedPostStartHook" in reasons(engine, "closed")


@pytest.mark.parametrize("what", [command("sleep 10"), {"sleep": {"seconds": 10}}], ids=["exec", "sleep"])
def test_a_pre_stop_hook_takes_its_time_before_the_process_hears_of_the_end(engine, what):
    run(engine, "leaves", container=hook("preStop", **what))
    engine.settle()
    engine.api.delete("Pod", "default", "leaves")
    engine.cluster.advance(9)
    assert "running" in first(engine, "leaves")["state"]
    engine.cluster.advance(4)
    assert engine.api.get("Pod", "default", "leaves") is None


def test_a_failing_pre_stop_hook_is_told_and_hinders_nothing(engine):
    run(engine, "leaves", container=hook("preStop", **command("exit 1")))
    engine.settle()
    engine.api.delete("Pod", "default", "leaves")
    engine.cluster.advance(5)
    assert engine.api.get("Pod", "default", "leaves") is None
    assert ("FailedPreStopHook", "PreStopHook failed") in events(engine, "leaves")


def test_a_command_that_is_not_there_is_a_run_container_error_then_a_crash_loop(engine):
    run(engine, "typo", container={"command": ["nginxx"]})
    seen = set()
    for _ in range(40):
        engine.cluster.advance(1)
        seen.add(first(engine, "typo")["state"].get("waiting", {}).get("reason"))
    assert {"RunContainerError", "CrashLoopBackOff"} <= seen
    ended = first(engine, "typo")["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"], ended["startedAt"]) == ("StartError", 128, "1970-01-01T00:00:00Z")
    assert "Started" not in reasons(engine, "typo")
    assert any(text.startswith("Error: failed to create containerd task") for _, text in events(engine, "typo"))


def test_a_pod_that_never_restarts_fails_when_its_command_is_not_there(engine):
    run(engine, "typo", container={"command": ["nginxx"]}, restartPolicy="Never")
    engine.settle()
    assert status(engine, "typo")["phase"] == "Failed"
    assert first(engine, "typo")["state"]["terminated"]["reason"] == "StartError"


def test_an_image_that_runs_as_root_is_refused_where_root_is_not_allowed(engine):
    run(engine, "root", container={"securityContext": {"runAsNonRoot": True}})
    run(engine, "zero", container={"securityContext": {"runAsNonRoot": True, "runAsUser": 0}})
    run(engine, "other", container={"securityContext": {"runAsNonRoot": True, "runAsUser": 1000}})
    run(engine, "own", "nginxinc/nginx-unprivileged", container={"securityContext": {"runAsNonRoot": True}})
    engine.cluster.advance(8)
    waiting = first(engine, "root")["state"]["waiting"]
    assert waiting["reason"] == "CreateContainerConfigError"
    assert waiting["message"].startswith('container has runAsNonRoot and image will run as root (pod: "root_default(')
    assert first(engine, "zero")["state"]["waiting"]["message"].startswith("container's runAsUser breaks non-root policy")
    assert first(engine, "other")["user"]["linux"]["uid"] == 1000
    assert "running" in first(engine, "own")["state"]


def rule(action: str, *values: int, operator: str = "In") -> dict[str, Any]:
    codes = {"operator": operator, "values": list(values)}
    return {"restartPolicy": "Never", "restartPolicyRules": [{"action": action, "exitCodes": codes}]}


def test_a_restart_rule_restarts_only_for_its_exit_codes(engine):
    run(engine, "again", "busybox", {**sh("exit 42"), **rule("Restart", 42)}, restartPolicy="Never")
    run(engine, "over", "busybox", {**sh("exit 1"), **rule("Restart", 42)}, restartPolicy="Never")
    engine.cluster.advance(20)
    assert status(engine, "again")["phase"] == "Running" and first(engine, "again")["restartCount"] >= 1
    assert status(engine, "over")["phase"] == "Failed" and first(engine, "over")["restartCount"] == 0


def test_a_containers_own_policy_counts_more_than_its_pods(engine):
    run(engine, "own", "busybox", {**sh("exit 1"), "restartPolicy": "Never"}, restartPolicy="Always")
    engine.cluster.advance(10)
    assert status(engine, "own")["phase"] == "Failed"


def test_a_rule_can_begin_the_whole_pod_anew(engine):
    worker = {"name": "worker", "image": "busybox", **sh("sleep 20; exit 88"), **rule("RestartAllContainers", 88)}
    init = {"name": "init", "image": "busybox", **sh("true")}
    main = {"name": "c", "image": "nginx"}
    metadata = {"name": "anew", "namespace": "default"}
    spec = {"initContainers": [init], "containers": [main, worker], "restartPolicy": "Never"}
    engine.api.create("Pod", {"metadata": metadata, "spec": spec})
    engine.cluster.advance(10)
    ip = status(engine, "anew")["podIP"]
    engine.cluster.advance(25)
    found = status(engine, "anew")
    assert [each["restartCount"] for each in (*found["initContainerStatuses"], *found["containerStatuses"])] == [1, 1, 1]
    assert found["phase"] == "Running" and found["podIP"] == ip
    last = found["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ("RestartingAllContainers", 137)
    assert ("Killing", "killing") in events(engine, "anew")


def test_a_pod_that_begins_anew_says_so_meanwhile_and_stays_initialized(engine):
    worker = {"name": "worker", "image": "busybox", **sh("sleep 20; exit 88"), **rule("RestartAllContainers", 88)}
    init = {"name": "init", "image": "busybox", **sh("sleep 3")}
    main = {"name": "c", "image": "busybox", "command": ["sleep", "9999"]}
    metadata = {"name": "says", "namespace": "default"}
    spec = {"initContainers": [init], "containers": [main, worker], "restartPolicy": "Never"}
    engine.api.create("Pod", {"metadata": metadata, "spec": spec})
    seen: list[tuple[str, str]] = []
    for _ in range(400):
        engine.cluster.advance(0.1)
        found = {each["type"]: each for each in status(engine, "says").get("conditions", ())}
        if "AllContainersRestarting" in found:
            told = found["AllContainersRestarting"]["status"], found["Initialized"]["status"]
            seen += [told] if not seen or seen[-1] != told else []
    assert seen == [("False", "False"), ("False", "True"), ("True", "True"), ("False", "True")]


def test_sidecars_end_after_the_others_the_last_one_first(engine):
    sidecars = [{"name": name, "image": "nginx", "restartPolicy": "Always"} for name in ("one", "two")]
    run(engine, "order", "busybox", sh("trap 'sleep 3' TERM; sleep 9999"), initContainers=sidecars)
    engine.cluster.advance(10)
    engine.api.delete("Pod", "default", "order")
    ended: list[str] = []
    for _ in range(100):
        engine.cluster.advance(0.05)
        pod = engine.api.get("Pod", "default", "order")
        memory = engine.cluster.parts["kubelet"]._memories  # type: ignore[attr-defined]
        waiting = next(iter(memory.values()), {}).get("turns", {})
        ended.append(",".join(sorted(waiting)))
        if pod is None:
            break
    assert [each for i, each in enumerate(ended) if i == 0 or ended[i - 1] != each] == ["one,two", "one", ""]


def test_a_pod_over_its_deadline_is_failed_only_when_its_containers_have_ended(engine):
    run(engine, "late", "busybox", {"command": ["sleep", "9999"]}, activeDeadlineSeconds=20, terminationGracePeriodSeconds=30)
    engine.cluster.advance(30)
    assert status(engine, "late")["phase"] == "Running"
    engine.cluster.advance(30)
    assert (status(engine, "late")["phase"], status(engine, "late")["reason"]) == ("Failed", "DeadlineExceeded")
    assert first(engine, "late")["state"]["terminated"]["exitCode"] == 137
