"""Redis: a key-value server's common commands, in its own protocol (RESP). What it holds is lost with the container."""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

Reply = str | int | list[Any] | None
Data = dict[str, Any]
_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
_USUAL = {"maxmemory": "0", "maxmemory-policy": "noeviction", "appendonly": "no", "databases": "16", "port": "6379", "save": "3600 1 300 100 60 10000"}
_UNITS = {"k": 1000, "kb": 1 << 10, "m": 10**6, "mb": 1 << 20, "g": 10**9, "gb": 1 << 30}


class Refused(Exception):
    """str() is the error's text."""


class Simple(str):
    """A reply that is a status: OK, PONG."""


OK = Simple("OK")


class Server:
    """One server: `memory` is what it keeps, `settings` its configuration file's text."""

    def __init__(self, memory: dict[str, Any], settings: str = "") -> None:
        self.data: Data = memory.setdefault("redis", {})
        self.config: dict[str, str] = memory.setdefault("redis-config", {**_USUAL, **_configured(settings)})

    def answer(self, line: str) -> str:
        """The reply to a command line, encoded; "" when there is none."""
        try:
            words = shlex.split(line)
        except ValueError:
            words = line.split()
        if not words:
            return ""
        try:
            return encoded(self.run(words))
        except Refused as refused:
            return f"-{refused}\r\n"

    def run(self, words: list[str]) -> Reply:
        """Raises Refused."""
        name, args = words[0].upper(), words[1:]
        found = _COMMANDS.get(name)
        if found is None:
            told = " ".join(f"'{each}'" for each in args)
            raise Refused(f"ERR unknown command '{words[0]}', with args beginning with: {told + ' ' if told else ''}")
        function, least = found
        if len(args) < least:
            raise Refused(f"ERR wrong number of arguments for '{name.lower()}' command")
        return function(self, args)

    def of(self, key: str, kind: type[Any]) -> Any:
        """The value of that kind, an empty one when there is none. Raises Refused."""
        found = self.data.get(key)
        if found is not None and not isinstance(found, kind):
            raise Refused(_WRONG_TYPE)
        return kind() if found is None else found

    def number(self, key: str, by: int) -> int:
        try:
            value = int(self.data.get(key, "0")) + by
        except (TypeError, ValueError):
            raise Refused("ERR value is not an integer or out of range") from None
        self.data[key] = str(value)
        return value


