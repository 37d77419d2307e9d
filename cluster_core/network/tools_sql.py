"""mysql and psql, as far as they tell whether a database can be reached: they connect, and answer constants.

What a database holds is not simulated: statements that only change it are heard and forgotten, so that what sets one up goes
on; those that ask for rows are refused, since nobody knows them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from cluster_core.network import trace
from cluster_core.network.tools import UNRESOLVED, WHY, Options, Ran, Typed
from cluster_core.network.trace import Call, Trace

_CONSTANT = re.compile(r"select\s+(?P<text>'[^']*'|-?\d+(?:\.\d+)?)(?:\s+as\s+(?P<name>\w+))?", re.IGNORECASE)
_ASKING = re.compile(r"(select|show|table|with|describe|desc|explain|values|\\)", re.IGNORECASE)
_OPEN = (trace.OPEN, trace.ANSWERED)


class _Column(NamedTuple):
    """The one column of a constant's answer."""

    title: str
    value: str


def _statements(text: str) -> list[str]:
    return [each.strip() for each in text.split(";") if each.strip()]


def _constant(statement: str, unnamed: Callable[[str], str]) -> _Column | None:
    """The answer to `select 1`; None for what asks for more."""
    match = _CONSTANT.fullmatch(statement)
    if match is None:
        return None
    return _Column(match["name"] or unnamed(match["text"]), match["text"].strip("'"))


def _opened(typed: Typed, host: str, port: str) -> Trace:
    """A connection to the named host, else to the container's own."""
    return typed.talk().request(f"{host or '127.0.0.1'}:{port}", Call(scheme="tcp"))


# ------------------------------------------------------------------------------------------------ mysql

_MYSQL = {"-h": "host", "--host": "host", "-P": "port", "--port": "port", "-u": "user", "--user": "user", "--connect-timeout": "wait",
          "-e": "execute", "--execute": "execute", "-D": "db", "--database": "db", "--password": "password", "--protocol": "protocol"}  # fmt: skip
_MYSQL_FLAGS = {"-s": "silent", "--silent": "silent", "-N": "bare", "--skip-column-names": "bare", "-B": "batch", "--batch": "batch", "-t": "table"}


def mysql(typed: Typed) -> Ran:
    options = Options([word for word in typed.argv if not re.match(r"-p", word)], _MYSQL, _MYSQL_FLAGS)
    host, port = options.value("host"), options.value("port", "3306")
    result = _opened(typed, host, port)
    if result.outcome not in _OPEN:
        return Ran("", _unreached(result, host, port), 1, result.seconds)
    ran = Ran(seconds=result.seconds)
    for statement in _statements(options.value("execute") or typed.stdin):
        found = _constant(statement, str)
        if found is None and not _ASKING.match(statement):
            continue
        if found is None:
            return Ran(ran.out, f"ERROR 1235 (42000) at line 1: This simulation doesn't yet support '{statement}'\n", 1, ran.seconds)
        titles = [] if options.flags & {"bare"} else [found.title]
        ran.out += "".join(f"{line}\n" for line in (*titles, found.value))
    return ran


def _unreached(result: Trace, host: str, port: str) -> str:
    if not host or host == "localhost":
        return "ERROR 2002 (HY000): Can't connect to local MySQL server through socket '/var/run/mysqld/mysqld.sock' (2)\n"
    if result.outcome in UNRESOLVED:
        return f"ERROR 2005 (HY000): Unknown MySQL server host '{host}' (-2)\n"
    return f"ERROR 2003 (HY000): Can't connect to MySQL server on '{host}:{port}' ({110 if result.outcome == trace.TIMEOUT else 111})\n"


# ------------------------------------------------------------------------------------------------ psql

_PSQL = {"-h": "host", "--host": "host", "-p": "port", "--port": "port", "-U": "user", "--username": "user", "-d": "db", "--dbname": "db",
         "-c": "command", "--command": "command", "-v": "set", "-f": "file"}  # fmt: skip
_PSQL_FLAGS = {"-t": "bare", "--tuples-only": "bare", "-A": "plain", "--no-align": "plain", "-q": "quiet", "-w": "w", "-W": "W", "-l": "list"}


def psql(typed: Typed) -> Ran:
    options = Options(typed.argv, _PSQL, _PSQL_FLAGS)
    host, port = _place(options)
    result = _opened(typed, host, port)
    if result.outcome not in _OPEN:
        return Ran("", _failed(result, host, port), 2, result.seconds)
    ran = Ran(seconds=result.seconds)
    for statement in [each for text in options.values.get("command", [typed.stdin]) for each in _statements(text)]:
        found = _constant(statement, lambda text: "?column?")
        if found is None and not _ASKING.match(statement):
            ran.out += "" if "quiet" in options.flags else _tag(statement)
            continue
        if found is None:
            return Ran(ran.out, f"ERROR:  this simulation does not support: {statement}\n", 1, ran.seconds)
        ran.out += _table(found, options.flags)
    return ran


def _tag(statement: str) -> str:
    """What psql says of a statement that is done."""
    words = statement.upper().split()
    return {"INSERT": "INSERT 0 1", "UPDATE": "UPDATE 0", "DELETE": "DELETE 0"}.get(words[0], " ".join(words[:2])) + "\n"


def _place(options: Options) -> tuple[str, str]:
    """(host, port), of a connection string too."""
    named = next((word for word in (*options.rest, options.value("db")) if "://" in word), "")
    parts = urlsplit(named)
    return options.value("host") or parts.hostname or "", options.value("port") or str(parts.port or 5432)


def _failed(result: Trace, host: str, port: str) -> str:
    if not host:
        where = f'on socket "/var/run/postgresql/.s.PGSQL.{port}"'
        hint = "Is the server running locally and accepting connections on that socket?"
        return f"psql: error: connection to server {where} failed: No such file or directory\n\t{hint}\n"
    if result.outcome in UNRESOLVED:
        return f'psql: error: could not translate host name "{host}" to address: Name or service not known\n'
    why, hint = WHY.get(result.outcome, "Connection refused"), "Is the server running on that host and accepting TCP/IP connections?"
    return f'psql: error: connection to server at "{host}" ({result.address}), port {port} failed: {why}\n\t{hint}\n'


def _table(column: _Column, flags: set[str]) -> str:
    """As psql draws it: numbers to the right."""
    bare, plain = "bare" in flags, "plain" in flags
    if plain:
        lines: Sequence[str] = (*([] if bare else [column.title]), column.value, *([] if bare else ["(1 row)"]))
        return "".join(f"{line}\n" for line in lines)
    width = max(len(column.title), len(column.value)) if not bare else len(column.value)
    number = re.fullmatch(r"-?[\d.]+", column.value)
    value = column.value.rjust(width) if number else column.value
    head = [] if bare else [f" {column.title:^{width}} ", "-" * (width + 2)]
    return "\n".join([*head, f" {value}", *([] if bare else ["(1 row)"]), "", ""])


TOOLS: dict[str, Callable[[Typed], Ran]] = {"mysql": mysql, "mariadb": mysql, "psql": psql}
