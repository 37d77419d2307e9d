"""Pulling images: in turn or at once, from private registries, and when it fails by chance."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from cluster_core.simulation.nodes import park_of
from tests.builders import Engine, pod
from tests.kubelet.test_pod_lifecycle import events, first, run, status

SLOW = {"timings": {"pull-latency": 1.0, "pull-bytes-per-second": 10e6}}


def pulled(engine: Engine, name: str) -> str:
    return next(message for reason, message in events(engine, name) if reason == "Pulled")


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=1, options=SLOW)


def waiting(engine: Engine, name: str) -> str:
    return str(engine.api.get("Pod", "default", name)["status"]["containerStatuses"][0]["state"]["waiting"]["reason"])


def test_an_image_that_nobody_knows_is_not_pulled_until_the_cluster_accepts_any():
    engine = Engine(nodes=1)
    engine.api.create("Pod", pod("typo", "redis123"))
    engine.cluster.advance(2)
    assert waiting(engine, "typo") == "ErrImagePull"
    engine.cluster.advance(20)
    assert waiting(engine, "typo") == "ImagePullBackOff"
    assert any("pull access denied" in event["message"] for event in engine.events("Failed"))
    assert engine.cluster.command("set-images", {"acceptAnyImage": True}) == {"acceptAnyImage": True}
    engine.cluster.advance(60)
    assert engine.api.get("Pod", "default", "typo")["status"]["phase"] == "Running"


def test_whether_any_image_is_accepted_is_an_option_and_lasts():
    engine = Engine(nodes=1, options={"accept-any-image": True})
    assert engine.cluster.command("images", {}) == {"acceptAnyImage": True}
    engine.cluster.command("set-images", {"acceptAnyImage": False})
    assert Cluster.load(engine.cluster.save()).command("images", {}) == {"acceptAnyImage": False}
    with pytest.raises(CommandError, match="must be true or false"):
        engine.cluster.command("set-images", {"acceptAnyImage": "yes"})


def test_a_cluster_of_a_time_before_this_was_remembered_goes_on_accepting_any_image():
    saved = Engine(nodes=1).cluster.save()
    state = orjson.loads(saved.state)
    del state["parts"]["kubelet"]["workloads"]["any-image"]
    old = Cluster.load(saved._replace(state=orjson.dumps(state)))
    assert old.command("images", {}) == {"acceptAnyImage": True}


def test_images_come_one_after_the_other(engine: Engine) -> None:
    run(engine, "one", "mongo:8.0")
    run(engine, "two", "httpd:2.4")
    engine.settle()
    times = [pulled(engine, name).split(" in ")[1].split(" including")[0].split(" (") for name in ("one", "two")]
    assert sorted(taken == with_waiting for taken, with_waiting in times) == [False, True]


def test_an_image_that_another_pull_brings_comes_once(engine: Engine) -> None:
    run(engine, "one", "mongo:8.0")
    run(engine, "two", "mongo:8.0")
    engine.settle()
    times = sorted(pulled(engine, name).split(" in ")[1].split(" (")[0] for name in ("one", "two"))
    assert times[0] == "1s" and len(times[1]) > 2


def test_another_version_of_an_image_shares_its_layers(engine: Engine) -> None:
    run(engine, "old", "mongo:7.0")
    engine.settle()
    run(engine, "new", "mongo:8.0")
    engine.settle()
    first_time, second_time = (float(pulled(engine, name).split(" in ")[1].split("s ")[0]) for name in ("old", "new"))
    assert second_time < first_time / 2


def test_images_can_come_at_once(engine: Engine) -> None:
    park_of(engine.cluster).machines["node-1"].settings = {"serial": False}
    run(engine, "one", "mongo:8.0")
    run(engine, "two", "httpd:2.4")
    engine.settle()
    for name in ("one", "two"):
        alone, waiting = pulled(engine, name).split(" in ")[1].split(" including")[0].split(" (")
        assert alone == waiting


def login(server: str) -> dict[str, Any]:
    config = {"auths": {server: {"username": "me", "password": "secret"}}}
    data = {".dockerconfigjson": base64.b64encode(orjson.dumps(config)).decode()}
    metadata = {"name": "regcred", "namespace": "default"}
    return {"metadata": metadata, "type": "kubernetes.io/dockerconfigjson", "data": data}


@pytest.mark.parametrize(("server", "phase"), [("https://registry.example.com/v1/", "Running"), ("other.example.com", "Pending"), ("", "Pending")])
def test_a_private_registry_wants_a_secret_of_its_own(server: str, phase: str) -> None:
    engine = Engine(nodes=1, options={"private-registries": ["registry.example.com"]})
    if server:
        engine.api.create("Secret", login(server))
    run(engine, "app", "registry.example.com/team/app:1", imagePullSecrets=[{"name": "regcred"}])
    engine.cluster.advance(8)
    assert status(engine, "app")["phase"] == phase
    text = "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed."
    assert (("FailedToRetrieveImagePullSecret", text) in events(engine, "app")) == (not server)
    if phase == "Pending":
        assert "no basic auth credentials" in first(engine, "app")["state"]["waiting"]["message"]


def test_pulls_and_starts_fail_as_often_as_the_timings_say() -> None:
    engine = Engine(nodes=1, options={"timings": {"pull-failure": 1.0}})
    run(engine, "app")
    engine.cluster.advance(8)
    assert first(engine, "app")["state"]["waiting"]["reason"] == "ImagePullBackOff"
    engine.cluster.command("set-timings", {"timings": {"pull-failure": None, "start-failure": 1.0}})
    engine.cluster.advance(30)
    assert first(engine, "app")["lastState"]["terminated"]["message"].endswith("context deadline exceeded")
    engine.cluster.command("set-timings", {"timings": {"start-failure": 0}})
    engine.cluster.advance(400)
    assert status(engine, "app")["phase"] == "Running"


def test_a_sandbox_that_cannot_be_made_is_told_and_tried_again() -> None:
    engine = Engine(nodes=1, options={"timings": {"sandbox-failure": 1.0}})
    run(engine, "app")
    engine.cluster.advance(8)
    assert "FailedCreatePodSandBox" in [reason for reason, _ in events(engine, "app")]
    engine.cluster.command("set-timings", {"timings": {"sandbox-failure": 0.0}})
    engine.settle()
    assert status(engine, "app")["phase"] == "Running"


# ---------------------------------------------------------------------------------------------------- images as volumes


def with_volume(engine: Engine, name: str, reference: str, policy: str = "IfNotPresent") -> None:
    volume = {"name": "data", "image": {"reference": reference, "pullPolicy": policy}}
    container = {"command": ["sleep", "9999"], "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    run(engine, name, "busybox", container, volumes=[volume])


def test_an_image_that_is_a_volume_is_pulled_before_the_containers_own():
    engine = Engine(nodes=1)
    with_volume(engine, "good", "redis:7")
    engine.settle()
    assert status(engine, "good")["phase"] == "Running"
    pulls = [message for reason, message in events(engine, "good") if reason == "Pulling"]
    assert pulls == ['Pulling image "redis:7"', 'Pulling image "busybox"']


def test_a_volume_whose_image_is_not_to_be_had_keeps_its_container_waiting():
    engine = Engine(nodes=1)
    with_volume(engine, "bad", "nope.example.com/x:1")
    with_volume(engine, "never", "mongo:8.0", "Never")
    engine.cluster.advance(8)
    waiting = first(engine, "bad")["state"]["waiting"]
    assert waiting["reason"] == "ImagePullBackOff"
    assert waiting["message"].startswith('Back-off pulling image "nope.example.com/x:1": ErrImagePull: ')
    assert first(engine, "never")["state"]["waiting"]["reason"] == "ErrImageNeverPull"
    assert not [message for reason, message in events(engine, "bad") if reason == "Pulling" and "busybox" in message]
