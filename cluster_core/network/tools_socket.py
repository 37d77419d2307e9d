"""nc, telnet, ping, and the clients that tell whether a database is up: redis-cli, pg_isready, mysqladmin."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from cluster_core.network import redis, trace
from cluster_core.network.tools import UNRESOLVED, WHY, Options, Ran, Typed
from cluster_core.network.tools_http import head_of
from cluster_core.network.trace import Call, Trace

_NC_VALUED = {"-w": "wait", "-p": "port", "-s": "source", "-q": "quit", "-i": "interval", "-e": "execute"}
_NC_FLAGS = {"-z": "scan", "-v": "verbose", "-u": "udp", "-l": "listen", "-n": "numeric", "-N": "shutdown", "-k": "keep", "-4": "4"}


def nc(typed: Typed) -> Ran:
    options = Options(typed.argv, _NC_VALUED, _NC_FLAGS)
    if "listen" in options.flags or len(options.rest) < 2 or not options.rest[1].isdigit():
        return Ran("", "usage: nc [-46Nnuvz] [-w timeout] [destination] [port]\n", 1)
    name, port = options.rest[0], options.rest[1]
    protocol = "UDP" if "udp" in options.flags else "TCP"
    result = typed.talk().request(f"{name}:{port}", _spoken(typed.stdin, "scan" in options.flags, protocol))
    ran = Ran(seconds=result.seconds)
    limit = options.number("wait", 0)
    if limit and ran.seconds > limit and result.outcome not in UNRESOLVED:
        ran.seconds, result.outcome = limit, trace.TIMEOUT
    if result.outcome in UNRESOLVED or result.outcome == trace.NO_SOURCE:
        told = f"nc: bad address '{name}'\n" if typed.busybox else f"nc: getaddrinfo for host \"{name}\" port {port}: Name or service not known\n"
        return Ran("", told, 1, ran.seconds)
    return _nc_result(typed, options, result, ran)


def _spoken(stdin: str, scan: bool, protocol: str) -> Call:
    """What is typed into the connection: an HTTP request, or anything else."""
    words = stdin.split()
    if not scan and len(words) > 1 and words[0] in ("GET", "HEAD", "POST"):
        return Call(words[0], "http", path=words[1], protocol=protocol)
    return Call(scheme="tcp", body="" if scan else stdin, protocol=protocol)


_SERVICES = {22: "ssh", 53: "domain", 80: "http", 443: "https", 3306: "mysql", 5432: "postgresql", 6379: "redis"}


def _nc_result(typed: Typed, options: Options, result: Trace, ran: Ran) -> Ran:
    name, port, kind = result.name, result.port, "udp" if "udp" in options.flags else "tcp"
    if result.outcome in WHY:
        why = WHY[result.outcome]
        if typed.busybox:
            ran.err = f"nc: {name} ({result.address}:{port}): {why}\n"
        elif "verbose" in options.flags:
            ran.err = f"nc: connect to {name} ({result.address}) port {port} ({kind}) failed: {why}\n"
        ran.code = 1
        return ran
    if "verbose" in options.flags and typed.busybox:
        ran.err = f"{name} ({result.address}:{port}) open\n"
    elif "verbose" in options.flags:
        service = _SERVICES.get(port, "*")
        ran.err = f"Connection to {name} ({result.address}) {port} port [{kind}/{service}] succeeded!\n"
    if "scan" not in options.flags:
        head = "\r\n".join([*head_of(result.response, typed.network.world.clock.now), "", ""]) if result.response.status else ""
        ran.out = head + result.response.body
    return ran


def telnet(typed: Typed) -> Ran:
    words = [word for word in typed.argv if not word.startswith("-")]
    if not words:
        return Ran("", "telnet: missing host\n", 1)
    port = words[1] if len(words) > 1 else "23"
    result = typed.talk().request(f"{words[0]}:{port}", Call(scheme="tcp"))
    if result.outcome in UNRESOLVED or result.outcome == trace.NO_SOURCE:
        return Ran("", f"telnet: bad address '{words[0]}'\n", 1, result.seconds)
    if result.outcome in WHY:
        text = f"telnet: can't connect to remote host ({result.address}): {WHY[result.outcome]}\n"
        return Ran("", text, 1, result.seconds)
    return Ran(f"Connected to {words[0]}\n\nEntering character mode\nEscape character is '^]'.\n\n", "", 0, result.seconds)


# ------------------------------------------------------------------------------------------------ ping


def ping(typed: Typed) -> Ran:
    options = Options(typed.argv, {"-c": "count", "-W": "wait", "-w": "deadline", "-i": "interval", "-s": "size"}, {"-q": "quiet", "-n": "n", "-4": "4"})
    if not options.rest:
        return Ran("", "ping: usage error: Destination address required\n", 1)
    name, count = options.rest[0], int(options.number("count", 4))
    talk = typed.talk()
    if talk.origin is None:
        return Ran("", f"ping: bad address '{name}'\n", 1)
    address, failure = talk.resolve(name)
    if failure:
        told = f"ping: bad address '{name}'\n" if typed.busybox else f"ping: {name}: Name or service not known\n"
        return Ran("", told, 1 if typed.busybox else 2)
    talk.carrier.hops.clear()
    end = talk.carrier.connect(talk.origin, address, 0, "ICMP")
    trip = sum(hop.seconds for hop in talk.carrier.hops) * 2 + 0.00006
    reached = not end.failure
    rows = [f"PING {name} ({address}): 56 data bytes"]
    if reached:
        rows += [f"64 bytes from {address}: seq={number} ttl={62 if trip > 0.0005 else 64} time={trip * 1000:.3f} ms" for number in range(count)]
    lost = "0" if reached else "100"
    rows += ["", f"--- {name} ping statistics ---",
             f"{count} packets transmitted, {count if reached else 0} packets received, {lost}% packet loss"]  # fmt: skip
    if reached:
        rows.append("round-trip min/avg/max = " + "/".join([f"{trip * 1000:.3f}"] * 3) + " ms")
    seconds = max(count - 1, 0) + (trip if reached else options.number("wait", 10))
    return Ran("\n".join([*rows, ""]), "", 0 if reached else 1, seconds)


# ------------------------------------------------------------------------------------------------ redis-cli


_REDIS_VALUED = {"-h": "host", "-p": "port", "-a": "password", "-n": "db", "-u": "url"}


def redis_cli(typed: Typed) -> Ran:
    own, command = _before_the_command(typed.argv)
    options = Options(own, dict(_REDIS_VALUED), {"--no-raw": "terminal"})
    where = f"{options.value('host', '127.0.0.1')}:{options.value('port', '6379')}"
    result = typed.talk().request(where, Call(scheme="redis", body=shlex.join(command) or "PING"))
    if result.outcome in UNRESOLVED:
        return Ran("", f"Could not connect to Redis at {where}: Name or service not known\n", 1, result.seconds)
    if result.outcome in WHY or result.outcome == trace.NO_SOURCE:
        why = WHY.get(result.outcome, "Connection refused")
        return Ran("", f"Could not connect to Redis at {where}: {why}\n", 1, result.seconds)
    tell = redis.shown if "terminal" in options.flags else redis.printed
    return Ran(tell(result.response.body), "", 0, result.seconds)


def _before_the_command(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """redis-cli's own options, and the command, whose arguments may begin with a dash too."""
    index = 0
    while index < len(argv) and argv[index].startswith("-"):
        index += 2 if argv[index] in _REDIS_VALUED else 1
    return list(argv[:index]), list(argv[index:])


