"""A terminal in process: typed at, listened to, left and come back to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from cluster_core.persistence.memory import MemoryLog
from playground.engine.port import EngineError
from playground.worker.binding import Builder
from playground.worker.host import Host
from tests.terminal.person import Terminal, opened


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host(MemoryLog(), Builder(), "tests")
    await host.start()
    await host.command("demo", "create", {"seed": 1, "nodes": 1})
    await host.command("demo", "clock", {"action": "settle"})
    yield host
    await host.stop()


@pytest.fixture
async def terminal(host: Host) -> AsyncIterator[Terminal]:
    terminal = await opened(host)
    yield terminal
    await terminal.talk.aclose()


async def test_files_pipes_and_heredocs_work(terminal: Terminal) -> None:
    assert "kube-apiserver.yaml" in await terminal.run("ls /etc/kubernetes/manifests")
    assert "--etcd-servers" in await terminal.run("ps aux | grep kube-apiserver | tr ' ' '\\n' | grep etcd")
    await terminal.type("cat > /root/x <<EOF\rone\rtwo\rEOF\r")
    await terminal.until(r"EOF\r\n.*# $")
    assert await terminal.run("wc -l < /root/x | tr -d ' '") == "2\n"


async def test_moving_a_manifest_stops_the_scheduler(host: Host, terminal: Terminal) -> None:
    await terminal.run("mv /etc/kubernetes/manifests/kube-scheduler.yaml /root/")
    assert "kube-scheduler " not in await terminal.run("ps aux")
    await terminal.run("mv /root/kube-scheduler.yaml /etc/kubernetes/manifests/")
    assert "kube-scheduler " in await terminal.run("ps aux")


async def test_an_edit_counts_for_the_next_command_of_the_same_line(terminal: Terminal) -> None:
    line = "sed -i s/ca.crt/typo.crt/ /var/lib/kubelet/config.yaml && systemctl restart kubelet; systemctl is-active kubelet"
    assert "activating" in await terminal.run(line)
    assert "typo.crt" in await terminal.run("journalctl -u kubelet")


async def test_another_machine_is_reached_and_left(terminal: Terminal) -> None:
    assert await terminal.run("hostname") == "control-plane\n"
    await terminal.run("ssh node-1")
    assert await terminal.run("hostname") == "node-1\n"
    assert "closed" in await terminal.run("exit")
    assert await terminal.run("hostname") == "control-plane\n"
    assert "Could not connect" in await terminal.run("ssh nowhere")


async def test_a_session_outlives_a_reload(host: Host, terminal: Terminal) -> None:
    await terminal.run("echo remembered; cd /etc")
    number = next(message["id"] for message in terminal.messages if message["type"] == "session")
    await terminal.talk.aclose()
    again = await opened(host, session=number)
    assert "remembered" in again.seen
    assert await again.run("pwd") == "/etc\n"
    await again.talk.aclose()


async def test_control_c_ends_what_runs(terminal: Terminal) -> None:
    await terminal.type("while true; do :; done\r")
    await terminal.until("done")
    await terminal.type("\x03")
    await terminal.type("echo al''ive\r")
    assert "alive" in await terminal.until("alive")


async def test_etcdctl_watches_until_control_c(host: Host, terminal: Terminal) -> None:
    await terminal.type("etcdctl watch /exam --prefix\r")
    await terminal.until("--prefix")
    for number in range(100):
        await host.command("demo", "etcd", {"op": "put", "key": "/exam/answer", "value": str(number).encode()})
        await asyncio.sleep(0.05)
        if number > 20:
            break
    assert "PUT" in await terminal.until("/exam/answer")
    await terminal.type("\x03")
    await terminal.type("echo ov''er\r")
    await terminal.until("\nover")


async def test_kubectl_goes_by_the_machines_kubeconfig(terminal: Terminal) -> None:
    await terminal.run("sed -i s/:6443/:6553/ /root/.kube/config")
    assert "172.18.0.2:6553 was refused" in await terminal.run("kubectl get nodes")
    assert "no such file" in await terminal.run("kubectl --kubeconfig=/nowhere get nodes")
    await terminal.run("mv /etc/kubernetes/manifests/kube-apiserver.yaml /root/")
    assert "172.18.0.2:6443 was refused" in await terminal.run("KUBECONFIG=/etc/kubernetes/admin.conf kubectl get nodes")


async def test_keys_requests_and_certificates_are_made(terminal: Terminal) -> None:
    await terminal.run("openssl genrsa -out jane.key 2048 && openssl req -new -key jane.key -subj /CN=jane/O=devs -out jane.csr")
    assert "CN = jane" in await terminal.run("openssl req -in jane.csr -noout -subject")
    pki = "/etc/kubernetes/pki"
    await terminal.run(f"openssl x509 -req -in jane.csr -CA {pki}/ca.crt -CAkey {pki}/ca.key -CAcreateserial -days 30 -out jane.crt")
    assert "jane.crt: OK" in await terminal.run(f"openssl verify -CAfile {pki}/ca.crt jane.crt")
    assert "No such file" in await terminal.run("openssl x509 -in nothing.crt -noout -text")


async def test_vi_opens_the_editor_and_saving_writes(terminal: Terminal) -> None:
    await terminal.type("vi /root/new.txt\r")
    edit = await terminal.wait_for("edit")
    assert (edit["path"], edit["content"]) == ("/root/new.txt", "")
    await terminal.until("# $")
    await terminal.talk.send({"type": "save", "path": "/root/new.txt", "content": "written\n"})
    await terminal.until("# $")
    assert await terminal.run("cat /root/new.txt") == "written\n"


async def test_a_lost_cluster_comes_back_from_its_snapshot(host: Host, terminal: Terminal) -> None:
    assert "saved" in await terminal.run("etcdctl snapshot save /root/backup.db")
    await terminal.run("etcdctl del /registry/namespaces/default")
    assert "restored" in await terminal.run("etcdutl snapshot restore /root/backup.db --data-dir /var/lib/restored")
    await terminal.run("sed -i s,path:./var/lib/etcd,path:\\ /var/lib/restored, /etc/kubernetes/manifests/etcd.yaml")
    assert "/registry/namespaces/default" in await terminal.run("etcdctl get /registry/namespaces/default --keys-only")


@pytest.mark.parametrize(
    "line",
    [
        ":(){ :|:& };:",
        "while true; do echo x; done",
        "yes",
        "x=a; while true; do x=$x$x; done",
        "head -c 100000000000 /dev/zero > /root/big",
        "cat /etc/shadow /proc/1/environ ../../../../etc/shadow",
        "curl http://169.254.169.254/",
        "python3 -c 'import os; print(os.environ)'",
    ],
)
async def test_bombs_hold_nobody_up(host: Host, terminal: Terminal, line: str) -> None:
    await terminal.type(line + "\r")
    loop = asyncio.get_running_loop()
    worst, end = 0.0, loop.time() + 0.5
    while loop.time() < end:
        before = loop.time()
        await host.command("demo", "state-hash", {})
        worst = max(worst, loop.time() - before)
    await terminal.type("\x03")
    await terminal.type("echo ali''ve\r")
    await terminal.until("\nalive", 20)
    assert worst < 1.0
    assert "SECRET" not in terminal.seen and "root:$" not in terminal.seen


async def test_a_cluster_has_so_many_terminals_and_no_more(host: Host) -> None:
    open_now = [await opened(host) for _ in range(12)]
    talk = await host.stream("demo", "terminal", {})
    with pytest.raises(EngineError, match="12 terminals"):
        await talk.receive()
    await open_now[0].talk.aclose()
    await opened(host)
    for each in open_now:
        await each.talk.aclose()


async def test_an_unknown_machine_has_no_terminal(host: Host) -> None:
    talk = await host.stream("demo", "terminal", {"node": "nowhere"})
    with pytest.raises(EngineError, match="nowhere"):
        await talk.receive()
