"""Redis keeps what it is told, for everybody who asks, as long as its container lives."""

from __future__ import annotations

import pytest

from cluster_core.network.redis import Server, printed, shown
from tests.builders import Engine
from tests.network.stage import Town, lone


@pytest.mark.parametrize(
    ("lines", "out"),
    [
        (["SET name 'two words'", "GET name"], ["OK\n", "two words\n"]),
        (["GET none", "EXISTS none"], ["\n", "0\n"]),
        (["INCR n", "INCRBY n 4", "DECR n", "TYPE n"], ["1\n", "5\n", "4\n", "string\n"]),
        (["RPUSH l a b", "LPUSH l c", "LRANGE l 0 -1", "LPOP l", "RPOP l", "LLEN l"], ["2\n", "3\n", "c\na\nb\n", "c\n", "b\n", "1\n"]),
        (["HSET h a 1 b 2", "HGET h b", "HGETALL h"], ["2\n", "2\n", "a\n1\nb\n2\n"]),
        (["SET a 1", "SET b 2", "KEYS *", "DEL a", "DBSIZE", "FLUSHALL", "DBSIZE"], ["OK\n", "OK\n", "a\nb\n", "1\n", "1\n", "OK\n", "0\n"]),
        (["SET s x", "LPUSH s y"], ["OK\n", "(error) WRONGTYPE Operation against a key holding the wrong kind of value\n\n"]),
        (["NONSENSE a"], ["(error) ERR unknown command 'NONSENSE', with args beginning with: 'a' \n\n"]),
        (["GET"], ["(error) ERR wrong number of arguments for 'get' command\n\n"]),
        (["INCR x y", "SET x abc", "INCR x"], ["1\n", "OK\n", "(error) ERR value is not an integer or out of range\n\n"]),
        (["CONFIG GET maxmemory", "CONFIG SET maxmemory 3mb", "CONFIG GET maxmemory*"], ["maxmemory\n0\n", "OK\n", "maxmemory\n3145728\nmaxmemory-policy\nnoeviction\n"]),
    ],
)
def test_commands_answer_as_redis_does(lines: list[str], out: list[str]):
    server = Server({})
    assert [printed(server.answer(line)) for line in lines] == out


@pytest.mark.parametrize(
    ("line", "out"),
    [("SET a 'x\"y'", "OK\n"), ("GET a", '"x\\"y"\n'), ("GET none", "(nil)\n"), ("DBSIZE", "(integer) 1\n"), ("LRANGE none 0 -1", "(empty array)\n"),
     ("CONFIG GET port", '1) "port"\n2) "6379"\n'), ("NO", "(error) ERR unknown command 'NO', with args beginning with: \n")],
)  # fmt: skip
def test_at_a_terminal_replies_show_what_they_are(line: str, out: str):
    server = Server({})
    server.answer("SET a 'x\"y'")
    assert shown(server.answer(line)) == out


def test_pods_share_what_one_server_keeps_until_it_is_gone():
    town = Town()
    town.put("Pod", lone("cache", "redis"))
    town.cluster.advance(30)
    where = town.address("cache")
    assert town.run(f"redis-cli -h {where} set greeting 'hello there'")[1] == "OK\n"
    assert town.run(f"redis-cli -h {where} get greeting")[1] == "hello there\n"
    assert town.run(f"redis-cli -h {where} lrange none 0 -1")[1] == ""


def test_the_tutorial_s_config_map_is_its_configuration():
    engine = Engine(nodes=1)
    text = "maxmemory 2mb\nmaxmemory-policy allkeys-lru\n"
    engine.api.create("ConfigMap", {"metadata": {"name": "c", "namespace": "default"}, "data": {"redis-config": text}})
    container = {"name": "redis", "image": "redis:8.0.2", "command": ["redis-server", "/redis-master/redis.conf"], "volumeMounts": [{"name": "v", "mountPath": "/redis-master"}]}
    volume = {"name": "v", "configMap": {"name": "c", "items": [{"key": "redis-config", "path": "redis.conf"}]}}
    engine.api.create("Pod", {"metadata": {"name": "redis", "namespace": "default"}, "spec": {"containers": [container], "volumes": [volume]}})
    engine.cluster.advance(30)
    ran = engine.cluster.parts["kubelet"].inside.execute(engine.api.get("Pod", "default", "redis"), "", ["redis-cli", "CONFIG", "GET", "maxmemory"])
    assert ran.stdout == "maxmemory\n2097152\n"
