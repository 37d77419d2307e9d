"""Network commands as people type them: curl, wget, nslookup, dig, host, nc, ping, ip, redis-cli, pg_isready. Pure functions of the
command line and the network; output formats are those of the real programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cluster_core.network import trace
from cluster_core.network.network import Conversation, Network
from cluster_core.network.trace import Source


@dataclass(slots=True)
class Ran:
    """How a command ended; `seconds` are virtual; `files` it has written, by path."""

    out: str = ""
    err: str = ""
    code: int = 0
    seconds: float = 0.0
    files: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Typed:
    """A command as it was typed, and where."""

    argv: Sequence[str]
    network: Network
    source: Source
    stdin: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    busybox: bool = False
    """Whether the programs there are those of BusyBox."""
    probing: bool = False

    talks: list[Conversation] = field(default_factory=list)
    """All it has said and heard."""

    def talk(self) -> Conversation:
        self.talks.append(self.network.conversation(self.source, self.probing))
        return self.talks[-1]


class Options:
    """A command line: options with and without values, and the rest. Short ones may be joined: -sSv, -m5."""

    def __init__(self, argv: Sequence[str], valued: Mapping[str, str], flags: Mapping[str, str]) -> None:
        """`valued` and `flags` give the one name under which an option is kept: {"-m": "max-time", "--max-time": ...}."""
        self.values: dict[str, list[str]] = {}
        self.flags: set[str] = set()
        self.rest: list[str] = []
        self.unknown: list[str] = []
        self._valued, self._plain = valued, flags
        words = list(argv)
        while words:
            self._read(words.pop(0), words)

    def _read(self, word: str, words: list[str]) -> None:
        name, equals, value = word.partition("=")
        if word in self._valued:
            self._keep(word, words.pop(0) if words else "")
        elif word in self._plain:
            self.flags.add(self._plain[word])
        elif equals and name in self._valued:
            self._keep(name, value)
        elif word.startswith("-") and not word.startswith("--") and len(word) > 1:
            self._joined(word, words)
        elif word.startswith("--"):
            self.unknown.append(word)
        else:
            self.rest.append(word)

    def _joined(self, word: str, words: list[str]) -> None:
        for index, letter in enumerate(word[1:], 2):
            option = f"-{letter}"
            if option in self._valued:
                self._keep(option, word[index:] or (words.pop(0) if words else ""))
                return
            if option in self._plain:
                self.flags.add(self._plain[option])
            else:
                self.unknown.append(option)

    def _keep(self, option: str, value: str) -> None:
        self.values.setdefault(self._valued[option], []).append(value)

    def value(self, name: str, default: str = "") -> str:
        return self.values.get(name, [default])[-1]

    def number(self, name: str, default: float) -> float:
        try:
            return float(self.value(name) or default)
        except ValueError:
            return default


def run(name: str, typed: Typed) -> Ran | None:
    """Run the command of this name; None when it is no network command."""
    from cluster_core.network import tools_dig, tools_dns, tools_http, tools_links, tools_ports, tools_socket, tools_sql

    found = (tools_http.TOOLS | tools_dns.TOOLS | tools_dig.TOOLS | tools_socket.TOOLS | tools_links.TOOLS | tools_ports.TOOLS | tools_sql.TOOLS).get(name)
    return found(typed) if found else None


NAMES = ("curl", "wget", "nslookup", "dig", "host", "nc", "ncat", "netcat", "telnet", "ping", "redis-cli", "getent",
         "pg_isready", "mysqladmin", "mariadb-admin", "ip", "ifconfig", "netstat", "ss", "mysql", "mariadb", "psql")  # fmt: skip
WHY = {
    trace.REFUSED: "Connection refused",
    trace.TIMEOUT: "Connection timed out",
    trace.UNREACHABLE: "No route to host",
}
UNRESOLVED = (trace.NXDOMAIN, trace.NO_DNS, trace.SERVFAIL)
