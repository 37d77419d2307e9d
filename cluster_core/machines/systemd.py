"""What systemd makes of unit files: a unit with its drop-ins, environment files, and the command line that results.

Models systemd.unit(5), systemd.service(5) and systemd.exec(5) as far as units of a node go.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple

PLACES = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
"""Where units are looked for: the first place wins."""
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\$))")


class Command(NamedTuple):
    """What a unit runs, or why it cannot: in systemd's words."""

    argv: list[str]
    fault: str = ""


def paths(files: Mapping[str, str], unit: str) -> list[str]:
    """The unit's file and its drop-ins, in the order in which they count."""
    main = next((f"{place}/{unit}.service" for place in PLACES if f"{place}/{unit}.service" in files), "")
    if not main:
        return []
    drops: dict[str, str] = {}
    for place in reversed(PLACES):
        head = f"{place}/{unit}.service.d/"
        drops |= {path.removeprefix(head): path for path in files if path.startswith(head) and path.endswith(".conf")}
    return [main, *(drops[name] for name in sorted(drops))]


def setting(files: Mapping[str, str], unit: str, section: str, name: str) -> str:
    """The last value of a setting; "" when there is none."""
    return (_settings("\n".join(files[path] for path in paths(files, unit)), section).get(name) or [""])[-1]


def description(files: Mapping[str, str], unit: str) -> str:
    return setting(files, unit, "[Unit]", "Description")


def command(files: Mapping[str, str], unit: str) -> Command:
    """The command line of the unit's ExecStart, variables put in."""
    settings = _settings("\n".join(files[path] for path in paths(files, unit)), "[Service]")
    environment: dict[str, str] = {}
    for value in settings.get("Environment", ()):
        environment |= _assignments(_words(value))
    for value in settings.get("EnvironmentFile", ()):
        path, optional = value.removeprefix("-"), value.startswith("-")
        if path not in files and not optional:
            return Command([], f"{unit}.service: Failed to load environment files: No such file or directory")
        environment |= _assignments(_words(files.get(path, "").replace("\n", " ")))
    starts = settings.get("ExecStart", [])
    if not starts:
        return Command([], f"{unit}.service: Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing.")
    return Command([each for word in _words(starts[-1].lstrip("-@:+!")) for each in _expanded(word, environment)])


def _settings(text: str, wanted: str) -> dict[str, list[str]]:
    """The settings of the sections of that name. An empty one takes back what came before."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        name, equals, value = (part.strip() for part in line.partition("="))
        if section != wanted or not equals or line.startswith(("#", ";")):
            continue
        found[name] = [*found.get(name, ()), value] if value else []
    return found


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return []


def _assignments(words: list[str]) -> dict[str, str]:
    pairs = (word.partition("=") for word in words)
    return {name: value for name, equals, value in pairs if equals}


def _expanded(word: str, environment: Mapping[str, str]) -> list[str]:
    """$NAME as a word of its own becomes as many words as it has; ${NAME} and $NAME within one are put in."""
    whole = re.fullmatch(r"\$(\w+)", word)
    if whole:
        return _words(environment.get(whole[1], ""))
    return [_VARIABLE.sub(lambda found: "$" if found[3] else environment.get(found[1] or found[2], ""), word)]
