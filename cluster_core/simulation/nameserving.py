"""CoreDNS as a program in its containers: it goes by the Corefile it has read, ends at one that does not parse, and notes in
its log what its Corefile tells it to.

Models coremain and the plugins reload, log and errors. What it answers is in `coredns`.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING, NamedTuple

from cluster_core.coredns import reloading, server
from cluster_core.coredns.corefile import CorefileError, parse
from cluster_core.coredns.reloading import Version
from cluster_core.machinery.containers import Launch
from cluster_core.machinery.dns import SERVFAIL, Question, Reply
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.client import Client
    from cluster_core.coredns.server import Upstream

_IMAGE = "coredns"
_USUAL = "/etc/coredns/Corefile"
_NEAR, _FAR = 0.000125, 0.0125


class Asked(NamedTuple):
    """A question as it has come to a server, from this address."""

    question: Question
    client: str


def is_coredns(container: Obj) -> bool:
    return _IMAGE in container["image"]


def container_of(pod: Obj) -> Obj | None:
    """The pod's container that runs CoreDNS."""
    return next(filter(is_coredns, pod["spec"]["containers"]), None)


def _path(container: Obj) -> str:
    words = [*container.get("command", ()), *container.get("args", ())]
    after = dict(itertools.pairwise(words))
    return str(after.get("-conf", _USUAL))


def _versions(launch: Launch, started: int) -> list[Version]:
    """The Corefile as the container has found it when it started, and every later one."""
    path = _path(launch.container)
    begun = launch._replace(now=started).files_now().get(path)
    later = [Version(at, written[path] or "") for at, written in launch.changes if at > started and path in written]
    return [Version(started, begun), *later] if begun is not None else []


def fault(launch: Launch) -> str:
    """What CoreDNS says before it ends at once, "" when it runs."""
    if not is_coredns(launch.container):
        return ""
    path = _path(launch.container)
    text = launch.files_now().get(path)
    if text is None:
        return ""
    try:
        parse(text)
    except CorefileError as error:
        return str(error).replace("Corefile:", f"{path}:", 1)
    return ""


def life(launch: Launch, started: int, until: int) -> reloading.Life | None:
    """How its run has gone; None for other programs, or where there is no Corefile to be seen."""
    found = _versions(launch, started) if is_coredns(launch.container) else []
    return reloading.life(found, until) if found else None


class NameServer:
    """One CoreDNS, answering."""

    def __init__(self, api: Client, corefile: str, address: str, now: int) -> None:
        self._api, self._corefile, self._address, self._now = api, corefile, address, now
        self.log: list[str] = []
        """What it has written about the question."""

    def answer(self, asked: Asked, upstream: Upstream) -> tuple[Reply, list[str]]:
        """(the reply, how it came about). Raises ValueError when the Corefile does not parse."""
        silent: list[str] = []

        def further(target: str, question: Question) -> Reply:
            reply = upstream(target, question)
            if reply.code == SERVFAIL:
                silent.append(target)
            return reply

        told = server.answer(self._api, self._corefile, asked.question, further)
        self._note(asked, told.reply, silent)
        return told.reply, told.how

    def _note(self, asked: Asked, reply: Reply, silent: list[str]) -> None:
        block = server.block(self._corefile, asked.question.name)
        if block is None:
            return
        if silent and block.named("errors"):
            where = f"{self._address}:{self._number(asked, 'port')}->{silent[0].partition(':')[0]}:53"
            name, kind = asked.question
            self.log.append(f"[ERROR] plugin/errors: 2 {name}. {kind}: read udp {where}: i/o timeout")
        if reloading.logs(block, reply.code, len(reply.answers)):
            self.log.append(self._line(asked, reply))

    def _line(self, asked: Asked, reply: Reply) -> str:
        """The plugin log's own format."""
        name, kind = asked.question
        sizes = [12 + len(name) + 6, 12 + len(name) + 6 + sum(len(record.name) + len(record.data) + 12 for record in reply.answers)]
        flags, seconds = ("qr,aa,rd", _NEAR) if reply.authoritative else ("qr,rd,ra", _FAR)
        client = f"{asked.client}:{self._number(asked, 'port')}"
        question = f'{self._number(asked, "id")} "{kind} IN {name}. udp {sizes[0]} false 512"'
        return f"[INFO] {client} - {question} {reply.code} {flags} {sizes[1]} {seconds:.9f}s"

    def _number(self, asked: Asked, what: str) -> int:
        """A number such as clients draw for each question."""
        digest = hashlib.blake2b(f"{what}{asked}{self._now}".encode(), digest_size=2).digest()
        return 32768 + int.from_bytes(digest, "big") % 28000
