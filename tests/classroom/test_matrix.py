"""Every route, method and websocket is asked by every persona, and answered as the table says.

A new route fails until it has a row in `playground/classroom/routes.py` (what it is) and in `matrix.txt` (who gets what).
MATRIX=write writes the table as it is answered now: read every line that changes before it is committed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import websocket

from playground.classroom.routes import action_of

from . import matrix
from .school import PERSONAS, School

pytestmark = pytest.mark.slow
LAST_ASKED = ("anonymous", "expired", "stranger", "classmate", "teacher", "owner")
"""Who may do more comes later, so that nobody is answered 404 only because it is gone."""


class Asking:
    """Calls every way as every persona."""

    def __init__(self, school: School) -> None:
        self._school = school
        self.cluster = school.make_cluster()
        hint = self._as("teacher", "POST", f"/api/v1/courses/alpha/clusters/{self.cluster}/hints/", json={"text": "look"})
        submission = self._as("owner", "POST", "/api/v1/exercises/first-pod/submissions/?wait=20", json={"manifests": "a: b"})
        kubeconfig = self._as("owner", "GET", f"/api/v1/clusters/{self.cluster}/kubeconfig/").text
        self.token = kubeconfig.split("/k/")[1].split()[0]
        self.link = self._as("owner", "POST", f"/api/v1/clusters/{self.cluster}/follow/").json()["token"]
        self._values = {
            "cluster": self.cluster,
            "name": self.cluster,
            "course": "alpha",
            "node": "node-1",
            "part": "kube-scheduler",
            "uid": "00000000-0000-0000-0000-000000000000",
            "slug": "first-pod",
            "pk": submission.json()["id"],
            "form": "report.md",
            "hint": hint.json()["id"],
            "member": 999_999,
            "share": 999_999,
            "template": 999_999,
            "token": 999_999,
        }

    def _as(self, persona: str, method: str, path: str, **options: Any) -> Any:
        return self._school.ask(persona, method, path, **options)

    def route(self, way: matrix.Way) -> Callable[[str], str]:
        method, route = way
        path = matrix.path_of(route, self._values if "lessons" not in route else {"slug": "first-pod"})
        sent: dict[str, Any] = {"content": matrix.TEXTS[route]} if route in matrix.TEXTS else {}
        if method in ("POST", "PATCH") and not sent and route.startswith("api/"):
            sent = {"json": matrix.BODIES.get(route, {})}
        return lambda persona: str(self._as(persona, method, path, **sent).status_code)

    def kubernetes(self, name: str) -> Callable[[str], str]:
        method, path = matrix.KUBERNETES[name]
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "m-"}}
        sent = {"json": body} if method == "POST" else {}
        return lambda persona: str(
            self._as(persona, method, path.format(cluster=self.cluster, token=self.token), **sent).status_code
        )

    def socket(self, name: str) -> Callable[[str], str]:
        return getattr(self, f"_{name}")

    def _live(self, persona: str) -> str:
        return self._first(persona, f"/ws/clusters/{self.cluster}/", '{"type": "hello"}', "snapshot")

    def _terminal(self, persona: str) -> str:
        return self._first(persona, f"/ws/clusters/{self.cluster}/terminal/", '{"type": "resize"}', "session")

    def _course(self, persona: str) -> str:
        return self._first(persona, "/ws/courses/alpha/", "{}", "course")

    def _present(self, persona: str) -> str:
        """What a presenter may show is answered with an error when it is nothing: then they may present."""
        return self._first(persona, f"/ws/clusters/{self.cluster}/present/{self.link}/", "{}", "error")

    def _follow(self, persona: str) -> str:
        return self._first(persona, f"/ws/follow/{self.link}/", '{"type": "hello"}', "snapshot")

    def _first(self, persona: str, path: str, said: str, wanted: str) -> str:
        """ "open" when the first thing heard is what the socket is for, else the code it closes with."""
        socket = self._school.socket(persona, path)
        try:
            socket.send(said)
            while True:
                opcode, data = socket.recv_data()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    return str(int.from_bytes(data[:2], "big"))
                if f'"type":"{wanted}"' in data.decode().replace(" ", ""):
                    return "open"
        finally:
            socket.close()
            socket.shutdown()


@pytest.fixture(scope="module")
def answers(school: School) -> dict[str, dict[str, str]]:
    """way -> persona -> what was answered."""
    asking = Asking(school)
    ways: dict[str, Callable[[str], str]] = {f"kube {name}": asking.kubernetes(name) for name in matrix.KUBERNETES}
    ways |= {f"socket {name}": asking.socket(name) for name in matrix.SOCKETS}
    ways |= {" ".join(way).strip(): asking.route(way) for way in matrix.addresses()}
    found = {way: {persona: ask(persona) for persona in _in_turn(way)} for way, ask in ways.items()}
    if os.environ.get("MATRIX") == "write":
        matrix.TABLE.write_text(matrix.written(found, PERSONAS))
    return found


def _in_turn(way: str) -> tuple[str, ...]:
    """A course is its teacher's to delete, a cluster its owner's."""
    return LAST_ASKED if "courses/" not in way else (*LAST_ASKED[:-2], "owner", "teacher")


def test_every_way_has_a_row(answers: dict[str, dict[str, str]]) -> None:
    assert sorted(answers) == sorted(matrix.table())


def test_every_persona_is_answered_as_the_table_says(answers: dict[str, dict[str, str]]) -> None:
    expected = matrix.table()
    wrong = {
        f"{way} as {persona}": (expected[way][persona], answer)
        for way, found in answers.items()
        for persona, answer in found.items()
        if way in expected and expected[way][persona] != answer
    }
    assert not wrong


def test_nothing_but_what_is_open_answers_without_a_login(answers: dict[str, dict[str, str]]) -> None:
    """Whatever the table says."""
    let_in = {way for way, found in answers.items() if found["anonymous"][0] == "2" or found["anonymous"] == "open"}
    is_open = {" ".join(way).strip() for way in matrix.addresses() if action_of(way[1], way[0]) == "open"}
    assert let_in - is_open == {"kube token read", "socket follow"}  # whoever has the token, whoever has the link


def test_a_classmate_is_told_the_same_about_a_cluster_as_about_none(answers: dict[str, dict[str, str]], school: School) -> None:
    for way, found in answers.items():
        if "<slug:cluster>" in way and "courses/" not in way:
            assert found["classmate"] == "404" == found["stranger"], way


def test_every_websocket_is_asked() -> None:
    from playground.asgi import websockets

    assert {str(each.pattern) for each in websockets} == set(matrix.SOCKETS.values())
