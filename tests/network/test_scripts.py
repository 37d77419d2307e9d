"""Containers whose own scripts talk to the network: answered when they ask, in virtual time, and free while they sleep."""

from __future__ import annotations

import pytest

from cluster_core.kubelet.inside import LogOptions
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.nodes import fleet_of
from tests.network.stage import Town, lone, service

LOOP = "while true; do wget -qO- -T 1 http://web | grep title; sleep 1; done"
UNTIL = "until nslookup db; do echo waiting; sleep 2; done; echo there"


@pytest.fixture
def town() -> Town:
    return Town()


def script(name: str, text: str, **spec: object) -> dict[str, object]:
    return lone(name, container={"command": ["sh", "-c", text]}, **spec)


def log(town: Town, name: str, container: str = "") -> list[str]:
    return log_in(town.cluster, name, container)


def log_in(cluster: Cluster, name: str, container: str = "") -> list[str]:
    pod = cluster.world.client("tester").get("Pod", "default", name)
    assert pod is not None
    return fleet_of(cluster).inside.logs(pod, LogOptions(container=container))[0].splitlines()


def phase(town: Town, name: str) -> str:
    pod = town.api.get("Pod", "default", name)
    assert pod is not None
    return str(pod["status"]["phase"])


def test_a_loop_asks_once_a_second(town: Town) -> None:
    town.put("Pod", script("loop", LOOP))
    town.cluster.advance(60)
    pages = log(town, "loop")
    assert set(pages) == {"<title>Welcome to nginx!</title>"}
    assert 50 <= len(pages) <= 60


def test_an_init_container_waits_until_the_name_is_there(town: Town) -> None:
    init = {"name": "wait", "image": "busybox", "command": ["sh", "-c", UNTIL]}
    town.put("Pod", lone("app", "nginx", initContainers=[init]))
    town.cluster.advance(300)
    assert phase(town, "app") == "Pending"
    assert "** server can't find db: NXDOMAIN" in log(town, "app", "wait")
    town.put("Service", service("db"))
    town.cluster.advance(6)
    assert log(town, "app", "wait")[-1] == "there"
    assert phase(town, "app") == "Running"


def test_a_waiting_loop_lets_the_cluster_be_stable(town: Town) -> None:
    town.put("Pod", script("until", UNTIL))
    assert town.engine.settle()


def test_a_script_that_asks_and_ends_is_waited_for(town: Town) -> None:
    town.put("Pod", script("once", "for i in 1 2 3; do curl -s -o /dev/null -w '%{http_code}\\n' web; sleep 5; done", restartPolicy="Never"))
    assert town.engine.settle()
    assert (phase(town, "once"), log(town, "once")) == ("Succeeded", ["200", "200", "200"])


@pytest.mark.parametrize(
    ("command", "out"),
    [
        ("wget -qO- http://web/ -T 1 | grep -c nginx", "3"),
        ("curl -s http://web/nothing | grep -c '404 Not Found'", "2"),
        ("nc -zv web 80 2>&1 | cut -d: -f2", "80) open"),
        ("ping -c 1 web >/dev/null; echo $?", "1"),
        ("dig +short web.default.svc.cluster.local | wc -l", "1"),
        ("redis-cli -h cache ping", "PONG"),
        ("pg_isready -h cache; echo $?", "2"),
        ("X=$(curl -s -o /tmp/page -w '%{http_code}' web); echo $X; ", "200"),
        ("curl -s -o /tmp/page web; grep -c nginx /tmp/page", "3"),
    ],
)
def test_what_people_put_into_commands_works(town: Town, command: str, out: str) -> None:
    town.put("Pod", lone("cache", "redis"))
    town.put("Service", service("cache", port=6379, target=6379))
    town.settle()
    town.put("Pod", script("does", command, restartPolicy="Never"))
    assert town.engine.settle()
    assert log(town, "does")[-1].strip() == out


