"""Parts of the control plane stop and start; what waited is done then."""

import pytest

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from tests.builders import Engine, pod, workload


def phase(engine: Engine, name: str = "web") -> str:
    return engine.api.get("Pod", "default", name)["status"]["phase"]


def test_without_a_scheduler_pods_wait_until_it_is_back():
    engine = Engine(nodes=1)
    engine.cluster.command("stop-component", {"component": "kube-scheduler"})
    engine.api.create("Pod", pod("web"))
    engine.settle()
    assert phase(engine) == "Pending"
    assert engine.api.get("Pod", "kube-system", "kube-scheduler-control-plane") is None
    engine.cluster.command("start-component", {"component": "kube-scheduler"})
    engine.settle()
    assert phase(engine) == "Running"
    assert engine.api.get("Pod", "kube-system", "kube-scheduler-control-plane")["status"]["phase"] == "Running"


def test_a_stopped_controller_manager_stays_stopped_when_the_cluster_is_taken_up_again():
    engine = Engine(nodes=1)
    engine.cluster.command("stop-component", {"component": "controller-manager"})
    engine.settle()
    cluster = Cluster.load(engine.cluster.save())
    api = cluster.world.client("tester")
    api.create("Deployment", workload("Deployment", replicas=2))
    cluster.settle()
    assert api.list("ReplicaSet", "default") == []
    cluster.command("start-component", {"component": "controller-manager"})
    cluster.settle()
    assert len(api.list("Pod", "default")) == 2


def test_a_stopped_kubelet_leaves_containers_running_but_its_node_goes_silent():
    engine = Engine(nodes=1)
    engine.api.create("Pod", pod("web"))
    engine.settle()
    engine.cluster.command("stop-component", {"component": "kubelet", "node": "node-1"})
    engine.cluster.advance(60)
    node = engine.api.get("Node", "", "node-1")
    assert {each["status"] for each in node["status"]["conditions"]} == {"Unknown"}
    engine.cluster.command("start-component", {"component": "kubelet", "node": "node-1"})
    engine.settle()
    status = engine.api.get("Pod", "default", "web")["status"]["containerStatuses"][0]
    assert (status["restartCount"], status["ready"]) == (0, True)


@pytest.mark.parametrize(
    ("name", "args", "status"),
    [
        ("kill-node", {"node": "nobody"}, 404),
        ("kill-node", {}, 400),
        ("revive-node", {"node": "node-1"}, 409),
        ("add-node", {"name": "node-1"}, 409),
        ("add-node", {"name": "Not A Name"}, 400),
        ("add-node", {"cpu": "-1"}, 400),
        ("add-node", {"count": "many"}, 400),
        ("add-node", {"taints": ["x"]}, 400),
        ("stop-component", {"component": "kube-nonsense"}, 404),
        ("set-timings", {"timings": {"nonsense": 1}}, 400),
        ("dance", {}, 404),
    ],
)
def test_commands_that_cannot_be_done_say_so(name, args, status):
    with pytest.raises(CommandError) as problem:
        Engine(nodes=1).cluster.command(name, args)
    assert problem.value.status == status


def test_the_state_tells_nodes_pods_and_components():
    engine = Engine(nodes=2)
    state = engine.cluster.command("state", {})
    assert state["nodes"] == {"total": 3, "ready": 3}
    assert state["pods"]["Running"] == state["pods"]["total"]
    assert set(state["components"].values()) == {True}


def test_new_timings_hold_from_now_on():
    engine = Engine(nodes=1)
    engine.cluster.command("set-timings", {"timings": {"pull-latency": 100, "pull-bytes-per-second": 1e12}})
    engine.api.create("Pod", pod("web"))
    engine.cluster.advance(90)
    assert phase(engine) == "Pending"
    engine.cluster.advance(20)
    assert phase(engine) == "Running"


def test_an_added_node_takes_pods_at_once():
    engine = Engine(nodes=1)
    answer = engine.cluster.command("add-node", {"cpu": "2", "memory": "4Gi", "zone": "b", "taints": ["key=value:NoSchedule"]})
    engine.settle()
    node = engine.api.get("Node", "", answer["name"])
    assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "b"
    assert node["spec"]["taints"] == [{"key": "key", "value": "value", "effect": "NoSchedule"}]
    assert node["status"]["capacity"]["cpu"] == "2"


def test_a_deleted_node_is_gone_with_its_machine():
    engine = Engine(nodes=2)
    engine.api.create("Deployment", workload("Deployment", replicas=2))
    engine.settle()
    engine.cluster.command("delete-node", {"node": "node-1"})
    engine.settle()
    assert engine.api.get("Node", "", "node-1") is None
    assert "node-1" not in engine.cluster.command("state", {})["machines"]


@pytest.mark.parametrize("component", ["etcd", "kube-apiserver"])
def test_without_its_store_the_api_does_not_answer_and_goes_on_afterwards(component):
    engine = Engine(nodes=2)
    engine.api.create("Deployment", workload("Deployment", replicas=4))
    engine.cluster.advance(0.1)
    engine.cluster.command("stop-component", {"component": component})
    engine.cluster.advance(120)
    assert engine.call("GET", "/api/v1/nodes").status in (500, 503, 504)
    engine.cluster.command("start-component", {"component": component})
    engine.settle()
    assert [each["status"]["phase"] for each in engine.api.list("Pod", "default")] == ["Running"] * 4


def test_the_control_plane_dies_and_comes_back_with_its_machine():
    engine = Engine(nodes=2)
    engine.cluster.command("kill-node", {"node": "control-plane"})
    engine.cluster.advance(60)
    assert engine.call("GET", "/api/v1/nodes").status >= 500
    assert set(engine.cluster.command("state", {})["components"].values()) == {False}
    engine.cluster.command("revive-node", {"node": "control-plane"})
    engine.settle()
    engine.api.create("Deployment", workload("Deployment", replicas=2))
    engine.settle()
    assert [each["status"]["phase"] for each in engine.api.list("Pod", "default")] == ["Running"] * 2
    assert engine.cluster.command("state", {})["nodes"]["ready"] == 3
