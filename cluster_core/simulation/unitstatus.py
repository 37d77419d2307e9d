"""How `systemctl status`, `list-units` and `journalctl` show the units of a machine. Models systemctl-show.c's and logs-show.c's forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from cluster_core.machinery.clock import SECOND
from cluster_core.machines import systemd
from cluster_core.simulation import journal, machinefiles, partunits
from cluster_core.simulation.chronicle import DARK, FAILED, RESTART, STARTED, STOPPED, Episode
from cluster_core.simulation.journal import Entry
from cluster_core.simulation.logs.klog import moment
from cluster_core.simulation.machinetools import Call, Ran, tool


def path(call: Call, unit: str) -> str:
    """The unit's file."""
    return next(iter(systemd.paths(machinefiles.files(call.cluster, call.machine), unit)), f"/usr/lib/systemd/system/{unit}.service")


def enablement(call: Call, unit: str) -> str:
    return "disabled" if unit in call.machine.disabled else "enabled"


def state(call: Call, unit: str) -> str:
    if partunits.is_active(call.cluster, call.machine, unit):
        return "active (running)"
    failed = partunits.fault(call.cluster, call.machine, unit)
    return "activating (auto-restart) (Result: exit-code)" if failed else "inactive (dead)"


# ---------------------------------------------------------------------------------------------------- status


def status(call: Call, unit: str) -> Ran:
    active = partunits.is_active(call.cluster, call.machine, unit)
    mark = "●" if active or partunits.fault(call.cluster, call.machine, unit) else "○"
    lines = [f"{mark} {journal.unit_of(call.cluster, call.machine, unit).full}", *_facts(call, unit, active), ""]
    lines += [shown(call, entry) for entry in journal.entries(call.cluster, call.machine, unit)[-10:]]
    return Ran("".join(f"{line}\n" for line in lines), "", 0 if active else 3)


def _facts(call: Call, unit: str, active: bool) -> Iterator[str]:
    files = machinefiles.files(call.cluster, call.machine)
    _, *drops = systemd.paths(files, unit) or [""]
    yield f"     Loaded: loaded ({path(call, unit)}; {enablement(call, unit)}; preset: enabled)"
    if drops:
        yield f"    Drop-In: {drops[0].rpartition('/')[0]}"
        yield from (f"             {'└─' if each == drops[-1] else '├─'}{each.rpartition('/')[2]}" for each in drops)
    episodes = journal.history(call.cluster, call.machine, unit)
    since = _since(call, episodes, active)
    yield f"     Active: {state(call, unit)} since {moment(since):%a %Y-%m-%d %H:%M:%S} UTC; {_ago(call.cluster.clock.now - since)}"
    yield from _running(call, unit, episodes[-1].pid) if active else _ended(call, unit, episodes, files)


def _since(call: Call, episodes: Sequence[Episode], active: bool) -> int:
    """When it got into its state."""
    if active:
        return next((each.at for each in reversed(episodes) if each.what == STARTED), episodes[0].at)
    last = next((each for each in reversed(episodes) if each.what in (STOPPED, FAILED, DARK)), episodes[-1])
    return last.at + (call.cluster.clock.now - last.at) // RESTART * RESTART if last.what == FAILED else last.at


def _running(call: Call, unit: str, pid: int) -> Iterator[str]:
    yield f"   Main PID: {pid} ({unit})"
    yield f"      Tasks: {8 + pid % 9} (limit: 9385)"
    yield f"     Memory: {20 + pid % 37}.{pid % 10}M"
    yield f"        CPU: {1 + pid % 7}.{pid % 1000:03}s"
    yield f"     CGroup: /system.slice/{unit}.service"
    yield f"             └─{pid} {' '.join(partunits.command(call.cluster, call.machine, unit))}"


def _ended(call: Call, unit: str, episodes: Sequence[Episode], files: dict[str, str]) -> Iterator[str]:
    last = episodes[-1]
    if not last.pid:
        return
    executed = systemd.setting(files, unit, "[Service]", "ExecStart") or " ".join(partunits.command(call.cluster, call.machine, unit))
    ended = "status=1/FAILURE" if last.what == FAILED else "status=0/SUCCESS"
    if last.what == FAILED and "Unable to locate executable" in last.text:
        ended = "status=203/EXEC"
    pid = last.pid + (call.cluster.clock.now - last.at) // RESTART if last.what == FAILED else last.pid
    yield f"    Process: {pid} ExecStart={' '.join(executed.split())} (code=exited, {ended})"
    yield f"   Main PID: {pid} (code=exited, {ended})"
    yield f"        CPU: {40 + pid % 60}ms"


