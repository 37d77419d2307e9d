"""Limits that change, templates that are tried, collecting, and what is not there: over the wire, in a running product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .school import School
from .test_teaching import eventually, kube, remove

pytestmark = pytest.mark.slow
COURSE = "/api/v1/courses/alpha/"
PODS = "api/v1/namespaces/default/pods"


@pytest.fixture
def cluster(school: School) -> Iterator[str]:
    name = school.make_cluster(course="alpha")
    yield name
    remove(school, "owner", name)


@pytest.fixture
def limits(school: School) -> Iterator[Any]:
    """Changes the course's limits; they are the old ones afterwards."""
    before = school.ask("teacher", "GET", COURSE).json()

    def change(**wanted: Any) -> None:
        assert school.ask("teacher", "PATCH", COURSE, json=wanted).status_code == 200

    yield change
    change(**{name: before[name] for name in ("most_nodes", "most_pods", "top_speed")})


def clock(school: School, cluster: str, **body: Any) -> Any:
    return school.ask("owner", "POST", f"/api/v1/clusters/{cluster}/clock/", json=body)


def test_changed_limits_hold_at_the_next_action_and_nothing_is_taken_away(school: School, cluster: str, limits: Any) -> None:
    nodes = f"/api/v1/clusters/{cluster}/nodes/"
    assert school.ask("owner", "POST", nodes, json={"count": 2}).status_code == 201
    limits(most_nodes=2, most_pods=1)
    assert len(kube(school, "owner", "GET", cluster, "api/v1/nodes").json()["items"]) == 4
    refused = school.ask("owner", "POST", nodes, json={})
    assert (refused.status_code, "at most 3 nodes" in refused.json()["message"]) == (403, True)
    pod = {"metadata": {"name": "one-more"}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
    full = kube(school, "owner", "POST", cluster, PODS, json=pod)
    assert (full.status_code, "exceeded quota: playground" in full.json()["message"]) == (403, True)
    limits(most_nodes=9, most_pods=150)
    assert school.ask("owner", "POST", nodes, json={}).status_code == 201
    assert kube(school, "owner", "POST", cluster, PODS, json=pod).status_code == 201


def test_a_clock_that_runs_too_fast_is_slowed_down(school: School, cluster: str, limits: Any) -> None:
    assert clock(school, cluster, action="run", speed=20).json()["speed"] == 20
    limits(top_speed=5)
    assert school.ask("owner", "GET", f"/api/v1/clusters/{cluster}/").json()["clock"]["speed"] == 5
    assert clock(school, cluster, action="run", speed=6).status_code == 403
    limits(top_speed=50)
    assert clock(school, cluster, action="run", speed=50).status_code == 200


def test_who_begins_to_teach_has_no_limits_any_more(school: School) -> None:
    name = school.make_cluster("classmate", course="alpha")
    members = school.ask("teacher", "GET", f"{COURSE}members/").json()
    member = next(each["id"] for each in members if each["username"] == "classmate")

    def role(name: str) -> None:
        assert school.ask("teacher", "PATCH", f"{COURSE}members/{member}/", json={"role": name}).status_code == 200

    def add(count: int) -> int:
        return school.ask("classmate", "POST", f"/api/v1/clusters/{name}/nodes/", json={"count": count}).status_code

    assert add(6) == 403
    role("assistant")
    assert add(6) == 201
    role("student")
    assert add(1) == 403
    remove(school, "classmate", name)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"manifests": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c}]}"}, "spec.containers[0].image"),
        ({"manifests": "# one\n---\napiVersion: v1\nkind: Pot\nmetadata: {name: a}"}, "line 3: no matches for kind"),
        ({"manifests": "a: ["}, "line 1"),
        ({"spec": {"nodez": 2}}, "spec.nodez: unknown field"),
        ({"spec": {"nodes": -2}}, "spec.nodes"),
        ({"spec": ["nodes"]}, "must be an object"),
    ],
)
def test_a_template_that_could_begin_nothing_is_not_kept(school: School, body: dict[str, Any], words: str) -> None:
    refused = school.ask("teacher", "POST", f"{COURSE}templates/", json={"name": "broken", **body})
    assert (refused.status_code, words in refused.json()["message"]) == (400, True), refused.text
    assert "broken" not in school.ask("teacher", "GET", f"{COURSE}templates/").text


def test_a_template_keeps_what_machines_run_with(school: School) -> None:
    spec = {"name": "with docker", "spec": {"nodes": 1, "runtime": "docker"}}
    assert school.ask("teacher", "POST", f"{COURSE}templates/", json=spec).status_code == 201
    name = school.make_cluster(course="alpha", template="with docker")
    for _ in range(2):
        nodes = kube(school, "owner", "GET", name, "api/v1/nodes").json()["items"]
        assert nodes[0]["status"]["nodeInfo"]["containerRuntimeVersion"].startswith("docker://")
        assert school.ask("owner", "POST", f"/api/v1/clusters/{name}/reset/").status_code == 200
    remove(school, "owner", name)


def test_a_template_that_a_students_limits_do_not_admit_leaves_no_half_cluster(school: School, limits: Any) -> None:
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: nginx}]}"
    assert school.ask("teacher", "POST", f"{COURSE}templates/", json={"name": "full", "manifests": text}).status_code == 201
    limits(most_pods=1)
    before = school.ask("owner", "GET", "/api/v1/clusters/").json()
    refused = school.ask("owner", "POST", "/api/v1/clusters/", json={"name": "full", "course": "alpha", "template": "full"})
    assert (refused.status_code, "exceeded quota" in refused.json()["message"]) == (409, True)
    assert school.ask("owner", "GET", "/api/v1/clusters/").json() == before