def test_a_network_command_may_be_the_whole_container(town: Town) -> None:
    town.put("Pod", lone("direct", restartPolicy="Never", container={"command": ["wget", "-qO-", "http://web"]}))
    town.put("Pod", lone("wrong", restartPolicy="Never", container={"command": ["wget", "-qO-", "http://nobody"]}))
    assert town.engine.settle()
    assert (phase(town, "direct"), phase(town, "wrong")) == ("Succeeded", "Failed")
    assert log(town, "wrong") == ["wget: bad address 'nobody'"]


def test_a_loop_notices_when_its_service_goes_and_comes(town: Town) -> None:
    town.put("Pod", script("watcher", "while true; do curl -s -m 1 -o /dev/null web && echo up || echo down; sleep 1; done"))
    town.cluster.advance(1000)  # by now it is asked less often
    for replicas, word in ((0, "down"), (2, "up")):
        town.api.patch("Deployment", "default", "web", {"spec": {"replicas": replicas}})
        town.cluster.advance(30)
        assert log(town, "watcher")[-1] == word


def test_sleeping_costs_nothing_and_a_long_life_little(town: Town) -> None:
    town.put("Pod", script("loop", LOOP))
    town.cluster.advance(600)
    before = len(log(town, "loop"))
    town.cluster.advance(10 * 86_400)
    assert len(log(town, "loop")) < before + 250  # of 864,000 rounds


def test_commands_from_outside_find_what_the_script_has_left(town: Town) -> None:
    town.put("Pod", script("fetcher", "curl -s web > /tmp/page; sleep 1000000"))
    town.settle()
    assert town.run("grep -c nginx /tmp/page", "fetcher")[1] == "3\n"
    assert town.run("wget -qO- http://web | grep -c nginx", "fetcher")[1] == "3\n"


def test_a_script_goes_on_the_same_after_it_was_put_away(town: Town) -> None:
    town.put("Pod", script("loop", "N=0; while true; do N=$((N+1)); echo $N $(wget -qO- web | wc -c); sleep 1; done"))
    town.cluster.advance(20)
    again = Cluster.load(town.cluster.save())
    for cluster in (town.cluster, again):
        cluster.advance(20)
    assert log_in(again, "loop") == log(town, "loop")
    assert log(town, "loop")[:2] == ["1 384", "2 384"]
    assert again.state_hash() == town.cluster.state_hash()


def test_fast_forward_in_one_go_or_in_steps_is_the_same() -> None:
    hashes = set()
    for step in (200, 7):
        town = Town()
        town.put("Pod", script("loop", LOOP))
        end = town.cluster.now + 400_000_000
        while town.cluster.now < end:
            town.cluster.advance(min(step, (end - town.cluster.now) / 1_000_000))
        hashes.add((town.cluster.state_hash(), tuple(log(town, "loop"))))
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("command", "asked", "said"),
    [
        (["sh", "-c", "while true; do echo -e 'HTTP/1.1 200 OK\\n\\nhello from nc' | nc -l -p 8080; done"], "curl -s http://{}:8080/", "hello from nc"),
        (["sh", "-c", "while true; do echo plain | nc -lk -p 8080; done"], "nc {} 8080 </dev/null", "plain"),
        (["nc", "-lk", "-p", "8080", "-e", "cat"], "echo you | nc {} 8080", "you"),
        (["sh", "-c", "mkdir /www; hostname > /www/index.html; httpd -f -p 8080 -h /www"], "wget -qO- {}:8080", "server"),
    ],
)
def test_servers_made_of_shell_commands_answer(town: Town, command: list[str], asked: str, said: str) -> None:
    town.put("Pod", lone("server", container={"command": command}))
    town.settle()
    assert town.run(asked.format(town.address("server")))[1].strip() == said
    assert town.run(f"nc -zv -w 1 {town.address('server')} 8081")[0] == 1


def test_netcat_as_a_client_is_no_server(town: Town) -> None:
    town.put("Pod", lone("probe", restartPolicy="Never", container={"command": ["nc", "-zv", "web", "80"]}))
    assert town.engine.settle()
    assert phase(town, "probe") == "Succeeded"
