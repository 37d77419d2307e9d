"""Which Corefile a running CoreDNS goes by, and what it says about that. Models CoreDNS' plugin reload, and caddy's restarts.

It reads its Corefile when it starts; with the plugin reload it looks again from time to time, and keeps to the old one
when the new one is no good. All of that follows from when the file was written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from cluster_core.coredns.corefile import CorefileError, Server, parse
from cluster_core.machinery.timestamps import TimeError, parse_duration

INTERVAL = "30s"
_UNKNOWN = "Unknown directive"


class Version(NamedTuple):
    """The file as it was from a moment on (microseconds)."""

    since: int
    text: str


class Life(NamedTuple):
    """A run of CoreDNS so far: the Corefile it goes by, and its log of that as (when, line)."""

    corefile: str
    log: tuple[tuple[int, str], ...]


def life(versions: Sequence[Version], until: int) -> Life:
    """`versions` begin with the file as it was at the start, which parses."""
    began, corefile = versions[0]
    log = [*((began, line) for line in _servers(corefile)), *((began, line) for line in _running(corefile))]
    last = began
    for number, (since, text) in enumerate(versions[1:], 1):
        interval = _interval(corefile)
        due = max(since, last) + (interval or 0)
        after = versions[number + 1].since if number + 1 < len(versions) else until + 1
        if not interval or due > until:
            break
        if after <= due or text == corefile:
            continue
        last = due
        lines, loaded = _reloaded(text)
        log += [(due, line) for line in lines]
        corefile = text if loaded else corefile
    return Life(corefile, tuple(log))


def _interval(corefile: str) -> int:
    """Microseconds between two looks at the file; 0: it never looks again."""
    plugin = next((plugin for server in parse(corefile) for plugin in server.named("reload")), None)
    if plugin is None:
        return 0
    try:
        return parse_duration(plugin.args[0] if plugin.args else INTERVAL)
    except TimeError:
        return parse_duration(INTERVAL)


def _reloaded(text: str) -> tuple[list[str], bool]:
    """(what it says, whether it goes by the new text)"""
    try:
        parse(text)
    except CorefileError as error:
        if _UNKNOWN not in str(error):
            return [f"[WARNING] plugin/reload: Corefile parse failed: {error}"], False
        failed = [f"[ERROR] Restart failed: {error}", f"[ERROR] plugin/reload: Corefile changed but reload failed: {error}"]
        return ["[INFO] Reloading", *failed], False
    return ["[INFO] Reloading", *_running(text), "[INFO] Reloading complete"], True


def _servers(corefile: str) -> list[str]:
    return [f"{zone}.:{server.port}" if zone else f".:{server.port}" for server in parse(corefile) for zone in server.zones]


def _running(corefile: str) -> list[str]:
    if not any(server.named("reload") for server in parse(corefile)):
        return []
    return [f"[INFO] plugin/reload: Running configuration SHA512 = {hashlib.sha512(corefile.encode()).hexdigest()}"]


def logs(server: Server, code: str, answers: int) -> bool:
    """Whether the block's plugin log writes of a reply. Its classes: all, success, denial, error."""
    for plugin in server.named("log"):
        classes = {word for line in plugin.lines if line[0] == "class" for word in line[1:]} or {"all"}
        kind = "error" if code not in ("NOERROR", "NXDOMAIN") else "success" if answers else "denial"
        if classes & {"all", kind}:
            return True
    return False
