"""Putting a cluster away and taking it up again changes nothing."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.saved import ClusterSpec
from tests.builders import pod, workload

CRASHING = {"restartPolicy": "Always", "containers": [{"name": "c", "image": "busybox", "command": ["sh", "-c", "sleep 3; exit 1"]}]}


def begin() -> Cluster:
    cluster = Cluster.create(ClusterSpec("one", nodes=2, seed=7))
    api = cluster.world.client("tester")
    api.create("Deployment", workload("Deployment", replicas=3))
    api.create("Pod", pod("missing", "nginx:doesnotexist"))
    api.create("Pod", {"metadata": {"name": "crash", "namespace": "default"}, "spec": CRASHING})
    return cluster


def happen(cluster: Cluster, second: int) -> None:
    """What people do to it at this second."""
    api = cluster.world.client("tester")
    if second == 8:
        cluster.command("kill-node", {"node": "node-2"})
    if second == 20:
        api.delete("Pod", "default", "missing")
    if second == 50:
        cluster.command("revive-node", {"node": "node-2"})


def history(cuts: set[int]) -> str:
    cluster = begin()
    for second in range(90):
        happen(cluster, second)
        cluster.advance(1.0)
        if second in cuts:
            cluster = Cluster.load(cluster.save())
    return cluster.state_hash()


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(st.integers(0, 89), min_size=1, max_size=4))
def test_a_cluster_taken_up_again_goes_on_as_if_nothing_had_happened(cuts):
    assert history(cuts) == history(set())
