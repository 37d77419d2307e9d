"""systemctl and journalctl on a machine. A unit's file counts from the next start of the unit on."""

from __future__ import annotations

from collections.abc import Callable

from cluster_core.machines import systemd
from cluster_core.simulation import machinefiles, partunits
from cluster_core.simulation.machinetools import Call, Ran, moment, tool


@tool("systemctl", "service")
def _systemctl(call: Call) -> Ran:
    verb, names = _asked(call)
    if verb in ("daemon-reload", "reset-failed", "daemon-reexec"):
        return Ran()
    known = partunits.names(call.cluster, call.machine)
    if verb in ("list-units", "list-unit-files"):
        return Ran("".join(f"{name}.service  loaded  {_state(call, name)}\n" for name in known))
    action = _VERBS.get(verb)
    if action is None or not names:
        return Ran("", "Too few arguments.\n" if action else f"Unknown command verb '{verb}'.\n", 1)
    for name in names:
        if name not in known:
            return Ran("", f"Unit {name}.service could not be found.\n", 4 if verb == "status" else 5)
    if "--now" in call.argv and verb in ("enable", "disable"):
        action = _now(action, _start if verb == "enable" else _stop)
    ran = [action(call, name) for name in names]
    return Ran("".join(each.out for each in ran), "".join(each.err for each in ran), max(each.code for each in ran))


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


def _state(call: Call, unit: str) -> str:
    if partunits.is_active(call.cluster, call.machine, unit):
        return "active (running)"
    failed = partunits.fault(call.cluster, call.machine, unit)
    return "activating (auto-restart) (Result: exit-code)" if failed else "inactive (dead)"


def _status(call: Call, unit: str) -> Ran:
    active = partunits.is_active(call.cluster, call.machine, unit)
    path = next(iter(systemd.paths(machinefiles.files(call.cluster, call.machine), unit)), f"/usr/lib/systemd/system/{unit}.service")
    text = f"{'●' if active else '○'} {unit}.service\n     Loaded: loaded ({path}; {_enablement(call, unit)})\n"
    text += f"     Active: {_state(call, unit)} since {moment(call.cluster):%a %Y-%m-%d %H:%M:%S UTC}\n"
    if active:
        text += f"    Process: {' '.join(partunits.command(call.cluster, call.machine, unit))}\n"
    said = "\n".join(_log(call, unit)[-10:])
    return Ran(f"{text}\n{said}\n", "", 0 if active else 3)


def _tell_active(call: Call, unit: str) -> Ran:
    word = _state(call, unit).partition(" ")[0]
    return Ran(word + "\n", "", 0 if word == "active" else 3)


def _tell_failed(call: Call, unit: str) -> Ran:
    failed = bool(partunits.fault(call.cluster, call.machine, unit))
    return Ran(f"{'failed' if failed else _state(call, unit).partition(' ')[0]}\n", "", 0 if failed else 1)


def _enablement(call: Call, unit: str) -> str:
    return "disabled" if unit in call.machine.disabled else "enabled"


def _tell_enabled(call: Call, unit: str) -> Ran:
    word = _enablement(call, unit)
    return Ran(f"{word}\n", "", 0 if word == "enabled" else 1)


def _cat(call: Call, unit: str) -> Ran:
    there = machinefiles.files(call.cluster, call.machine)
    return Ran("\n".join(f"# {path}\n{there[path]}" for path in systemd.paths(there, unit)))


def _enable(call: Call, unit: str) -> Ran:
    call.machine.disabled = [each for each in call.machine.disabled if each != unit]
    return Ran()


def _disable(call: Call, unit: str) -> Ran:
    if unit not in call.machine.disabled:
        call.machine.disabled = [*call.machine.disabled, unit]
    return Ran()


_VERBS: dict[str, Callable[[Call, str], Ran]] = {
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "reload": _restart,
    "reload-or-restart": _restart,
    "try-restart": _restart,
    "status": _status,
    "is-active": _tell_active,
    "is-failed": _tell_failed,
    "is-enabled": _tell_enabled,
    "cat": _cat,
    "enable": _enable,
    "disable": _disable,
}


# ---------------------------------------------------------------------------------------------------- logs


@tool("journalctl")
def _journalctl(call: Call) -> Ran:
    """What the unit has to say: why it fails, what it misses, or that it runs."""
    words = list(call.argv)
    units = [words[i + 1] for i, word in enumerate(words[:-1]) if word in ("-u", "--unit")]
    units += [word.removeprefix("-u") for word in words if word.startswith("-u") and len(word) > 2]
    units += [word.partition("=")[2] for word in words if word.startswith("--unit=")]
    known = partunits.names(call.cluster, call.machine)
    wanted = [name for name in ((unit.removesuffix(".service")) for unit in units) if name in known] if units else known
    lines = [line for unit in wanted for line in _log(call, unit)]
    most = next((int(words[i + 1]) for i, word in enumerate(words[:-1]) if word in ("-n", "--lines") and words[i + 1].isdigit()), len(lines))
    return Ran("".join(f"{line}\n" for line in lines[-most:]) or "-- No entries --\n")


def _log(call: Call, unit: str) -> list[str]:
    cluster, machine = call.cluster, call.machine
    head = f"{moment(cluster):%b %d %H:%M:%S} {machine.name}"
    failed, complaint = partunits.fault(cluster, machine, unit), partunits.complaint(cluster, machine, unit)
    if partunits.is_active(cluster, machine, unit):
        started = [f"{head} systemd[1]: Started {unit}.service."]
        return started + [f"{head} {unit}[1201]: E{moment(cluster):%m%d %H:%M:%S}.000000    1201 {line}" for line in complaint.splitlines()]
    if not failed:
        return [f"{head} systemd[1]: Stopped {unit}.service."]
    said = [f"{head} {'systemd[1]' if failed.startswith(unit) else f'{unit}[1201]'}: {line}" for line in failed.splitlines()]
    ended = f"{head} systemd[1]: {unit}.service: Main process exited, code=exited, status=1/FAILURE"
    return [*said, ended, f"{head} systemd[1]: {unit}.service: Failed with result 'exit-code'."]
