"""systemctl on a machine. A unit's file counts from the next start of the unit on."""

from __future__ import annotations

from collections.abc import Callable

from cluster_core.machines import systemd
from cluster_core.machines.machine import OFF
from cluster_core.simulation import machinefiles, partunits, unitstatus
from cluster_core.simulation.machinetools import Call, Ran, tool
from cluster_core.simulation.nodes import park_of


@tool("systemctl", "service")
def _systemctl(call: Call) -> Ran:
    verb, names = _asked(call)
    known = partunits.names(call.cluster, call.machine)
    whole = _of_all(call, verb, known)
    if whole is not None:
        return whole
    action = _VERBS.get(verb)
    if action is None or not names:
        return Ran("", "Too few arguments.\n" if action else f"Unknown command verb '{verb}'.\n", 1)
    for name in names:
        if name not in known:
            return _not_found(verb, name)
    if "--now" in call.argv and verb in ("enable", "disable"):
        action = _now(action, _start if verb == "enable" else _stop)
    ran = [action(call, name) for name in names]
    return Ran("".join(each.out for each in ran), "".join(each.err for each in ran), max(each.code for each in ran))


def _of_all(call: Call, verb: str, known: list[str]) -> Ran | None:
    """Verbs that are about the whole machine."""
    if verb in ("daemon-reload", "reset-failed", "daemon-reexec"):
        return Ran()
    if verb == "poweroff":
        return _power_off(call)
    if verb in ("list-units", "list-unit-files"):
        return unitstatus.table(call, verb == "list-unit-files", known)
    return unitstatus.overall(call, known) if verb == "is-system-running" else None


def _not_found(verb: str, name: str) -> Ran:
    if verb in ("start", "stop", "restart", "reload", "reload-or-restart", "try-restart"):
        return Ran("", f"Failed to {verb} {name}.service: Unit {name}.service not found.\n", 5)
    if verb in ("enable", "disable"):
        return Ran("", f"Failed to {verb} unit: Unit file {name}.service does not exist.\n", 1)
    if verb in ("is-active", "is-failed"):
        return Ran("inactive\n", "", 4)
    said = f"No files found for {name}.service.\n" if verb == "cat" else f"Unit {name}.service could not be found.\n"
    return Ran("", said, 1 if verb in ("cat", "is-enabled") else 4)


@tool("poweroff")
def _power_off(call: Call) -> Ran:
    park_of(call.cluster).switch_off(call.machine, OFF)
    return Ran()


def _asked(call: Call) -> tuple[str, list[str]]:
    """(verb, units). `service UNIT VERB` says it the other way round."""
    words = [word.removesuffix(".service") for word in call.argv if not word.startswith("-")]
    if call.name == "service" and len(words) == 2:
        words.reverse()
    return (words[0], words[1:]) if words else ("list-units", [])


def _now(one: Callable[[Call, str], Ran], other: Callable[[Call, str], Ran]) -> Callable[[Call, str], Ran]:
    def both(call: Call, unit: str) -> Ran:
        one(call, unit)
        return other(call, unit)

    return both


def _start(call: Call, unit: str) -> Ran:
    partunits.start(call.cluster, call.machine, unit)
    return Ran()


def _stop(call: Call, unit: str) -> Ran:
    partunits.stop(call.cluster, call.machine, unit)
    return Ran()


def _restart(call: Call, unit: str) -> Ran:
    _stop(call, unit)
    return _start(call, unit)


def _tell_status(call: Call, unit: str) -> Ran:
    return unitstatus.status(call, unit)


def _tell_active(call: Call, unit: str) -> Ran:
    word = unitstatus.state(call, unit).partition(" ")[0]
    return Ran(word + "\n", "", 0 if word == "active" else 3)


def _tell_failed(call: Call, unit: str) -> Ran:
    failed = bool(partunits.fault(call.cluster, call.machine, unit))
    return Ran(f"{'failed' if failed else unitstatus.state(call, unit).partition(' ')[0]}\n", "", 0 if failed else 1)


def _tell_enabled(call: Call, unit: str) -> Ran:
    word = unitstatus.enablement(call, unit)
    return Ran(f"{word}\n", "", 0 if word == "enabled" else 1)


def _cat(call: Call, unit: str) -> Ran:
    there = machinefiles.files(call.cluster, call.machine)
    return Ran("\n".join(f"# {path}\n{there[path]}" for path in systemd.paths(there, unit)))


def _enable(call: Call, unit: str) -> Ran:
    if unit not in call.machine.disabled:
        return Ran()
    call.machine.disabled = [each for each in call.machine.disabled if each != unit]
    return Ran("", f"Created symlink {_link(unit)} → {unitstatus.path(call, unit)}.\n")


def _disable(call: Call, unit: str) -> Ran:
    if unit in call.machine.disabled:
        return Ran()
    call.machine.disabled = [*call.machine.disabled, unit]
    return Ran("", f'Removed "{_link(unit)}".\n')


def _link(unit: str) -> str:
    return f"/etc/systemd/system/multi-user.target.wants/{unit}.service"


_VERBS: dict[str, Callable[[Call, str], Ran]] = {
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "reload": _restart,
    "reload-or-restart": _restart,
    "try-restart": _restart,
    "status": _tell_status,
    "show": lambda call, unit: unitstatus.properties(call, unit),
    "is-active": _tell_active,
    "is-failed": _tell_failed,
    "is-enabled": _tell_enabled,
    "cat": _cat,
    "enable": _enable,
    "disable": _disable,
}