_UNITS = ((86400, "day"), (3600, "h"), (60, "min"), (1, "s"))


def _ago(microseconds: int) -> str:
    """"1h 5min ago": the two largest parts."""
    left = max(microseconds, 0) // SECOND
    parts: list[str] = []
    for size, name in _UNITS:
        count, left = divmod(left, size)
        if count or (name == "s" and not parts):
            parts.append(f"{count} days" if name == "day" and count > 1 else f"{count} day" if name == "day" else f"{count}{name}")
    return " ".join(parts[:2]) + " ago"


def properties(call: Call, unit: str) -> Ran:
    """`systemctl show [-p NAME[,NAME]]`"""
    words = state(call, unit).replace("(", "").replace(")", "").split(" ")
    active = words[0] == "active"
    files, last = machinefiles.files(call.cluster, call.machine), journal.history(call.cluster, call.machine, unit)[-1]
    found = {
        "Id": f"{unit}.service",
        "Description": systemd.description(files, unit),
        "LoadState": "loaded",
        "ActiveState": words[0],
        "SubState": words[1],
        "UnitFileState": enablement(call, unit),
        "FragmentPath": path(call, unit),
        "MainPID": str(last.pid if active else 0),
        "ExecStart": systemd.setting(files, unit, "[Service]", "ExecStart"),
    }
    asked = [word.partition("=")[2] if "=" in word else word[2:] for word in call.argv if word.startswith(("-p", "--property"))]
    names = [name for word in asked for name in word.split(",") if name] or list(found)
    return Ran("".join(f"{name}={found[name]}\n" for name in names if name in found))


def overall(call: Call, names: Sequence[str]) -> Ran:
    """`systemctl is-system-running`"""
    failed = [name for name in names if partunits.fault(call.cluster, call.machine, name)]
    return Ran("degraded\n" if failed else "running\n", "", int(bool(failed)))


