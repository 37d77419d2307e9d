"""nslookup, dig, host and getent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cluster_core.machinery.dns import Question, Record
from cluster_core.network.resolving import Asked, is_address
from cluster_core.network.tools import Options, Ran, Typed
from cluster_core.network.trace import NO_DNS

_TYPES = frozenset(("A", "AAAA", "SRV", "CNAME", "PTR", "TXT", "ANY", "NS", "SOA", "MX"))
_TIMEOUT = ";; connection timed out; no servers could be reached\n"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _reversed(address: str) -> str:
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


def _server_address(typed: Typed, server: str) -> list[str]:
    """The address of the server that was named; [] when none was."""
    if not server:
        return []
    address, failure = (server, "") if is_address(server) else typed.talk().resolve(server)
    return [address] if not failure else []


def _lookup(typed: Typed, name: str, kind: str, server: str, search: bool) -> tuple[Asked, float] | None:
    """(what was found, seconds); None when nothing runs at the source."""
    talk = typed.talk()
    if talk.origin is None:
        return None
    servers = _server_address(typed, server)
    resolver = talk.resolver
    asked = resolver.lookup(name, kind, servers) if search else resolver.ask(Question(name.lower().rstrip("."), kind), servers)
    return asked, sum(hop.seconds for hop in talk.carrier.hops)


# ------------------------------------------------------------------------------------------------ nslookup


def nslookup(typed: Typed) -> Ran:
    options = Options(typed.argv, {}, {"-debug": "debug"})
    kinds = [word.partition("=")[2].upper() for word in typed.argv if word.startswith(("-type=", "-query=", "-q=", "-t="))]
    names = [word for word in typed.argv if not word.startswith("-")]
    if not names:
        return Ran("", "Usage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n", 1)
    kind = kinds[0] if kinds else "PTR" if is_address(names[0]) else "A"
    name = _reversed(names[0]) + "." if kind == "PTR" and is_address(names[0]) else names[0]
    found = _lookup(typed, name, kind, names[1] if len(names) > 1 else "", True)
    if found is None or found[0].failure == NO_DNS:
        return Ran(f"{_TIMEOUT}\n", "", 1, found[1] if found else 0.0)
    asked, seconds = found
    mark = ":53" if typed.busybox else "#53"
    head = f"Server:\t\t{asked.server}\nAddress:\t{asked.server}{mark}\n\n"
    if asked.reply.code != "NOERROR":
        return Ran(f"{head}** server can't find {names[0]}: {asked.reply.code}\n\n", "", 1, seconds)
    if not asked.reply.answers:
        return Ran(f"{head}*** Can't find {names[0]}: No answer\n\n", "", 0 if options.flags else 1, seconds)
    return Ran(head + "\n".join(_spoken(record) for record in asked.reply.answers) + "\n\n", "", 0, seconds)


_SPOKEN: dict[str, Callable[[Record], str]] = {
    "A": lambda record: f"Name:\t{record.name}\nAddress: {record.data}",
    "CNAME": lambda record: f"{record.name}\tcanonical name = {record.data}",
    "PTR": lambda record: f"{record.name}\tname = {record.data}",
    "SRV": lambda record: f"{record.name}\tservice = {record.data}",
    "TXT": lambda record: f"{record.name}\ttext = {record.data}",
}


def _spoken(record: Record) -> str:
    return _SPOKEN.get(record.type, _SPOKEN["TXT"])(record)


# ------------------------------------------------------------------------------------------------ dig


def dig(typed: Typed) -> Ran:
    words = [word for word in typed.argv if word != "IN"]
    flags = {word[1:] for word in words if word.startswith("+")}
    server = next((word[1:] for word in words if word.startswith("@")), "")
    kind = next((word.upper() for word in words if word.upper() in _TYPES), "A")
    names = [word for word in words if not word.startswith(("+", "@", "-")) and word.upper() not in _TYPES]
    if "-x" in words and names:
        names, kind = [_reversed(names[0])], "PTR"
    name = names[0] if names else "."
    found = _lookup(typed, name, kind, server, "search" in flags)
    shown = " ".join(typed.argv)
    title = f"\n; <<>> DiG 9.20.11 <<>> {shown}\n;; global options: +cmd\n"
    if found is None or found[0].failure == NO_DNS:
        where = f"{found[0].server}#53" if found else ""
        tries = "".join(f";; communications error to {where}: timed out\n" for _ in range(3))
        text = tries + (title if "short" not in flags else "") + ";; no servers could be reached\n"
        return Ran(text, "", 9, found[1] if found else 0.0)
    asked, seconds = found
    if "short" in flags:
        return Ran("".join(f"{record.data}\n" for record in asked.reply.answers), "", 0, seconds)
    return Ran(title + _dug(typed, asked, kind, seconds), "", 0, seconds)


def _dug(typed: Typed, asked: Asked, kind: str, seconds: float) -> str:
    reply, now = asked.reply, typed.network.world.clock.now
    flags = "qr aa rd" if reply.authoritative else "qr rd ra"
    counts = f"QUERY: 1, ANSWER: {len(reply.answers)}, AUTHORITY: 0, ADDITIONAL: {len(reply.extra) + 1}"
    number = sum(map(ord, asked.name)) * 131 % 65536
    when = (_EPOCH + timedelta(microseconds=now)).strftime("%a %b %d %H:%M:%S UTC %Y")
    parts = [f";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: {reply.code}, id: {number}\n;; flags: {flags}; {counts}\n",
             f";; QUESTION SECTION:\n;{asked.name}.\t\tIN\t{kind}\n"]  # fmt: skip
    for title, found in (("ANSWER", reply.answers), ("ADDITIONAL", reply.extra)):
        if found:
            rows = "".join(f"{record.name}.\t{record.ttl}\tIN\t{record.type}\t{record.data}\n" for record in found)
            parts.append(f";; {title} SECTION:\n{rows}")
    size = 40 + sum(len(record.name) + len(record.data) + 12 for record in reply.answers)
    parts.append(f";; Query time: {round(seconds * 1000)} msec\n;; SERVER: {asked.server}#53({asked.server}) (UDP)\n"
                 f";; WHEN: {when}\n;; MSG SIZE  rcvd: {size}\n\n")  # fmt: skip
    return "\n".join(parts)


# ------------------------------------------------------------------------------------------------ host, getent


def host(typed: Typed) -> Ran:
    options = Options(typed.argv, {"-t": "type"}, {})
    if not options.rest:
        return Ran("", "Usage: host [-t type] name [server]\n", 1)
    name, server = options.rest[0], options.rest[1] if len(options.rest) > 1 else ""
    kind = options.value("type", "A").upper()
    found = _lookup(typed, name, kind, server, True)
    if found is None or found[0].failure == NO_DNS:
        return Ran(_TIMEOUT, "", 1, found[1] if found else 0.0)
    asked, seconds = found
    if asked.reply.code != "NOERROR":
        return Ran(f"Host {name} not found: 3(NXDOMAIN)\n", "", 1, seconds)
    words = {"A": "has address", "SRV": "has SRV record", "CNAME": "is an alias for", "PTR": "domain name pointer"}
    rows = [f"{record.name} {words.get(record.type, 'has record')} {record.data}\n" for record in asked.reply.answers]
    return Ran("".join(rows) or f"{asked.name} has no {kind} record\n", "", 0, seconds)


def getent(typed: Typed) -> Ran:
    """getent hosts NAME"""
    if len(typed.argv) < 2 or typed.argv[0] not in ("hosts", "ahosts", "ahostsv4"):
        return Ran("", "", 1)
    talk = typed.talk()
    if talk.origin is None:
        return Ran("", "", 2)
    address, failure = talk.resolve(typed.argv[1])
    seconds = sum(hop.seconds for hop in talk.carrier.hops)
    return Ran("", "", 2, seconds) if failure else Ran(f"{address:<15} {typed.argv[1]}\n", "", 0, seconds)


TOOLS: dict[str, Callable[[Typed], Ran]] = {"nslookup": nslookup, "dig": dig, "host": host, "getent": getent}
