"""A cluster of machines: pods run, nodes die and come back."""

from tests.builders import Engine, pod, workload


def phases(engine: Engine) -> list[str]:
    return [each["status"]["phase"] for each in engine.api.list("Pod", "default")]


def condition(obj, type: str) -> str:
    return next(each["status"] for each in obj["status"]["conditions"] if each["type"] == type)


def test_a_deployment_comes_to_run_on_the_workers():
    engine = Engine(nodes=3)
    engine.api.create("Deployment", workload("Deployment", replicas=3))
    assert engine.settle()
    pods = engine.api.list("Pod", "default")
    assert phases(engine) == ["Running"] * 3
    assert {each["spec"]["nodeName"] for each in pods} == {"node-1", "node-2", "node-3"}
    assert all(condition(each, "Ready") == "True" for each in pods)
    assert len({each["status"]["podIP"] for each in pods}) == 3


def test_a_dead_nodes_pods_move_after_five_minutes():
    engine = Engine(nodes=3)
    engine.api.create("Deployment", workload("Deployment", replicas=3))
    engine.settle()
    engine.cluster.command("kill-node", {"node": "node-1"})
    engine.cluster.advance(30)
    assert condition(engine.api.get("Node", "", "node-1"), "Ready") == "True"
    engine.cluster.advance(20)
    assert condition(engine.api.get("Node", "", "node-1"), "Ready") == "Unknown"
    engine.cluster.advance(330)
    living = [each for each in engine.api.list("Pod", "default") if "deletionTimestamp" not in each["metadata"]]
    assert len(living) == 3
    assert "node-1" not in {each["spec"]["nodeName"] for each in living}
    engine.cluster.command("revive-node", {"node": "node-1"})
    assert engine.settle()
    assert condition(engine.api.get("Node", "", "node-1"), "Ready") == "True"
    assert len(engine.api.list("Pod", "default")) == 3


def test_a_node_that_was_down_for_a_moment_restarts_its_containers():
    engine = Engine(nodes=1)
    engine.api.create("Pod", pod("web"))
    engine.settle()
    engine.cluster.command("kill-node", {"node": "node-1"})
    engine.cluster.advance(5)
    engine.cluster.command("revive-node", {"node": "node-1"})
    engine.settle()
    status = engine.api.get("Pod", "default", "web")["status"]["containerStatuses"][0]
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 255


def test_draining_moves_pods_elsewhere():
    engine = Engine(nodes=2)
    engine.api.create("Deployment", workload("Deployment", replicas=4))
    engine.settle()
    answer = engine.cluster.command("drain-node", {"node": "node-1"})
    engine.settle()
    assert len([key for key in answer["evicted"] if key.startswith("default/")]) == 2
    assert {each["spec"]["nodeName"] for each in engine.api.list("Pod", "default")} == {"node-2"}


def test_a_drain_respects_disruption_budgets_and_goes_on_when_they_allow():
    engine = Engine(nodes=2)
    engine.api.create("Deployment", workload("Deployment", replicas=4))
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    engine.api.create("PodDisruptionBudget", {"metadata": {"name": "web", "namespace": "default"}, "spec": budget})
    engine.settle()
    answer = engine.cluster.command("drain-node", {"node": "node-1"})
    assert len(answer["refused"]) == 1
    engine.cluster.advance(60)
    assert {each["spec"]["nodeName"] for each in engine.api.list("Pod", "default")} == {"node-2"}
