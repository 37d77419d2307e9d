"""The Corefile: server blocks with the plugins they name. Models coredns/caddyfile's parser and coredns' directives."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_WORDS = """
root metadata geoip cancel tls timeouts multisocket reload nsid bufsize bind debug trace ready
health pprof prometheus errors log dnstap local dns64 any chaos loadbalance tsig cache rewrite
header dnssec autopath minimal template transfer hosts route53 azure clouddns k8s_external kubernetes file auto
secondary etcd loop forward grpc erratic whoami on sign view nomad acl quic grpc_server
import
"""
DIRECTIVES = frozenset(_WORDS.split())
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


class CorefileError(ValueError):
    """The Corefile does not parse; str() is what CoreDNS logs before it ends."""


class Plugin(NamedTuple):
    """One directive: its arguments and the lines of its block, as words."""

    name: str
    args: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...] = ()

    def option(self, name: str) -> tuple[str, ...] | None:
        """The words after the line that begins with this one; None when there is none."""
        return next((line[1:] for line in self.lines if line[0] == name), None)


class Server(NamedTuple):
    """One server block: the zones it answers for ("" is the root), without dots at the end, and its port."""

    zones: tuple[str, ...]
    port: int
    plugins: tuple[Plugin, ...]

    def named(self, name: str) -> list[Plugin]:
        return [plugin for plugin in self.plugins if plugin.name == name]


def zone_of(text: str) -> str:
    return text.rstrip(".").lower()


@lru_cache(64)
def parse(text: str) -> tuple[Server, ...]:
    """The server blocks. Raises CorefileError."""
    return _Parser(text).servers()


class _Parser:
    def __init__(self, text: str) -> None:
        self._lines = [(number, _words(line)) for number, line in enumerate(text.splitlines(), 1)]
        self._lines = [(number, words) for number, words in self._lines if words]
        self._at = 0

    def servers(self) -> tuple[Server, ...]:
        found = []
        while self._at < len(self._lines):
            number, words = self._next()
            if words[-1] != "{":
                raise CorefileError(
                    f"Corefile:{number} - Error during parsing: Unexpected token '{words[-1]}', expecting '{{'"
                )
            found.append(self._server(words[:-1]))
        return tuple(found)

    def _next(self) -> tuple[int, list[str]]:
        if self._at >= len(self._lines):
            last = self._lines[-1][0] if self._lines else 1
            raise CorefileError(f"Corefile:{last} - Error during parsing: Unexpected EOF")
        self._at += 1
        return self._lines[self._at - 1]

    def _server(self, keys: list[str]) -> Server:
        plugins: list[Plugin] = []
        while True:
            number, words = self._next()
            if words == ["}"]:
                break
            if words[0] not in DIRECTIVES:
                raise CorefileError(f"Corefile:{number} - Error during parsing: Unknown directive '{words[0]}'")
            plugins.append(self._plugin(words))
        pairs = [key.rstrip(",").removeprefix("dns://").rpartition(":") for key in keys]
        zones = tuple(zone_of(host if colon else port) for host, colon, port in pairs)
        ports = [int(port) for _, colon, port in pairs if colon and port.isdigit()]
        return Server(zones, ports[0] if ports else 53, tuple(plugins))

    def _plugin(self, words: list[str]) -> Plugin:
        if words[-1] != "{":
            return Plugin(words[0], tuple(words[1:]))
        lines: list[tuple[str, ...]] = []
        while True:
            _, inner = self._next()
            if inner == ["}"]:
                return Plugin(words[0], tuple(words[1:-1]), tuple(lines))
            lines.append(tuple(word for word in inner if word not in ("{", "}")) or ("",))
            if inner[-1] == "{":
                lines += self._plugin(["", "{"]).lines


def _words(line: str) -> list[str]:
    words = []
    for match in _TOKEN.finditer(line):
        word = match[1] if match[1] is not None else match[2]
        if match[1] is None and word.startswith("#"):
            break
        words.append(word)
    return words