def table(call: Call, files: bool, known: Sequence[str]) -> Ran:
    """`systemctl list-units` or `list-unit-files`; of failed units only, where that is asked for."""
    failed = "--failed" in call.argv or "--state=failed" in call.argv
    names = sorted(name for name in known if not failed or partunits.fault(call.cluster, call.machine, name))
    if files:
        rows = [(f"{name}.service", enablement(call, name), "enabled") for name in names]
        return Ran(_columns([("UNIT FILE", "STATE", "PRESET"), *rows]) + f"\n{len(rows)} unit files listed.\n")
    shown_rows = []
    for name in names:
        words = state(call, name).split(" ")
        unit = journal.unit_of(call.cluster, call.machine, name)
        shown_rows.append((f"  {unit.service}", "loaded", words[0], words[1].strip("()"), unit.full.partition(" - ")[2]))
    text = _columns([("  UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION"), *shown_rows])
    return Ran(f"{text}\n{len(names)} loaded units listed. Pass --all to see loaded but inactive units, too.\n")


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return "".join(" ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows)


# ---------------------------------------------------------------------------------------------------- the journal


class _Wanted(NamedTuple):
    """What `journalctl` was asked for."""

    units: list[str]
    most: int | None
    since: int
    until: int
    pattern: str
    form: str
    reverse: bool
    catalogued: bool


def shown(call: Call, entry: Entry, form: str = "short") -> str:
    if form == "cat":
        return entry.text
    layout = {"short-iso": "%Y-%m-%dT%H:%M:%S+0000", "short-precise": "%b %d %H:%M:%S.%f", "short-full": "%a %Y-%m-%d %H:%M:%S UTC"}.get(form, "%b %d %H:%M:%S")
    return f"{moment(entry.at).strftime(layout)} {call.machine.name} {entry.source}[{entry.pid}]: {entry.text}"


@tool("journalctl")
def _journalctl(call: Call) -> Ran:
    """Lines of some units or of all."""
    try:
        wanted = _asked(call)
    except ValueError as error:
        return Ran("", f"{error}\n", 1)
    known = partunits.names(call.cluster, call.machine)
    names = [name for name in wanted.units if name in known] if wanted.units else known
    found = [entry for name in names for entry in journal.entries(call.cluster, call.machine, name)]
    found = sorted((each for each in found if wanted.since <= each.at <= wanted.until), key=lambda each: each.at)
    if call.after:
        found, wanted = [each for each in found if each.at >= call.after], wanted._replace(most=None)
    if wanted.pattern:
        found = [each for each in found if _has(each.text, wanted.pattern)]
    found = found[-wanted.most :] if wanted.most else found if wanted.most is None else []
    lines = [shown(call, each, wanted.form) for each in (reversed(found) if wanted.reverse else found)]
    return Ran("".join(f"{line}\n" for line in lines) or ("" if call.after else "-- No entries --\n"))


def _has(text: str, pattern: str) -> bool:
    """--grep, as far as "one|other" and "first.*then" go; without capitals in the pattern, capitals do not matter."""
    text = text.lower() if pattern.islower() else text
    return any(_in_turn(text, each.split(".*")) for each in pattern.split("|"))


def _in_turn(text: str, words: Sequence[str]) -> bool:
    for word in words:
        _, found, text = text.partition(word) if word else ("", "-", text)
        if not found:
            return False
    return True


_VALUED = {"-u": "unit", "--unit": "unit", "-n": "lines", "--lines": "lines", "-S": "since", "--since": "since", "-U": "until", "--until": "until",
           "-g": "grep", "--grep": "grep", "-o": "output", "--output": "output", "-p": "priority", "--priority": "priority", "-t": "identifier"}  # fmt: skip
_PLAIN = re.compile(r"-[fxeraqkb]+|--(follow|catalog|pager-end|reverse|all|quiet|no-pager|utc|no-hostname|boot|dmesg|no-tail|full)(=.*)?|-b|-l")


def _asked(call: Call) -> _Wanted:
    """Raises ValueError."""
    given, rest, letters = {}, list(call.argv), ""
    units: list[str] = []
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=") if word.startswith("--") else (word[:2], word[2:], word[2:])
        kind = _VALUED.get(name)
        letters, name = _letters(word, letters)
        if name:
            kind, value, equals = _VALUED[name], "", ""
        elif kind is None and not _PLAIN.fullmatch(word):
            raise ValueError(f"journalctl: unrecognized option '{word}'" if word.startswith("-") else f"Failed to add match '{word}': Invalid argument")
        if kind is not None:
            value = value if equals else rest.pop(0) if rest else ""
            given[kind] = value
            units += [value.removesuffix(".service")] if kind == "unit" else []
    now = call.cluster.clock.now
    follows, ends = "f" in letters or "--follow" in call.argv, "e" in letters or "--pager-end" in call.argv
    lines = given.get("lines", "10" if follows else "1000" if ends else "")
    if lines and not lines.isdigit() and lines != "all":
        raise ValueError(f"Failed to parse lines '{lines}'")
    return _Wanted(units, int(lines) if lines.isdigit() else None, _time(given.get("since", ""), now, 0), _time(given.get("until", ""), now, now),
                   given.get("grep", ""), given.get("output", "short"), "r" in letters or "--reverse" in call.argv, "x" in letters)  # fmt: skip


def _letters(word: str, before: str) -> tuple[str, str]:
    """(flags without a value seen so far, the flag that ends a group as in `-xeu`: it takes the next word)."""
    match = re.fullmatch(r"-([fxeraqkb]+)([unopgSU]?)", word)
    if match is None:
        return before, ""
    return before + match[1], f"-{match[2]}" if match[2] else ""


_RELATIVE = re.compile(r"-?(\d+) ?(s|sec|second|m|min|minute|h|hour|d|day)s?( ago)?")
_SIZES = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _time(text: str, now: int, otherwise: int) -> int:
    """A time as systemd.time(7) has it, in microseconds. Raises ValueError."""
    if not text:
        return otherwise
    today = moment(now).replace(hour=0, minute=0, second=0, microsecond=0)
    relative = _RELATIVE.fullmatch(text)
    if text.startswith("@") and text[1:].isdigit():
        return int(text[1:])
    if relative is not None:
        return now - int(relative[1]) * _SIZES[relative[2][0]] * SECOND
    if text in ("now", "today", "yesterday"):
        return {"now": now, "today": _micro(today), "yesterday": _micro(today) - 86400 * SECOND}[text]
    for layout in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M"):
        try:
            found = datetime.strptime(text, layout).replace(tzinfo=UTC)
        except ValueError:
            continue
        return _micro(found if "%Y" in layout else today.replace(hour=found.hour, minute=found.minute, second=found.second))
    raise ValueError(f"Failed to parse timestamp: {text}")


def _micro(when: datetime) -> int:
    return int(when.timestamp()) * SECOND


__all__ = ["enablement", "path", "shown", "state", "status", "table"]
