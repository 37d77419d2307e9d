"""What comes from outside is recorded with its exact moment and can be done again: the same state at the end."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from cluster_core.apiserver.request import ADMIN, ApiRequest
from cluster_core.machinery.clock import SECOND
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from cluster_core.simulation.recording import MOST_ENTRIES, pack, unpack, unpack_saved
from cluster_core.simulation.saved import ClusterSpec
from tests.builders import pod, workload

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"


def made(seed: int = 3) -> Cluster:
    return Cluster.create(ClusterSpec("recorded", nodes=2, seed=seed))


def post(cluster: Cluster, path: str, obj: Any, **more: Any) -> int:
    request = ApiRequest("POST", path, (), {"content-type": "application/json"}, orjson.dumps(obj), ADMIN, **more)
    return cluster.submit(request).status


def session(cluster: Cluster) -> None:
    """What somebody does, at odd moments: in the middle of an instant too."""
    post(cluster, DEPLOYMENTS, workload("Deployment", replicas=4))
    cluster.run(cluster.now + 2_345_678)
    cluster.run(cluster.now + 10 * SECOND, 7)
    post(cluster, PODS, pod("loner"))
    post(cluster, PODS, pod("loner"))
    cluster.advance(20)
    cluster.command("kill-node", {"node": "node-2"})
    with pytest.raises(CommandError):
        cluster.command("kill-node", {"node": "nobody"})
    cluster.run(cluster.now + 100 * SECOND, 40)
    cluster.command("machine-run", {"node": "control-plane", "argv": ["etcdctl", "put", "mine", "1"]})
    cluster.advance(30)


def recorded(cluster: Cluster) -> dict[str, Any]:
    cluster.recorder.start()
    session(cluster)
    cluster.recorder.stop()
    return cluster.command("demo-entries", {})


def played(cluster: Cluster, demo: dict[str, Any], slices: int = 1) -> Cluster:
    """To its end, put away and taken up again in between."""
    cluster.replay.begin(demo["entries"], "demo")
    end = cluster.clock.start + demo["end"]["at"]
    length = end - cluster.now
    for number in range(1, slices + 1):
        cluster.run(end - length + length * number // slices)
        cluster = Cluster.load(cluster.save()) if slices > 1 else cluster
    return cluster


@pytest.mark.parametrize("slices", [1, 7, 50])
def test_a_replay_ends_in_the_very_state_of_the_recording(slices: int) -> None:
    demo = recorded(made())
    assert demo["begin"] == ""
    again = played(made(), demo, slices)
    assert again.state_hash() == demo["end"]["hash"]
    assert again.outside.steps == demo["end"]["steps"]
    assert not again.replay.is_pending


def test_a_recording_begun_later_starts_from_the_cluster_as_it_was() -> None:
    cluster = made()
    post(cluster, PODS, pod("early"))
    cluster.run(cluster.now + 5 * SECOND, 9)
    demo = recorded(cluster)
    again = played(Cluster.load(unpack_saved(demo["begin"])), demo)
    assert again.state_hash() == demo["end"]["hash"]


def test_a_recording_survives_being_put_away() -> None:
    cluster = made()
    cluster.recorder.start()
    post(cluster, PODS, pod("a"))
    cluster = Cluster.load(cluster.save())
    post(cluster, PODS, pod("b"))
    assert [entry["request"]["body"]["metadata"]["name"] for entry in cluster.recorder.entries] == ["a", "b"]


def test_reading_is_not_recorded() -> None:
    cluster = made()
    cluster.recorder.start()
    cluster.submit(ApiRequest("GET", PODS, (), {}, b"", ADMIN))
    cluster.command("timings", {})
    cluster.command("etcd", {"op": "range", "key": "a", "end": ""})
    assert cluster.recorder.entries == []


def test_credentials_are_not_recorded_but_whom_they_stand_for() -> None:
    cluster = made()
    everybody = {"subjects": [{"kind": "Group", "name": "system:authenticated"}], "metadata": {"name": "all"}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    assert post(cluster, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {**everybody, "roleRef": role}) == 201
    wanted = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {}}
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    request = ApiRequest("POST", path, (), {"content-type": "application/json"}, orjson.dumps(wanted), ADMIN)
    token = cluster.submit(request).json()["status"]["token"]
    cluster.recorder.start()
    for secret in ("nonsense", token):
        headers = {"authorization": f"Bearer {secret}", "cookie": "secret", "content-type": "application/json"}
        cluster.submit(ApiRequest("POST", PODS, (), headers, orjson.dumps(pod("a"))))
    assert [entry["request"]["user"]["name"] for entry in cluster.recorder.entries] == ["system:serviceaccount:default:default"]
    recorded = orjson.dumps(cluster.recorder.entries)
    assert token.encode() not in recorded
    assert b"secret" not in recorded


def test_what_somebody_may_not_do_is_not_recorded() -> None:
    cluster = made()
    cluster.recorder.start()
    cluster.submit(ApiRequest("POST", PODS, (), {"content-type": "application/json"}, orjson.dumps(pod("a"))))
    assert cluster.recorder.entries == []


@pytest.mark.parametrize("body", [b"", b'{"a":1}', b'{ "a": 1, "a": 2 }\n', b"a: 1", b"k8s\x00\xff\xfe"])
def test_bodies_come_back_as_the_same_bytes(body: bytes) -> None:
    request = ApiRequest("POST", "/x", (("a", "b"),), {"user-agent": "me"}, body, ADMIN)
    assert unpack(orjson.loads(orjson.dumps(pack(request, ADMIN)))) == request


def test_a_demo_waits_while_time_stands_still_and_goes_on_with_it() -> None:
    demo = recorded(made())
    cluster = made()
    cluster.replay.begin(demo["entries"], "demo")
    assert not cluster.stable()
    cluster.run(cluster.now)
    assert cluster.replay.done == 1
    assert cluster.next_due() is not None
    cluster.advance(13)
    assert cluster.replay.done == 3


def test_who_changes_something_by_hand_branches_off() -> None:
    cluster = made()
    cluster.replay.begin(recorded(made())["entries"], "demo")
    cluster.advance(1)
    cluster.submit(ApiRequest("GET", PODS, (), {}, b"", ADMIN))
    assert cluster.replay.is_pending
    post(cluster, PODS, pod("mine"))
    assert cluster.replay.state()["branched"]
    cluster.advance(200)
    assert cluster.replay.done == 1
    assert cluster.command("demo-state", {})["replay"]["next"] == ""


def test_a_recording_that_grows_too_long_ends_and_says_so() -> None:
    cluster = made()
    cluster.recorder.start()
    for number in range(MOST_ENTRIES + 5):
        post(cluster, "/api/v1/namespaces", {"metadata": {"generation": number}})
    assert len(cluster.recorder.entries) == MOST_ENTRIES
    state = cluster.command("demo-state", {})["recording"]
    assert (state["on"], state["full"]) == (False, True)


def test_what_is_done_inside_of_containers_is_told_as_a_gap() -> None:
    cluster = made()
    post(cluster, PODS, pod("web"))
    cluster.settle(60)
    cluster.recorder.start()
    query = (("command", "touch"), ("command", "/tmp/a"), ("stdout", "true"))
    for _ in range(2):
        cluster.submit(ApiRequest("POST", f"{PODS}/web/exec", query, {"upgrade": "websocket", "connection": "upgrade"}, b"", ADMIN))
    found = cluster.command("demo-entries", {})
    assert found["gaps"] == ["exec default/web: touch /tmp/a"]


def test_there_is_nothing_to_tell_where_nothing_was_recorded() -> None:
    with pytest.raises(CommandError, match="nothing has been recorded"):
        made().command("demo-entries", {})
