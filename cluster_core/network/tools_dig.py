"""dig, in the columns and with the sections of BIND 9.20's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cluster_core.machinery.dns import Record
from cluster_core.network.resolving import Asked
from cluster_core.network.tools import Ran, Typed
from cluster_core.network.tools_dns import backwards, looked_up
from cluster_core.network.trace import NO_DNS

_VERSION = "9.20.11"
_TYPES = frozenset(("A", "AAAA", "SRV", "CNAME", "PTR", "TXT", "ANY", "NS", "SOA", "MX"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARTS = ("cmd", "comments", "question", "answer", "authority", "additional", "stats")
_TRIES = 3
_VALUED = ("-t", "-p", "-c", "-b", "-f", "-k", "-y", "-q")


class _Command(NamedTuple):
    """A command line of dig."""

    name: str
    kind: str
    server: str
    flags: frozenset[str]
    shown: frozenset[str]
    """The parts of the output."""


def _read(argv: Iterable[str]) -> _Command:
    words, server, kind, reverse = list(argv), "", "", False
    plain: list[str] = []
    flags: set[str] = set()
    shown = set(_PARTS)
    while words:
        word = words.pop(0)
        if word.startswith("+"):
            _switch(word[1:], flags, shown)
        elif word.startswith("@"):
            server = word[1:]
        elif word in _VALUED:
            value = words.pop(0) if words else ""
            kind, plain = (value.upper(), plain) if word == "-t" else (kind, [*plain, value] if word == "-q" else plain)
        elif word == "-x":
            reverse = True
        elif not word.startswith("-"):
            plain.append(word)
    kinds = [word.upper() for word in plain if word.upper() in _TYPES]
    names = [word for word in plain if word.upper() not in _TYPES and word != "IN"]
    name = names[0] if names else "."
    if reverse:
        return _Command(backwards(name), "PTR", server, frozenset(flags), frozenset(shown))
    return _Command(name, kind or (kinds[0] if kinds else "A"), server, frozenset(flags), frozenset(shown))


def _switch(word: str, flags: set[str], shown: set[str]) -> None:
    """+short, +noall, +answer, +nocomments, +search..."""
    off = word.startswith("no")
    name = word[2:] if off else word
    parts = set(_PARTS) if name == "all" else {name} & set(_PARTS)
    if parts:
        shown.difference_update(parts) if off else shown.update(parts)
    else:
        flags.add(word)


def dig(typed: Typed) -> Ran:
    command = _read(typed.argv)
    found = looked_up(typed, command.name, command.kind, command.server, "search" in command.flags)
    title = f"\n; <<>> DiG {_VERSION} <<>> {' '.join(typed.argv)}\n;; global options: +cmd\n" if "cmd" in command.shown else ""
    if found is None or found[0].failure == NO_DNS:
        return _nobody(found, "" if "short" in command.flags else title)
    asked, seconds = found
    if "short" in command.flags:
        return Ran("".join(f"{record.data}\n" for record in asked.reply.answers), "", 0, seconds)
    return Ran(title + _shown(typed, asked, command, seconds), "", 0, seconds)


def _nobody(found: tuple[Asked, float] | None, title: str) -> Ran:
    asked, seconds = found or (None, 0.0)
    why = "connection refused" if asked is not None and asked.refused else "timed out"
    tries = f";; communications error to {asked.server if asked else ''}#53: {why}\n" * _TRIES
    return Ran(f"{tries}{title};; no servers could be reached\n", "", 9, seconds)


# ------------------------------------------------------------------------------------------------ the answer


def _shown(typed: Typed, asked: Asked, command: _Command, seconds: float) -> str:
    reply = asked.reply
    own = Record(asked.name, command.kind, -1, "")
    parts: list[tuple[str, Callable[[], str]]] = [
        ("comments", lambda: _head(asked)),
        ("question", lambda: _section("QUESTION", [own], command)),
        ("answer", lambda: _section("ANSWER", reply.answers, command)),
        ("authority", lambda: _section("AUTHORITY", reply.authority, command)),
        ("additional", lambda: _section("ADDITIONAL", reply.extra, command)),
        ("stats", lambda: _statistics(typed, asked, seconds)),
    ]
    return "\n".join(text for name, write in parts if name in command.shown and (text := write())) + "\n"


def _head(asked: Asked) -> str:
    reply = asked.reply
    number = sum(map(ord, asked.name)) * 131 % 65536
    flags = "qr aa rd" if reply.authoritative else "qr rd ra"
    counts = f"QUERY: 1, ANSWER: {len(reply.answers)}, AUTHORITY: {len(reply.authority)}, ADDITIONAL: {len(reply.extra) + 1}"
    lines = [";; Got answer:", f";; ->>HEADER<<- opcode: QUERY, status: {reply.code}, id: {number}", f";; flags: {flags}; {counts}"]
    lines += [";; WARNING: recursion requested but not available"] if reply.authoritative else []
    return "\n".join([*lines, "", ";; OPT PSEUDOSECTION:", "; EDNS: version: 0, flags:; udp: 1232", ""])


def _section(title: str, records: Iterable[Record], command: _Command) -> str:
    rows = [_row(record) for record in records]
    if not rows:
        return ""
    heads = [f";; {title} SECTION:"] if "comments" in command.shown else []
    return "\n".join([*heads, *rows, ""]) if heads else "\n".join(rows)


def _row(record: Record) -> str:
    """A record in dig's columns; those of a question begin with a semicolon and have no time to live."""
    name = f"{record.name.rstrip('.')}."
    if record.ttl < 0:
        return _columns([(f";{name}", 32), ("IN", 40), (record.type, 48)])
    return _columns([(name, 24), (str(record.ttl), 32), ("IN", 40), (record.type, 48), (record.data, 0)])


def _columns(cells: list[tuple[str, int]]) -> str:
    """Cells with the column at which the next one begins: by tabs, or a blank where it is too late for that."""
    line, at = "", 0
    for number, (text, following) in enumerate(cells):
        line, at = line + text, at + len(text)
        if number + 1 < len(cells):
            tabs = -(-(following - at) // 8)
            line, at = (line + "\t" * tabs, following) if tabs > 0 else (line + " ", at + 1)
    return line


def _statistics(typed: Typed, asked: Asked, seconds: float) -> str:
    when = (_EPOCH + timedelta(microseconds=typed.network.world.clock.now)).strftime("%a %b %d %H:%M:%S UTC %Y")
    reply = asked.reply
    size = 23 + len(asked.name) + sum(len(each.name) + len(each.data) + 12 for each in (*reply.answers, *reply.authority, *reply.extra))
    lines = [f";; Query time: {round(seconds * 1000)} msec", f";; SERVER: {asked.server}#53({asked.server}) (UDP)", f";; WHEN: {when}"]
    return "\n".join([*lines, f";; MSG SIZE  rcvd: {size}", ""])


TOOLS: dict[str, Callable[[Typed], Ran]] = {"dig": dig}
