"""What simulated servers say on one connection, byte by byte."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.network.trace import Call, Source, Trace
from playground.containers.dialogue import Dialogue
from tests.network.stage import Town, lone


@pytest.fixture(scope="module")
def town() -> Town:
    town = Town()
    for name, image in (("site", "nginx"), ("cache", "redis"), ("db", "mongo"), ("who", "traefik/whoami")):
        town.put("Pod", lone(name, image))
    town.put("Pod", lone("echo", "istio/tcp-echo-server", container={"args": ["9000", "you said:"]}))
    town.settle()
    return town


def connection(town: Town, pod: str, port: int) -> Dialogue:
    def ask(call: Call) -> Trace:
        return town.ask(f"{call.scheme}://127.0.0.1:{port}{call.path}", Source("pod", pod, "default"), call)

    return Dialogue(ask, lambda: town.cluster.now)


def request(path: str = "/", method: str = "GET", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def test_requests_follow_each_other_on_one_connection(town: Town) -> None:
    talk = connection(town, "site", 80)
    first, second = talk.feed(request()), talk.feed(request("/nothing"))
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Welcome to nginx!" in first
    assert second.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert not talk.over


def test_pipelined_requests_are_answered_in_their_order(town: Town) -> None:
    answer = connection(town, "site", 80).feed(request() + request("/nothing"))
    assert answer.index(b" 200 OK") < answer.index(b" 404 Not Found")


def test_a_request_may_come_byte_by_byte(town: Town) -> None:
    talk = connection(town, "site", 80)
    assert b" 200 OK" in b"".join(talk.feed(bytes((byte,))) for byte in request())


def test_head_answers_no_body_and_close_closes(town: Town) -> None:
    talk = connection(town, "site", 80)
    answer = talk.feed(request(method="HEAD", Connection="close"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: 384" in head
    assert (body, talk.over) == (b"", True)


@pytest.mark.parametrize("body", [b"Content-Length: 5\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"])
def test_bodies_arrive_whole(town: Town, body: bytes) -> None:
    talk = connection(town, "who", 80)
    answer = talk.feed(b"POST /form HTTP/1.1\r\nHost: a.example\r\n" + body)
    assert b"POST /form HTTP/1.1" in answer
    assert b"Host: a.example" in answer


def test_what_is_no_http_is_a_bad_request(town: Town) -> None:
    for garbage in (b"\x16\x03\x01\x02\0\x01", b"GET /\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"):
        talk = connection(town, "site", 80)
        assert talk.feed(garbage).startswith(b"HTTP/1.1 400 Bad Request"), garbage
        assert talk.over


def test_redis_answers_both_forms_of_its_protocol(town: Town) -> None:
    talk = connection(town, "cache", 6379)
    assert talk.feed(b"*1\r\n$4\r\nPI") == b""
    assert talk.feed(b"NG\r\n*2\r\n$4\r\nEC") == b"+PONG\r\n"
    assert connection(town, "cache", 6379).feed(b"PING\r\n") == b"+PONG\r\n"


def test_an_echo_says_each_line_again(town: Town) -> None:
    talk = connection(town, "echo", 9000)
    assert talk.feed(b"one\ntwo\n") == b"you said: one\nyou said: two\n"
    assert talk.feed(b"", at_end=True) == b""
    assert talk.over


def test_a_server_that_speaks_something_else_hangs_up_on_http(town: Town) -> None:
    talk = connection(town, "db", 27017)
    assert (talk.feed(request()), talk.over) == (b"", True)


def test_a_flood_of_a_body_is_cut_off(town: Town) -> None:
    talk = connection(town, "site", 80)
    answer: Any = talk.feed(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n" + bytes(5_000_000))
    assert answer.startswith(b"HTTP/1.1 413")
    assert talk.over
