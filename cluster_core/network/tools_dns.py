"""nslookup, host and getent; dig has a module of its own."""

from __future__ import annotations

from collections.abc import Callable

from cluster_core.machinery.dns import Question, Record
from cluster_core.network.network import Conversation
from cluster_core.network.resolving import Asked, is_address
from cluster_core.network.tools import Options, Ran, Typed
from cluster_core.network.trace import NO_DNS

_TIMEOUT = ";; connection timed out; no servers could be reached\n"


def backwards(address: str) -> str:
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


def _server_address(typed: Typed, server: str) -> list[str]:
    """The address of the server that was named; [] when none was."""
    if not server:
        return []
    address, failure = (server, "") if is_address(server) else typed.talk().resolve(server)
    return [address] if not failure else []


def looked_up(typed: Typed, name: str, kind: str, server: str, search: bool) -> tuple[Asked, float] | None:
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
    name = backwards(names[0]) + "." if kind == "PTR" and is_address(names[0]) else names[0]
    found = looked_up(typed, name, kind, names[1] if len(names) > 1 else "", True)
    if found is None or found[0].failure == NO_DNS:
        return Ran(f"{_TIMEOUT}\n", "", 1, found[1] if found else 0.0)
    asked, seconds = found
    mark = ":53" if typed.busybox else "#53"
    head = f"Server:\t\t{asked.server}\nAddress:\t{asked.server}{mark}\n\n" if kind != "PTR" or typed.busybox else ""
    if asked.reply.code != "NOERROR":
        return Ran(f"{head}** server can't find {names[0]}: {asked.reply.code}\n\n", "", 1, seconds)
    if not asked.reply.answers:
        return Ran(f"{head}*** Can't find {names[0]}: No answer\n\n", "", 0 if options.flags else 1, seconds)
    head += "" if asked.reply.authoritative or kind == "PTR" else "Non-authoritative answer:\n"
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


# ------------------------------------------------------------------------------------------------ host, getent


_CODES = {"NXDOMAIN": "3(NXDOMAIN)", "SERVFAIL": "2(SERVFAIL)", "REFUSED": "5(REFUSED)"}


def host(typed: Typed) -> Ran:
    options = Options(typed.argv, {"-t": "type"}, {})
    if not options.rest:
        return Ran("", "Usage: host [-t type] name [server]\n", 1)
    name, server = options.rest[0], options.rest[1] if len(options.rest) > 1 else ""
    kind = options.value("type", "PTR" if is_address(name) else "A").upper()
    name = backwards(name) if kind == "PTR" and is_address(name) else name
    found = looked_up(typed, name, kind, server, True)
    if found is None or found[0].failure == NO_DNS:
        return Ran(_TIMEOUT, "", 1, found[1] if found else 0.0)
    asked, seconds = found
    if asked.reply.code != "NOERROR":
        return Ran(f"Host {name}{'.' if kind == 'PTR' else ''} not found: {_CODES[asked.reply.code]}\n", "", 1, seconds)
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
    return Ran("", "", 2, seconds) if failure else Ran(f"{address:<15} {_canonical(talk, typed.argv[1])}\n", "", 0, seconds)


def _canonical(talk: Conversation, name: str) -> str:
    """The name in full, as the last question had it."""
    asked = [hop.facts for hop in talk.carrier.hops if hop.kind == "dns" and hop.facts.get("answers")]
    return str(asked[-1]["answers"][-1][0]) if asked else name


TOOLS: dict[str, Callable[[Typed], Ran]] = {"nslookup": nslookup, "host": host, "getent": getent}
