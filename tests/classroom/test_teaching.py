"""What a teacher does with a class, over the wire, in a running product."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .school import School

pytestmark = pytest.mark.slow
CONFIGMAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pushed}\n"
CONFIGMAPS = "api/v1/namespaces/default/configmaps"


def eventually(look: Callable[[], Any], seconds: float = 60) -> Any:
    """What it says, once it says something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.1)
    return found


def kube(school: School, persona: str, method: str, cluster: str, path: str, **options: Any) -> Any:
    return school.ask(persona, method, f"/clusters/{cluster}/k8s/{path}", **options)


def writes(school: School, persona: str, cluster: str) -> int:
    """The status of writing something there."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "w-"}}
    return int(kube(school, persona, "POST", cluster, CONFIGMAPS, json=body).status_code)


def reads(school: School, persona: str, cluster: str) -> int:
    return int(kube(school, persona, "GET", cluster, "api/v1/pods").status_code)


def course(school: School, what: str, **body: Any) -> Any:
    answer = school.ask("teacher", "POST", f"/api/v1/courses/alpha/{what}/", json=body)
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


def remove(school: School, persona: str, cluster: str) -> None:
    assert school.ask(persona, "DELETE", f"/api/v1/clusters/{cluster}/").status_code == 204


@pytest.fixture
def cluster(school: School) -> Iterator[str]:
    """The owner's, in the teacher's course."""
    name = school.make_cluster(course="alpha")
    yield name
    remove(school, "owner", name)


def test_a_cluster_gets_a_name_that_tells_nothing_about_others(school: School, cluster: str) -> None:
    other = school.make_cluster("classmate", name="garden")
    assert other.startswith("garden-") and other != cluster
    assert [each["name"] for each in school.ask("classmate", "GET", "/api/v1/clusters/").json()] == [other]
    remove(school, "classmate", other)


def test_more_clusters_than_allowed_are_refused_with_the_number(school: School) -> None:
    made = [school.make_cluster("classmate", name="many", nodes=0) for _ in range(5)]
    refused = school.ask("classmate", "POST", "/api/v1/clusters/", json={"name": "many", "nodes": 0})
    assert refused.status_code == 403
    assert "you have 5 clusters" in refused.json()["message"]
    for name in made:
        remove(school, "classmate", name)


def test_nodes_and_speed_have_limits_in_the_form_of_each_way(school: School, cluster: str) -> None:
    asked = school.ask("owner", "POST", "/api/v1/clusters/", json={"name": "large", "nodes": 6})
    assert (asked.status_code, "5 nodes at most" in asked.json()["message"]) == (403, True)
    added = school.ask("owner", "POST", f"/api/v1/clusters/{cluster}/nodes/", json={"count": 5})
    assert (added.status_code, "at most 6 nodes" in added.json()["message"]) == (403, True)
    fast = school.ask("owner", "POST", f"/api/v1/clusters/{cluster}/clock/", json={"action": "run", "speed": 100})
    assert (fast.status_code, "×20" in fast.json()["message"]) == (403, True)
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"generateName": "n-"}}
    answers = [kube(school, "owner", "POST", cluster, "api/v1/nodes", json=node) for _ in range(5)]
    assert (answers[-1].status_code, answers[-1].json()["reason"]) == (403, "Forbidden")
    text = "exceeded quota: playground, requested: nodes=1, used: nodes=6, limited: nodes=6"
    assert text in answers[-1].json()["message"]


def test_the_number_of_pods_is_kept_whoever_makes_them(school: School) -> None:
    assert school.ask("teacher", "PATCH", "/api/v1/courses/alpha/", json={"most_pods": 12}).status_code == 200
    name = school.make_cluster(course="alpha")
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": 30, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    made = kube(school, "owner", "POST", name, "apis/apps/v1/namespaces/default/deployments", json=deployment)
    assert made.status_code == 201

    def complaints() -> list[str]:
        events = kube(school, "owner", "GET", name, "api/v1/namespaces/default/events").json()["items"]
        return [each["message"] for each in events if each["reason"] == "FailedCreate"]

    assert "limited: pods=12" in eventually(complaints)[0]
    assert len(kube(school, "owner", "GET", name, "api/v1/pods").json()["items"]) <= 12
    assert school.ask("teacher", "PATCH", "/api/v1/courses/alpha/", json={"most_pods": 150}).status_code == 200
    remove(school, "owner", name)


def test_a_frozen_class_changes_nothing_whichever_way_it_comes(school: School, cluster: str) -> None:
    kubeconfig = school.ask("owner", "GET", f"/api/v1/clusters/{cluster}/kubeconfig/").text
    token = kubeconfig.split("/k/")[1].split()[0]
    terminal = school.socket("owner", f"/ws/clusters/{cluster}/terminal/")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "f-"}}
    try:
        assert course(school, "freeze", frozen=True)["frozen"] is True
        by_page = eventually(lambda: (found := kube(school, "owner", "POST", cluster, CONFIGMAPS, json=body)).status_code == 403 and found)
        by_token = eventually(lambda: (found := school.ask("owner", "POST", f"/k/{token}/{CONFIGMAPS}", json=body)).status_code == 403 and found)
        by_rest = school.ask("owner", "POST", f"/api/v1/clusters/{cluster}/clock/", json={"action": "pause"})
        for answer in (by_page, by_token, by_rest):
            assert (answer.status_code, "frozen" in answer.json()["message"]) == (403, True)
        assert (by_token.json()["kind"], by_token.json()["reason"]) == ("Status", "Forbidden")
        terminal.send(json.dumps({"type": "input", "data": "ls\r"}))
        heard = eventually(lambda: (message := json.loads(terminal.recv()))["type"] == "exit" and message)
        assert "frozen" in heard["message"]
        assert reads(school, "owner", cluster) == 200
        assert [each["ok"] for each in course(school, "push", manifests=CONFIGMAP)] == [True]
    finally:
        course(school, "freeze", frozen=False)
        terminal.close()
        terminal.shutdown()
    assert eventually(lambda: writes(school, "owner", cluster) == 201)


def test_a_push_reaches_everybody_and_tells_of_each(school: School, cluster: str) -> None:
    other = school.make_cluster("classmate", course="alpha", nodes=2)
    results = course(school, "push", manifests=CONFIGMAP)
    assert {each["cluster"]: each["ok"] for each in results} == {cluster: True, other: True}
    assert kube(school, "classmate", "GET", other, f"{CONFIGMAPS}/pushed").status_code == 200
    killed = {each["cluster"]: each for each in course(school, "push", command="kill-node", args={"node": "node-2"})}
    assert killed[other]["ok"] is True
    assert (killed[cluster]["ok"], "node-2" in killed[cluster]["message"]) == (False, True)
    endless = course(school, "push", command="add-node", args={"count": 10**30})
    assert {each["ok"] for each in endless} == {False}
    refused = school.ask("teacher", "POST", "/api/v1/courses/alpha/push/", json={"command": "machine-run"})
    assert refused.status_code == 400
    remove(school, "classmate", other)


@pytest.mark.parametrize("path", ["/api/v1/clusters/", "/api/v1/tokens/", "/api/v1/exercises/first-pod/submissions/"])
def test_json_that_is_nested_without_end_is_the_clients_mistake(school: School, path: str) -> None:
    answer = school.ask("owner", "POST", path, content="[" * 100_000, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_a_revision_beyond_all_numbers_is_refused(school: School, cluster: str) -> None:
    answer = school.ask("owner", "GET", f"/api/v1/clusters/{cluster}/history/?revision={10**22}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["revision"])


@pytest.mark.parametrize(
    "filled",
    [
        {"action": "limits", "most_clusters": "9" * 30, "most_nodes": 3, "most_pods": 40, "top_speed": 10},
        {"action": "limits", "most_clusters": 3, "most_nodes": 3, "most_pods": 40, "top_speed": "nan"},
        {"action": "limits", "most_clusters": 3, "most_nodes": 3, "most_pods": 40, "top_speed": "1e999"},
        {"action": "rotate", "hours": "1e300"},
        {"action": "rotate", "hours": "-5"},
        {"action": "template", "name": "x" * 500, "nodes": 1, "manifests": ""},
        {"action": "template", "name": "few", "nodes": -9, "manifests": ""},
    ],
)
def test_a_form_filled_in_with_nonsense_changes_nothing(school: School, filled: dict[str, Any]) -> None:
    address, code = "/api/v1/courses/alpha/", "/api/v1/courses/alpha/code/"
    before = [school.ask("teacher", "GET", path).json() for path in (address, code, f"{address}templates/")]
    answer = school.ask("teacher", "POST", "/courses/alpha/", data=filled)
    assert answer.status_code == 400, answer.text
    assert [school.ask("teacher", "GET", path).json() for path in (address, code, f"{address}templates/")] == before


def test_a_form_changes_limits_templates_and_courses(school: School) -> None:
    before = school.ask("teacher", "GET", "/api/v1/courses/alpha/").json()
    limits = {name: before[name] for name in ("most_clusters", "most_nodes", "most_pods")}
    for speed in (7, before["top_speed"]):
        school.ask("teacher", "POST", "/courses/alpha/", data={"action": "limits", **limits, "top_speed": speed})
        assert school.ask("teacher", "GET", "/api/v1/courses/alpha/").json() == before | {"top_speed": speed}
    template = {"action": "template", "name": "few", "nodes": 2, "manifests": CONFIGMAP}
    assert school.ask("teacher", "POST", "/courses/alpha/", data=template).status_code == 302
    made = school.ask("teacher", "GET", "/api/v1/courses/alpha/templates/").json()[-1]
    assert (made["name"], made["spec"]["nodes"]) == ("few", 2)
    assert school.ask("teacher", "DELETE", f"/api/v1/courses/alpha/templates/{made['id']}/").status_code == 204
    assert school.ask("teacher", "POST", "/courses/", data={"name": " Gamma "}).headers["Location"] == "/courses/gamma/"


def test_a_page_that_is_not_there_looks_like_the_others(school: School) -> None:
    answer = school.ask("owner", "GET", "/lessons/nope/")
    assert (answer.status_code, "All clusters" in answer.text) == (404, True)


def test_a_page_may_say_anything_to_its_course(school: School) -> None:
    socket = school.socket("owner", "/ws/courses/alpha/")
    try:
        assert json.loads(socket.recv())["type"] == "course"
        for nonsense in ("{", "[" * 10_000, ""):
            socket.send(nonsense)
        course(school, "exercise", exercise="first-pod")
        assert json.loads(socket.recv())["exercise"] == "first-pod"
    finally:
        socket.close()
        socket.shutdown()
        course(school, "exercise", exercise="")


def test_a_hint_is_shown_to_its_student_until_it_was_seen(school: School, cluster: str) -> None:
    socket = school.socket("owner", "/ws/courses/alpha/")
    try:
        assert json.loads(socket.recv())["type"] == "course"
        hints = f"/api/v1/courses/alpha/clusters/{cluster}/hints/"
        made = school.ask("teacher", "POST", hints, json={"text": "Look!"})
        assert made.status_code == 201
        assert json.loads(socket.recv())["text"] == "Look!"
    finally:
        socket.close()
        socket.shutdown()
    address = f"/api/v1/clusters/{cluster}/hints/"
    assert [each["text"] for each in school.ask("owner", "GET", address).json()] == ["Look!"]
    assert school.ask("owner", "POST", f"{address}{made.json()['id']}/seen/").status_code == 204
    assert school.ask("owner", "GET", address).json() == []


def test_a_teacher_works_on_a_cluster_only_after_its_owner_said_yes(school: School, cluster: str) -> None:
    assert writes(school, "teacher", cluster) == 403
    asked = school.ask("teacher", "POST", f"/api/v1/courses/alpha/clusters/{cluster}/take-over/")
    assert (asked.status_code, asked.json()["granted"]) == (202, False)
    assert writes(school, "teacher", cluster) == 403
    share = f"/api/v1/clusters/{cluster}/shares/{asked.json()['id']}/"
    assert school.ask("teacher", "POST", share, json={"granted": True}).status_code == 403
    assert school.ask("owner", "POST", share, json={"granted": True}).status_code == 204
    assert eventually(lambda: writes(school, "teacher", cluster) == 201)
    assert school.ask("teacher", "GET", f"/api/v1/clusters/{cluster}/kubeconfig/").status_code == 403
    assert school.ask("owner", "DELETE", share).status_code == 204
    assert eventually(lambda: writes(school, "teacher", cluster) == 403)


def test_a_classmate_looks_or_works_as_it_is_shared(school: School, cluster: str) -> None:
    assert (reads(school, "classmate", cluster), writes(school, "classmate", cluster)) == (404, 404)
    shares = f"/api/v1/clusters/{cluster}/shares/"
    made = school.ask("owner", "POST", shares, json={"username": "classmate", "mode": "read"})
    assert made.status_code == 201
    assert eventually(lambda: (reads(school, "classmate", cluster), writes(school, "classmate", cluster)) == (200, 403))
    assert school.ask("owner", "POST", shares, json={"username": "classmate", "mode": "work"}).status_code == 201
    assert eventually(lambda: writes(school, "classmate", cluster) == 201)
    assert school.ask("owner", "POST", shares, json={"username": "stranger", "mode": "read"}).status_code == 400
    live = school.socket("classmate", f"/ws/clusters/{cluster}/")
    try:
        live.send('{"type": "hello"}')
        assert json.loads(live.recv())["type"] == "snapshot"
        assert school.ask("owner", "DELETE", f"{shares}{made.json()['id']}/").status_code == 204
        assert eventually(lambda: reads(school, "classmate", cluster) == 404)
        assert writes(school, "owner", cluster) == 201
        assert kube(school, "owner", "POST", cluster, "api/v1/namespaces", json={"metadata": {"name": "stir"}}).status_code == 201
        assert eventually(lambda: json.loads(live.recv())["type"] == "gone")
    finally:
        live.close()
        live.shutdown()


def test_a_class_follows_its_teacher_and_forks_what_it_saw(school: School) -> None:
    shown = school.make_cluster("teacher", name="demo", course="alpha")
    assert reads(school, "classmate", shown) == 404
    assert course(school, "broadcast", cluster=shown)["broadcast"] == shown
    assert eventually(lambda: reads(school, "classmate", shown) == 200)
    assert (reads(school, "stranger", shown), writes(school, "classmate", shown)) == (404, 403)
    revision = school.ask("teacher", "GET", f"/api/v1/clusters/{shown}/").json()["revision"]
    wanted = {"name": "mine", "revision": revision}
    fork = school.ask("classmate", "POST", f"/api/v1/clusters/{shown}/fork/", json=wanted)
    assert (fork.status_code, fork.json()["revision"]) == (201, revision)
    mine = fork.json()["name"]
    assert writes(school, "classmate", mine) == 201
    fast = school.ask("classmate", "POST", f"/api/v1/clusters/{mine}/clock/", json={"action": "run", "speed": 100})
    assert fast.status_code == 403  # the teacher's cluster had no limits, the fork has a student's
    course(school, "broadcast", cluster="")
    assert eventually(lambda: reads(school, "classmate", shown) == 404)
    remove(school, "teacher", shown)
    remove(school, "classmate", mine)


def test_only_ones_own_cluster_is_broadcast(school: School, cluster: str) -> None:
    refused = school.ask("teacher", "POST", "/api/v1/courses/alpha/broadcast/", json={"cluster": cluster})
    assert refused.status_code == 400


def test_the_wall_shows_pictures_and_progress_and_collect_grades_them(school: School, cluster: str) -> None:
    assert course(school, "exercise", exercise="first-pod")["exercise"] == "first-pod"

    def card() -> Any:
        students = school.ask("teacher", "GET", "/api/v1/courses/alpha/wall/").json()["students"]
        return next(each for student in students for each in student["clusters"] if each["name"] == cluster)

    progress = eventually(lambda: card()["progress"])
    assert (progress["passed"], progress["total"] > 0) == (0, True)
    assert [node["name"] for node in card()["picture"]["nodes"]] == ["control-plane", "node-1"]
    mine = next(each for each in course(school, "collect") if each["cluster"] == cluster)
    status = f"/api/v1/submissions/{mine['submission']}/?wait=20"
    assert eventually(lambda: school.ask("owner", "GET", status).json()["verdict"])["passed"] is False
    assert school.ask("classmate", "GET", status).status_code == 404
    assert school.ask("stranger", "GET", status).status_code == 404
    assert "owner" in school.ask("teacher", "GET", "/api/v1/gradebook/").text
    assert "owner" not in school.ask("stranger", "GET", "/api/v1/gradebook/").text


def test_a_watched_cluster_cannot_be_handed_in_as_ones_own(school: School, cluster: str) -> None:
    address, body = "/api/v1/exercises/first-pod/submissions/", {"cluster": cluster}
    assert school.ask("teacher", "POST", address, json=body).status_code == 403
    assert school.ask("classmate", "POST", address, json=body).status_code == 404


def test_a_template_begins_a_cluster_and_a_reset_begins_it_again(school: School) -> None:
    spec = {"name": "shop", "spec": {"nodes": 2, "seed": 7}, "manifests": CONFIGMAP}
    assert school.ask("teacher", "POST", "/api/v1/courses/alpha/templates/", json=spec).status_code == 201
    name = school.make_cluster(course="alpha", template="shop")
    assert kube(school, "owner", "DELETE", name, f"{CONFIGMAPS}/pushed").status_code == 200
    reset = school.ask("owner", "POST", f"/api/v1/clusters/{name}/reset/")
    assert (reset.status_code, reset.json()["name"], reset.json()["seed"]) == (200, name, 7)
    assert kube(school, "owner", "GET", name, f"{CONFIGMAPS}/pushed").status_code == 200
    assert eventually(lambda: len(kube(school, "owner", "GET", name, "api/v1/nodes").json()["items"]) == 3)
    remove(school, "owner", name)


def test_the_timer_reaches_the_class(school: School) -> None:
    socket = school.socket("classmate", "/ws/courses/alpha/")
    try:
        assert json.loads(socket.recv())["timer_ends"] is None
        course(school, "timer", seconds=300)
        assert json.loads(socket.recv())["timer_ends"]
        course(school, "timer", seconds=None)
        assert json.loads(socket.recv())["timer_ends"] is None
    finally:
        socket.close()
        socket.shutdown()


def test_what_a_guests_terminal_shows_of_its_address_ends_with_the_share(school: School, cluster: str) -> None:
    shares = f"/api/v1/clusters/{cluster}/shares/"
    made = school.ask("owner", "POST", shares, json={"username": "classmate", "mode": "work"}).json()
    eventually(lambda: writes(school, "classmate", cluster) == 201)
    terminal = school.socket("classmate", f"/ws/clusters/{cluster}/terminal/")
    try:
        terminal.settimeout(60)
        terminal.send(json.dumps({"type": "input", "data": "kubectl get namespaces -v=6\r"}))
        heard: list[str] = []
        eventually(lambda: heard.append(terminal.recv()) or "kube-public" in "".join(heard))
        key = "".join(heard).split("/k/")[1].split("/")[0]
    finally:
        terminal.close()
        terminal.shutdown()
    assert key not in school.ask("owner", "GET", f"/api/v1/clusters/{cluster}/kubeconfig/").text
    assert school.ask("anonymous", "GET", f"/k/{key}/api/v1/namespaces").status_code == 200
    assert school.ask("owner", "DELETE", f"{shares}{made['id']}/").status_code == 204
    assert eventually(lambda: school.ask("anonymous", "GET", f"/k/{key}/api/v1/namespaces").status_code == 404)
    forged = f"{key[:-2]}{'AA' if key[-2:] != 'AA' else 'BB'}"
    assert school.ask("anonymous", "GET", f"/k/{forged}/api/v1/namespaces").status_code == 401


def test_a_token_of_another_cluster_of_the_same_seed_opens_nothing(school: School, cluster: str) -> None:
    """Equal seeds sign with equal keys."""
    other = school.make_cluster("classmate", name="twin")
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
    accounts = "api/v1/namespaces/kube-system/serviceaccounts"
    made = kube(school, "classmate", "POST", other, f"{accounts}/default/token", json=request)
    bearer = {"Authorization": f"Bearer {made.json()['status']['token']}"}
    for name in (cluster, f"{cluster}.{'0' * 24}", other, "nothing-here"):
        assert school.ask("anonymous", "GET", f"/k8s/{name}/api", headers=bearer).status_code == 401
    shown = school.playground.manage("kubeconfig", other, "--https").stdout
    address = shown.split("/k8s/")[1].split()[0]
    assert address.startswith(f"{other}.")
    assert school.ask("anonymous", "GET", f"/k8s/{address}/api", headers=bearer).status_code == 200
    remove(school, "classmate", other)


def test_a_template_needs_no_more_than_a_name(school: School) -> None:
    made = school.ask("teacher", "POST", "/api/v1/courses/alpha/templates/", json={"name": "plain"})
    assert (made.status_code, made.json()["spec"]) == (201, {})
    remove(school, "owner", school.make_cluster(course="alpha", template="plain"))
