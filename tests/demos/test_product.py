"""Demos on the running product: recorded from a live cluster, shared as a file, replayed, stepped, branched off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from playground.demos import demo, playing
from tests.playground.processes import Playground

pytestmark = pytest.mark.slow
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
"""
YAML = {"content-type": "application/yaml"}


@pytest.fixture
def web(product: Playground) -> Iterator[httpx.Client]:
    with product.client() as client:
        yield client


def ok(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def session(web: httpx.Client) -> None:
    """What somebody does on the cluster "stage", while its time runs at a speed of its own."""
    ok(web.post("/api/v1/clusters/", json={"name": "stage", "nodes": 2, "seed": 6}))
    assert ok(web.post("/api/v1/clusters/stage/demo/", json={"action": "record"}))["recording"]["on"]
    ok(web.post("/api/v1/clusters/stage/apply/", content=DEPLOYMENT, headers=YAML))
    ok(web.post("/api/v1/clusters/stage/demo/", json={"action": "caption", "text": "Three pods"}))
    ok(web.post("/api/v1/clusters/stage/clock/", json={"action": "run", "speed": 50}))
    scale = {"spec": {"replicas": 5}}
    patch = {"content-type": "application/merge-patch+json", "x-csrftoken": "x"}
    path = "/clusters/stage/k8s/apis/apps/v1/namespaces/default/deployments/web"
    assert web.patch(path, json=scale, headers=patch).status_code == 200
    ok(web.post("/api/v1/clusters/stage/nodes/node-1/kill/"))
    time.sleep(0.3)  # let some time of its own pass at ×50: the point is that nobody knows how much
    ok(web.post("/api/v1/clusters/stage/clock/", json={"action": "advance", "seconds": 45}))


def test_a_live_session_is_recorded_shared_and_replayed_to_the_same_state(web: httpx.Client) -> None:
    session(web)
    stopped = ok(web.post("/api/v1/clusters/stage/demo/", json={"action": "stop"}))["recording"]
    assert (stopped["on"], stopped["entries"]) == (False, 3)
    saved = ok(web.post("/api/v1/clusters/stage/demo/", json={"action": "save", "name": "staged", "title": "On stage"}))
    assert saved["captions"] == ["Three pods"]
    found = demo.load(web.get(saved["file"]).text)
    assert playing.complaints(found) == []
    assert "begin" not in web.get(saved["file"]).text.partition("steps:")[0]

    made = ok(web.post("/api/v1/demos/staged/replay/", json={"cluster": "again"}))
    assert made["url"] == "/clusters/again/"
    first = ok(web.post("/api/v1/clusters/again/demo/", json={"action": "step"}))["replay"]
    assert (first["done"], first["caption"]) == (1, "Three pods")
    ok(web.post("/api/v1/clusters/again/demo/", json={"action": "step"}))
    last = ok(web.post("/api/v1/clusters/again/demo/", json={"action": "step"}))["replay"]
    assert (last["done"], last["total"], last["next"]) == (3, 3, "")
    now = ok(web.get("/api/v1/clusters/again/"))["clock"]["now"]
    end = last["start"] + round(found.end["at"] * 1_000_000)
    ok(web.post("/api/v1/clusters/again/clock/", json={"action": "advance", "seconds": (end - now) / 1_000_000}))
    assert ok(web.get("/api/v1/clusters/again/state-hash/"))["hash"] == found.end["hash"]
    assert web.delete("/api/v1/demos/staged/").status_code == 204
    assert ok(web.post("/api/v1/demos/", content=demo.dump(found), headers=YAML))["name"] == "staged"


def test_a_replay_waits_while_paused_and_is_branched_by_whoever_acts(web: httpx.Client) -> None:
    made = ok(web.post("/api/v1/demos/node-loss/replay/", json={}))
    base = f"/api/v1/clusters/{made['cluster']}"
    assert ok(web.get(f"{base}/"))["clock"]["paused"]
    ok(web.post(f"{base}/clock/", json={"action": "advance", "seconds": 30}))
    assert ok(web.get(f"{base}/demo/"))["replay"]["done"] == 2
    ok(web.post(f"{base}/nodes/node-2/revive/"))
    state = ok(web.get(f"{base}/demo/"))["replay"]
    assert (state["branched"], state["next"]) == (True, "")
    ok(web.post(f"{base}/clock/", json={"action": "advance", "seconds": 300}))
    assert ok(web.get(f"{base}/demo/"))["replay"]["done"] == 2
    second = ok(web.post("/api/v1/demos/node-loss/replay/", json={}))
    assert second["cluster"] != made["cluster"]
    assert ok(web.post(f"/api/v1/clusters/{second['cluster']}/demo/", json={"action": "branch"}))["replay"]["branched"]


def test_what_cannot_be_a_demo_is_told(web: httpx.Client) -> None:
    bad = web.post("/api/v1/demos/", content="kind: Demo\nspec: {}", headers=YAML)
    assert bad.status_code == 400
    assert "demo.yaml:" in bad.json()["errors"]["file"][0]
    assert web.post("/api/v1/demos/nothing/replay/", json={}).status_code == 404
    assert web.delete("/api/v1/demos/node-loss/").status_code == 409
    assert web.post("/api/v1/demos/node-loss/replay/", json={"cluster": "No Name"}).status_code == 400
    ok(web.post("/api/v1/clusters/", json={"name": "silent", "nodes": 1}))
    assert web.post("/api/v1/clusters/silent/demo/", json={"action": "save", "name": "x"}).status_code == 409
    assert web.get("/api/v1/demos/schema/").json()["title"] == "Demo"


def test_a_live_clusters_recording_is_written_by_the_command(
    web: httpx.Client, product: Playground, tmp_path: Path
) -> None:
    ok(web.post("/api/v1/clusters/", json={"name": "taped", "nodes": 1, "seed": 8, "paused": True}))
    ok(web.post("/api/v1/clusters/taped/demo/", json={"action": "record"}))
    ok(web.post("/api/v1/clusters/taped/nodes/node-1/cordon/"))
    shared = web.get("/api/v1/clusters/taped/demo/file/")
    assert shared.headers["content-disposition"] == 'attachment; filename="taped.demo.yaml"'
    path = tmp_path / "taped.yaml"
    told = product.manage("demo", "record", "taped", str(path), "--title", "Taped")
    assert "1 steps" in told.stdout, told.stderr
    assert product.manage("demo", "check", str(path)).stdout == f"{path}: ok\n"
    assert demo.load(path.read_text()).entries() == demo.load(shared.text).entries()
