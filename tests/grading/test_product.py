"""Grading on the running product: every form of hand-in, every form of verdict, webhooks, and the graded cluster itself."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import httpx
import jwt
import pytest

from playground.grading import catalogue
from playground.grading.runner import prepared
from tests.playground.processes import Playground

from .receiver import receiving
from .test_rest import archive

pytestmark = pytest.mark.slow
EXERCISE = catalogue.find("first-pod")
REFERENCE = EXERCISE.reference.files["manifests.yaml"]
URL = "/api/v1/exercises/first-pod/submissions/"
LOSS = catalogue.find("node-loss")


@pytest.fixture
def web(product: Playground) -> Any:
    with product.client() as client:
        yield client


def asked(web: httpx.Client, made: httpx.Response) -> dict[str, Any]:
    """The submission, once it is graded."""
    assert made.status_code in (200, 202), made.text
    answer = web.get(made.json()["status"], params={"wait": 30}, timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_every_form_of_hand_in_is_graded_and_the_verdicts_agree(web: httpx.Client) -> None:
    forms: list[dict[str, Any]] = [
        {"json": {"manifests": REFERENCE}},
        {"json": {"files": {"a/pod.yaml": REFERENCE}}},
        {"json": {"files": {"pod.yaml": REFERENCE}, "commands": ["kubectl apply -f pod.yaml"]}},
        {"content": REFERENCE, "headers": {"content-type": "application/yaml"}},
        {"content": archive(pod=REFERENCE), "headers": {"content-type": "application/zip"}},
    ]
    found = [asked(web, web.post(URL, **form))["verdict"] for form in forms]
    assert [each["outcome"] for each in found] == ["passed"] * len(forms)
    assert len({each["stateHash"] for each in found}) == 1


def test_a_live_cluster_is_handed_in_as_it_is(web: httpx.Client) -> None:
    assert web.post("/api/v1/clusters/", json={"name": "handed-in", "nodes": 3, "seed": 9}).status_code == 201
    before = asked(web, web.post(URL, json={"cluster": "handed-in"}))
    applied = web.post(
        "/api/v1/clusters/handed-in/apply/", content=REFERENCE, headers={"content-type": "application/yaml"}
    )
    assert applied.json()["results"][0]["status"] == "created"
    after = asked(web, web.post(URL, json={"cluster": "handed-in"}))
    assert (before["verdict"]["passed"], after["verdict"]["passed"]) == (False, True)
    assert web.post(URL, json={"cluster": "no-such"}).status_code == 404


def test_a_webhook_is_called_though_nobody_asks_again(web: httpx.Client) -> None:
    with receiving() as receiver:
        body = {"student": "ada", "manifests": REFERENCE, "webhook": receiver.url}
        late = web.post(URL, params={"wait": 0}, json=body)
        assert late.status_code == 202
        assert receiver.arrived.wait(60)
    headers, taken = receiver.taken[0]
    assert json.loads(taken)["submission"]["verdict"]["passed"]
    key = jwt.PyJWK(web.get("/api/v1/jwks/").json()["keys"][0])
    jwt.decode(headers["Webhook-Signature"], key, algorithms=["ES256"], audience=receiver.url)


def test_a_class_is_handed_in_graded_reported_and_graded_again(web: httpx.Client) -> None:
    data = archive(ada__pod=REFERENCE, bob=REFERENCE.replace("1.27", "9.99"))
    bulk = web.post(f"{URL}bulk/", content=data, headers={"content-type": "application/zip"})
    assert bulk.status_code == 202
    found = {
        each["student"]: web.get(each["status"], params={"wait": 30}, timeout=60).json()
        for each in bulk.json()["submissions"]
    }
    assert (found["ada"]["verdict"]["passed"], found["bob"]["verdict"]["passed"]) == (True, False)
    again = web.post(f"{found['bob']['status']}regrade/", timeout=60).json()
    assert again["same"] is True
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(web.get("/api/v1/gradebook/").text))}
    assert (rows["ada"]["first-pod"], rows["bob"]["first-pod"]) == ("2", "0")
    assert web.get(f"{found['bob']['status']}junit.xml").text.startswith("<?xml")
    assert "bob" in web.get(f"{found['bob']['status']}report.md").text


def test_a_link_opens_the_graded_cluster_at_the_failing_moment(web: httpx.Client) -> None:
    slow = LOSS.starter.files["manifests.yaml"]
    submission = asked(web, web.post("/api/v1/exercises/node-loss/submissions/", json={"manifests": slow}))
    failed = next(each for each in submission["verdict"]["checks"] if each["name"] == "Ten pods are ready again")
    assert not failed["passed"]
    link = submission["links"][failed["name"]]
    page = web.get(link)
    assert failed["message"].partition(":")[0] in page.text
    opened = web.post(link, follow_redirects=False, timeout=60)
    assert opened.status_code == 302, opened.text
    name = opened.headers["location"].split("/")[2]
    assert opened.headers["location"].endswith(f"?revision={failed['evidence']['revision']}")
    state = web.get(f"/api/v1/clusters/{name}/").json()
    assert state["revision"] == failed["evidence"]["revision"]
    assert state["clock"]["paused"]
    history = web.get(f"/api/v1/clusters/{name}/history/").json()
    assert history["last"] == state["revision"]
    assert history["first"] < history["last"]
    then = web.get(f"/api/v1/clusters/{name}/history/", params={"revision": history["first"]}).json()
    assert not [each for each in then["objects"] if each["k"] == "Deployment" and each["ns"] == "default"]
    assert web.post(link, follow_redirects=False).headers["location"] == opened.headers["location"]
    went = web.post(f"/api/v1/clusters/{name}/clock/", json={"action": "advance", "seconds": 400}, timeout=60).json()
    assert went["now"] > state["clock"]["now"]
    ready = web.get(f"/clusters/{name}/k8s/apis/apps/v1/namespaces/default/deployments/web").json()
    assert ready["status"]["readyReplicas"] == 10


def test_a_moment_that_is_none_is_told(web: httpx.Client) -> None:
    submission = asked(web, web.post(URL, json={"manifests": REFERENCE}))
    moment = f"{submission['status']}moment/"
    assert web.post(moment, json={"check": "nothing"}).status_code == 404
    assert web.post(moment, json={}).status_code == 400
    first = submission["verdict"]["checks"][0]["name"]
    assert web.post(moment, json={"check": first}, timeout=60).json()["cluster"].startswith("graded-")


def begun(web: httpx.Client, exercise: str) -> str:
    """The name of the live cluster on which somebody tries the exercise."""
    web.get(f"/exercises/{exercise}/")
    form = {"action": "begin", "csrfmiddlewaretoken": web.cookies["csrftoken"]}
    page = web.post(f"/exercises/{exercise}/", data=form)
    assert page.status_code == 302, page.text
    return page.headers["location"].split("/")[2]


def test_an_exercise_tried_live_begins_exactly_as_it_is_graded(web: httpx.Client) -> None:
    name = begun(web, "without-a-scheduler")
    live = web.get(f"/api/v1/clusters/{name}/state-hash/").json()["hash"]
    assert live == prepared(catalogue.find("without-a-scheduler")).state_hash()


def test_what_kubectl_has_done_before_an_exercise_is_done_live_too(web: httpx.Client) -> None:
    name = begun(web, "broken-rollout")
    told = web.get(f"/api/v1/clusters/{name}/etcd/", params={"key": "/registry/deployments/default/web"}).json()
    assert "nginx:9.99" in told["value"]["text"]