def collected(school: School, **body: Any) -> dict[str, dict[str, Any]]:
    answer = school.ask("teacher", "POST", f"{COURSE}collect/", json=body)
    assert answer.status_code == 202, answer.text
    return {each["student"]: each for each in answer.json()}


def test_collecting_takes_what_was_begun_for_the_exercise_or_what_is_named(school: School, cluster: str) -> None:
    begun = school.make_cluster(name="first-pod", course="alpha")
    later = school.make_cluster(name="later", course="alpha")
    every = collected(school, exercise="first-pod")
    assert (every["owner"]["cluster"], every["classmate"]["problem"]) == (begun, "has no cluster")
    assert collected(school, exercise="labels-and-services")["owner"]["cluster"] == later
    named = collected(school, exercise="first-pod", clusters=[cluster])
    assert [(each["student"], each["cluster"]) for each in named.values()] == [("owner", cluster)]
    status = f"/api/v1/submissions/{named['owner']['submission']}/?wait=20"
    assert eventually(lambda: school.ask("owner", "GET", status).json()["verdict"])["exercise"]["name"] == "first-pod"
    for name in (begun, later):
        remove(school, "owner", name)


def test_nobody_elses_cluster_is_collected(school: School) -> None:
    theirs = school.make_cluster("stranger", name="theirs")
    for wanted, words in (({"clusters": [theirs]}, "no student of this course"), ({"exercise": "nothing"}, "no exercise")):
        refused = school.ask("teacher", "POST", f"{COURSE}collect/", json={"exercise": "first-pod", **wanted})
        assert (refused.status_code, words in refused.json()["message"]) == (400, True), refused.text
    remove(school, "stranger", theirs)


def test_what_is_not_there_cannot_be_answered_nor_seen(school: School, cluster: str) -> None:
    own = f"/api/v1/clusters/{cluster}/"
    assert school.ask("owner", "POST", f"{own}shares/4711/", json={"granted": True}).status_code == 404
    assert school.ask("owner", "DELETE", f"{own}shares/4711/").status_code == 404
    assert school.ask("owner", "POST", f"{own}hints/4711/seen/").status_code == 404
    hint = school.ask("teacher", "POST", f"{COURSE}clusters/{cluster}/hints/", json={"text": "look"}).json()["id"]
    assert [school.ask("owner", "POST", f"{own}hints/{hint}/seen/").status_code for _ in range(2)] == [204, 204]


def test_a_frozen_class_makes_no_clusters_whichever_way(school: School, cluster: str) -> None:
    def frozen(now: bool) -> None:
        assert school.ask("teacher", "POST", f"{COURSE}freeze/", json={"frozen": now}).status_code == 200

    ways = {
        "make": ("/api/v1/clusters/", {"name": "more", "nodes": 0}),
        "fork": (f"/api/v1/clusters/{cluster}/fork/", {"name": "more"}),
        "demo": ("/api/v1/demos/node-loss/replay/", {}),
    }
    frozen(True)
    try:
        for address, body in ways.values():
            refused = school.ask("owner", "POST", address, json=body)
            assert (refused.status_code, "frozen" in refused.json()["message"]) == (403, True), refused.text
        assert "frozen" in school.ask("owner", "POST", "/lessons/first-pod/").text
    finally:
        frozen(False)


def test_a_deleted_cluster_is_followed_by_no_class(school: School) -> None:
    shown = school.make_cluster("teacher", name="shown", course="alpha")
    assert school.ask("teacher", "POST", f"{COURSE}broadcast/", json={"cluster": shown}).status_code == 200
    remove(school, "teacher", shown)
    assert school.ask("owner", "GET", COURSE).json()["broadcast"] == ""


def test_a_push_with_a_misspelt_argument_does_nothing_anywhere(school: School, cluster: str) -> None:
    body = {"command": "kill-node", "args": {"node": "node-1", "force": True}}
    refused = school.ask("teacher", "POST", f"{COURSE}push/", json=body)
    assert (refused.status_code, '"force" is no argument of kill-node' in refused.json()["message"]) == (400, True)


def test_a_reset_begins_the_exercise_or_the_lesson_again(school: School) -> None:
    for page, path in (("/exercises/silent-service/", "apis/apps/v1/namespaces/default/deployments/web"), ("/lessons/repair/", "api/v1/nodes/node-1")):
        begun = school.ask("owner", "POST", page, data={"action": "begin"})
        assert begun.status_code == 302, begun.text
        name = begun.headers["location"].split("/")[2]
        before = school.ask("owner", "GET", f"/api/v1/clusters/{name}/state-hash/").json()["hash"]
        assert kube(school, "owner", "DELETE", name, path).status_code == 200
        assert school.ask("owner", "POST", f"/api/v1/clusters/{name}/reset/").status_code == 200
        assert kube(school, "owner", "GET", name, path).status_code == 200
        assert school.ask("owner", "GET", f"/api/v1/clusters/{name}/state-hash/").json()["hash"] == before or "lessons" in page
        assert school.ask("owner", "GET", f"/api/v1/clusters/{name}/").json()["clock"]["paused"] is False
        remove(school, "owner", name)