def _configured(text: str) -> dict[str, str]:
    pairs = (line.split(None, 1) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    found = {pair[0].lower(): pair[1].strip().strip("\"'") for pair in pairs if len(pair) == 2}
    return {name: _amount(value) if name == "maxmemory" else value for name, value in found.items()}


def _amount(text: str) -> str:
    """Bytes, of 2mb."""
    match = re.fullmatch(r"(\d+)([a-z]*)", text.lower())
    return str(int(match[1]) * _UNITS.get(match[2], 1)) if match else text


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refused("ERR value is not an integer or out of range") from None


def encoded(reply: Reply) -> str:
    """In RESP2."""
    if reply is None:
        return "$-1\r\n"
    if isinstance(reply, Simple):
        return f"+{reply}\r\n"
    if isinstance(reply, int):
        return f":{reply}\r\n"
    if isinstance(reply, list):
        return f"*{len(reply)}\r\n" + "".join(encoded(each) for each in reply)
    return f"${len(reply.encode())}\r\n{reply}\r\n"


def printed(text: str) -> str:
    """What redis-cli prints of an encoded reply when nobody sits at a terminal."""
    lines = text.split("\r\n")
    out: list[str] = []
    while lines:
        line = lines.pop(0)
        if line[:1] == "$":
            out.append("" if line == "$-1" else lines.pop(0))
        elif line[:1] in ("+", ":"):
            out.append(line[1:])
        elif line[:1] == "-":
            out += [f"(error) {line[1:]}", ""]
        elif line and line[0] != "*":
            out.append(line)
    return "".join(line + "\n" for line in out)


def shown(text: str) -> str:
    """What redis-cli shows of it at a terminal."""
    lines = text.split("\r\n")
    return _shown(lines) + "\n" if text else ""


def _shown(lines: list[str]) -> str:
    line = lines.pop(0)
    mark, rest = line[:1], line[1:]
    if mark == "*":
        items = [_shown(lines) for _ in range(int(rest))]
        return "\n".join(f"{number}) {item}" for number, item in enumerate(items, 1)) or "(empty array)"
    if mark == "$":
        return "(nil)" if rest == "-1" else '"' + lines.pop(0).replace("\\", "\\\\").replace('"', '\\"') + '"'
    return {"+": rest, ":": f"(integer) {rest}", "-": f"(error) {rest}"}.get(mark, line)


# ------------------------------------------------------------------------------------------------ commands


def _set(server: Server, args: list[str]) -> Reply:
    options = {word.upper() for word in args[2:]}
    if ("NX" in options and args[0] in server.data) or ("XX" in options and args[0] not in server.data):
        return None
    server.data[args[0]] = args[1]
    return OK


def _push(server: Server, args: list[str], left: bool) -> int:
    items = server.of(args[0], list)
    for value in args[1:]:
        items.insert(0, value) if left else items.append(value)
    server.data[args[0]] = items
    return len(items)


def _pop(server: Server, args: list[str], index: int) -> Reply:
    items = server.of(args[0], list)
    if not items:
        return None
    value = items.pop(index)
    if not items:
        server.data.pop(args[0], None)
    return str(value)


def _range(server: Server, args: list[str]) -> Reply:
    items, first, last = server.of(args[0], list), _whole(args[1]), _whole(args[2])
    end = len(items) + last + 1 if last < 0 else last + 1
    return list(items[max(len(items) + first, 0) if first < 0 else first : end])


def _hash_set(server: Server, args: list[str]) -> int:
    fields = server.of(args[0], dict)
    fresh = sum(1 for name in args[1::2] if name not in fields)
    fields.update(zip(args[1::2], args[2::2], strict=False))
    server.data[args[0]] = fields
    return fresh


def _config(server: Server, args: list[str]) -> Reply:
    verb, rest = args[0].upper(), args[1:]
    if verb == "GET":
        return [part for name in sorted(server.config) if any(fnmatch.fnmatch(name, each.lower()) for each in rest) for part in (name, server.config[name])]
    if verb == "SET" and len(rest) >= 2:
        server.config[rest[0].lower()] = _amount(rest[1]) if rest[0].lower() == "maxmemory" else rest[1]
        return OK
    raise Refused(f"ERR unknown subcommand '{args[0]}'. Try CONFIG HELP.")


def _info(server: Server, args: list[str]) -> str:
    return f"# Server\r\nredis_mode:standalone\r\ntcp_port:6379\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n# Keyspace\r\ndb0:keys={len(server.data)},expires=0,avg_ttl=0\r\n"


def _clear(server: Server, args: list[str]) -> Reply:
    server.data.clear()
    return OK


def _append(server: Server, args: list[str]) -> int:
    server.data[args[0]] = str(server.of(args[0], str)) + args[1]
    return len(server.data[args[0]])


_TYPES: tuple[tuple[type[Any], str], ...] = ((str, "string"), (list, "list"), (dict, "hash"))


def _type(server: Server, args: list[str]) -> Simple:
    return Simple(next((name for kind, name in _TYPES if isinstance(server.data.get(args[0]), kind)), "none"))


def _text(server: Server, key: str) -> Reply:
    return str(server.of(key, str)) if key in server.data else None


Command = Callable[[Server, list[str]], Reply]
_COMMANDS: Mapping[str, tuple[Command, int]] = {
    "PING": (lambda server, args: args[0] if args else Simple("PONG"), 0),
    "ECHO": (lambda server, args: args[0], 1),
    "QUIT": (lambda server, args: OK, 0),
    "AUTH": (lambda server, args: OK, 1),
    "SELECT": (lambda server, args: OK, 1),
    "SET": (_set, 2),
    "GET": (lambda server, args: _text(server, args[0]), 1),
    "MGET": (lambda server, args: [_text(server, key) for key in args], 1),
    "APPEND": (_append, 2),
    "DEL": (lambda server, args: sum(1 for key in args if server.data.pop(key, None) is not None), 1),
    "EXISTS": (lambda server, args: sum(1 for key in args if key in server.data), 1),
    "KEYS": (lambda server, args: [key for key in sorted(server.data) if fnmatch.fnmatchcase(key, args[0])], 1),
    "DBSIZE": (lambda server, args: len(server.data), 0),
    "TYPE": (_type, 1),
    "INCR": (lambda server, args: server.number(args[0], 1), 1),
    "DECR": (lambda server, args: server.number(args[0], -1), 1),
    "INCRBY": (lambda server, args: server.number(args[0], _whole(args[1])), 2),
    "LPUSH": (lambda server, args: _push(server, args, True), 2),
    "RPUSH": (lambda server, args: _push(server, args, False), 2),
    "LPOP": (lambda server, args: _pop(server, args, 0), 1),
    "RPOP": (lambda server, args: _pop(server, args, -1), 1),
    "BLPOP": (lambda server, args: _pop(server, args, 0), 2),
    "LLEN": (lambda server, args: len(server.of(args[0], list)), 1),
    "LRANGE": (_range, 3),
    "HSET": (_hash_set, 3),
    "HGET": (lambda server, args: server.of(args[0], dict).get(args[1]), 2),
    "HGETALL": (lambda server, args: [part for pair in server.of(args[0], dict).items() for part in pair], 1),
    "CONFIG": (_config, 1),
    "INFO": (_info, 0),
    "FLUSHALL": (_clear, 0),
    "FLUSHDB": (_clear, 0),
}
"""Each with how many arguments it wants at least."""
