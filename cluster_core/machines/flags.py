"""The command lines of Kubernetes' programs and etcd: which flags each has, and what it says to one that it has not.

`flags.txt` lists them. What a flag's value must mean for the program to run is for those who start it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

Flags = dict[str, str]
"""Values by name, without dashes in front."""
_TRUTHS = frozenset(("true", "false", "t", "f", "1", "0", "T", "F", "TRUE", "FALSE", "True", "False"))
_DURATION = re.compile(r"-?(\d+(\.\d+)?(ns|us|ms|s|m|h))+|0")
_DURATIONS = re.compile(r"node-monitor-.*|node-startup-.*|pod-eviction-timeout|.*-(timeout|interval|frequency|sync-period|ttl)$")
_NUMBERS = re.compile(r"(secure|healthz|kubelet)-port|max-pods|node-cidr-mask-size.*|concurrent-.*|snapshot-count|v")


@lru_cache(1)
def _known() -> dict[str, dict[str, bool]]:
    """Program -> flag -> whether it is true or false."""
    found: dict[str, dict[str, bool]] = {}
    for line in (Path(__file__).parent / "flags.txt").read_text().splitlines():
        if line.startswith("["):
            program = found.setdefault(line[1:-1], {})
        elif not line.startswith("#"):
            program[line.rstrip("?")] = line.endswith("?")
    return found


def program_of(argv: Sequence[str]) -> str:
    return argv[0].rpartition("/")[2] if argv else ""


def pairs(argv: Sequence[str]) -> Flags:
    """The flags of a command line. "--name value" counts as "--name=value"."""
    booleans = _known().get(program_of(argv), {})
    found: Flags = {}
    rest = list(argv[1:])
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not equals and rest and not rest[0].startswith("-") and not booleans.get(name):
            value, equals = rest.pop(0), "="
        found[name] = value if equals else "true"
    return found


def problem(argv: Sequence[str]) -> str:
    """What the program prints before it gives up, because it cannot read its command line; "" when it can."""
    program = program_of(argv)
    known = _known()[program]
    for name, value in pairs(argv).items():
        said = _unknown(program, name) if name not in known else _unreadable(program, name, value, known[name])
        if said:
            return said
    words = [word for word in _strays(argv, known) if word]
    return f"Error: unknown command {words[0]!r} for {program!r}" if words and program != "etcd" else ""


def _strays(argv: Sequence[str], booleans: dict[str, bool]) -> list[str]:
    """Words that belong to no flag."""
    found, before = [], "--"
    for word in argv[1:]:
        takes = before.startswith("-") and "=" not in before and not booleans.get(before.lstrip("-"), before == "--")
        if not word.startswith("-") and not takes:
            found.append(word)
        before = word
    return found


def _unknown(program: str, name: str) -> str:
    if program == "etcd":
        return f"flag provided but not defined: -{name}\nUsage:\n\n  etcd [flags]\n    Start an etcd server."
    return f"Error: unknown flag: --{name}"


def _unreadable(program: str, name: str, value: str, boolean: bool) -> str:
    why = ""
    if boolean:
        why = "" if value in _TRUTHS else f'strconv.ParseBool: parsing "{value}": invalid syntax'
    elif _DURATIONS.fullmatch(name):
        why = "" if _DURATION.fullmatch(value) else f'time: invalid duration "{value}"'
    elif _NUMBERS.fullmatch(name):
        why = "" if re.fullmatch(r"-?\d+", value) else f'strconv.ParseInt: parsing "{value}": invalid syntax'
    if not why:
        return ""
    if program == "etcd":
        return f'invalid value "{value}" for flag -{name}: parse error'
    return f'Error: invalid argument "{value}" for "--{name}" flag: {why}'


def usage(program: str, told: Mapping[str, str]) -> str:
    """What --help says; `told`: words about some flags."""
    lines = [f"      --{name}{'' if boolean else ' ' + _kind(name)}{'   ' + told[name] if name in told else ''}" for name, boolean in sorted(_known()[program].items())]
    return f"Usage:\n  {program} [flags]\n\nFlags:\n" + "".join(f"{line}\n" for line in lines)


def _kind(name: str) -> str:
    if name.endswith(("-plugins", "-names", "-servers", "-headers", "-types", "-groups", "-mode", "controllers")):
        return "strings"
    return "duration" if _DURATIONS.fullmatch(name) else "int" if _NUMBERS.fullmatch(name) else "string"