# ------------------------------------------------------------------------------------------------ databases


def pg_isready(typed: Typed) -> Ran:
    """Exit codes: 0 accepting, 2 no response."""
    named = {"-h": "host", "--host": "host", "-p": "port", "--port": "port", "-U": "user", "--username": "user",
             "-d": "db", "--dbname": "db", "-t": "wait", "--timeout": "wait"}  # fmt: skip
    options = Options(typed.argv, named, {"-q": "quiet", "--quiet": "quiet"})
    port = options.value("port", "5432")
    result = _opened(typed, options, port)
    up = result.outcome in (trace.OPEN, trace.ANSWERED)
    where = options.value("host") or "/var/run/postgresql"
    told = "" if "quiet" in options.flags else f"{where}:{port} - {'accepting connections' if up else 'no response'}\n"
    return Ran(told, "", 0 if up else 2, min(result.seconds, options.number("wait", 3.0)))


def mysqladmin(typed: Typed) -> Ran:
    """`mysqladmin ping` and `status`."""
    named = {"-h": "host", "--host": "host", "-P": "port", "--port": "port", "-u": "user", "--user": "user", "--connect-timeout": "wait"}
    options = Options(typed.argv, named, {})
    port = options.value("port", "3306")
    result, host = _opened(typed, options, port), options.value("host", "localhost")
    if result.outcome in (trace.OPEN, trace.ANSWERED):
        return Ran("mysqld is alive\n" if "ping" in options.rest else "Uptime: 1  Threads: 1\n", "", 0, result.seconds)
    if result.outcome in UNRESOLVED:
        why = f"Unknown MySQL server host '{host}' (-2)"
    else:
        why = f"Can't connect to MySQL server on '{host}:{port}' ({110 if result.outcome == trace.TIMEOUT else 111})"
    return Ran("", f"mysqladmin: connect to server at '{host}' failed\nerror: '{why}'\n", 1, result.seconds)


def _opened(typed: Typed, options: Options, port: str) -> Trace:
    """A connection to the named host, else to the container's own."""
    return typed.talk().request(f"{options.value('host') or '127.0.0.1'}:{port}", Call(scheme="tcp"))


TOOLS: dict[str, Callable[[Typed], Ran]] = {
    "nc": nc, "ncat": nc, "netcat": nc, "telnet": telnet, "ping": ping, "redis-cli": redis_cli, "pg_isready": pg_isready,
    "mysqladmin": mysqladmin, "mariadb-admin": mysqladmin,
}  # fmt: skip
