"""systemctl, journalctl and crictl on a machine. A unit's file counts from the next start of the unit on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_core.machines import flags
from cluster_core.simulation import machinefiles
from cluster_core.simulation.control import control_of
from cluster_core.simulation.kubeadm.manifests import COMPONENTS
from cluster_core.simulation.machinetools import Call, Ran, moment, tool
from cluster_core.simulation.nodes import CONTROL_PLANE, park_of


def _units(call: Call) -> list[str]:
    manual = call.machine.name == CONTROL_PLANE and call.cluster.spec.flavour != "kubeadm"
    return ["containerd", "kubelet", *(COMPONENTS if manual else ())]


def _is_active(call: Call, unit: str) -> bool:
    if unit == "kubelet":
        return call.machine.kubelet
    return unit not in COMPONENTS or control_of(call.cluster).is_running(unit)


def _fault(call: Call, unit: str) -> str:
    """Why the unit failed when it was last started."""
    return call.machine.kubelet_fault if unit == "kubelet" else control_of(call.cluster).broken.get(unit, "")


@tool("systemctl")
def _systemctl(call: Call) -> Ran:
    words = [word for word in call.argv if not word.startswith("-")]
    verb, names = (words[0], [word.removesuffix(".service") for word in words[1:]]) if words else ("list-units", [])
    if verb in ("daemon-reload", "reset-failed"):
        return Ran()
    if verb in ("list-units", "list-unit-files"):
        return Ran("".join(f"{name}.service  loaded  {_state(call, name)}\n" for name in _units(call)))
    action = _VERBS.get(verb)
    if action is None:
        return Ran("", f"Unknown command verb '{verb}'.\n", 1)
    for name in names:
        if name not in _units(call):
            return Ran("", f"Unit {name}.service could not be found.\n", 4 if verb == "status" else 5)
    ran = [action(call, name) for name in names]
    return Ran("".join(each.out for each in ran), "".join(each.err for each in ran), max((each.code for each in ran), default=1))


def _start(call: Call, unit: str) -> Ran:
    if _is_active(call, unit):
        return Ran()
    if unit == "kubelet":
        return _start_kubelet(call)
    text = machinefiles.files(call.cluster, call.machine).get(f"{machinefiles.UNITS}/{unit}.service", "")
    control, argv = control_of(call.cluster), machinefiles.exec_start(text)
    control.stopped.pop(unit, None)
    control.flags[unit] = flags.pairs(argv[1:])
    control.try_to_run(unit, argv)
    return Ran()


def _start_kubelet(call: Call) -> Ran:
    fault = machinefiles.kubelet_fault(machinefiles.files(call.cluster, call.machine))
    call.machine.kubelet_fault = fault
    if not fault:
        park_of(call.cluster).set_kubelet(call.machine, True)
    return Ran()


def _stop(call: Call, unit: str) -> Ran:
    if unit == "kubelet":
        call.machine.kubelet_fault = ""
        if call.machine.kubelet:
            park_of(call.cluster).set_kubelet(call.machine, False)
    elif unit in COMPONENTS:
        control = control_of(call.cluster)
        control.broken.pop(unit, None)
        if unit not in control.stopped:
            control.stop(unit)
    return Ran()


def _restart(call: Call, unit: str) -> Ran:
    _stop(call, unit)
    return _start(call, unit)


def _state(call: Call, unit: str) -> str:
    if _is_active(call, unit):
        return "active (running)"
    return "activating (auto-restart) (Result: exit-code)" if _fault(call, unit) else "inactive (dead)"


def _status(call: Call, unit: str) -> Ran:
    active = _is_active(call, unit)
    text = f"{'●' if active else '○'} {unit}.service\n     Loaded: loaded (/usr/lib/systemd/system/{unit}.service; enabled)\n"
    text += f"     Active: {_state(call, unit)} since {moment(call.cluster):%a %Y-%m-%d %H:%M:%S UTC}\n"
    fault = _fault(call, unit)
    return Ran(text + (f"\n{fault}\n" if fault else ""), "", 0 if active else 3)


def _tell_active(call: Call, unit: str) -> Ran:
    word = _state(call, unit).partition(" ")[0]
    return Ran(word + "\n", "", 0 if word == "active" else 3)


def _cat(call: Call, unit: str) -> Ran:
    there = machinefiles.files(call.cluster, call.machine)
    paths = [path for path in sorted(there) if f"/{unit}.service" in path]
    return Ran("\n".join(f"# {path}\n{there[path]}" for path in paths))


def _nothing(call: Call, unit: str) -> Ran:
    return Ran()


_VERBS: dict[str, Callable[[Call, str], Ran]] = {
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "reload": _restart,
    "status": _status,
    "is-active": _tell_active,
    "is-enabled": lambda call, unit: Ran("enabled\n"),
    "cat": _cat,
    "enable": _nothing,
    "disable": _nothing,
}


@tool("journalctl")
def _journalctl(call: Call) -> Ran:
    """What the unit has to say: why it fails, or that it runs."""
    words = list(call.argv)
    unit = next((words[i + 1] for i, word in enumerate(words[:-1]) if word in ("-u", "--unit")), "kubelet")
    unit = next((word[2:] for word in words if word.startswith("-u") and len(word) > 2), unit).removesuffix(".service")
    if unit not in _units(call):
        return Ran("-- No entries --\n")
    head = f"{moment(call.cluster):%b %d %H:%M:%S} {call.machine.name}"
    if _is_active(call, unit):
        return Ran(f"{head} systemd[1]: Started {unit}.service.\n")
    fault = _fault(call, unit)
    if not fault:
        return Ran(f"{head} systemd[1]: Stopped {unit}.service.\n")
    ended = f"{head} systemd[1]: {unit}.service: Main process exited, code=exited, status=1/FAILURE\n"
    return Ran(f"{head} {unit}[1201]: {fault}\n{ended}{head} systemd[1]: {unit}.service: Failed with result 'exit-code'.\n")


# ---------------------------------------------------------------------------------------------------- containers


@tool("crictl", "docker", "nerdctl")
def _crictl(call: Call) -> Ran:
    words = [word for word in call.argv if not word.startswith("-")]
    verb = words[0] if words else ""
    if verb == "ps":
        return _crictl_ps(call, "-a" in call.argv or "--all" in call.argv)
    if verb == "images":
        return Ran("IMAGE\n" + "".join(f"{image}\n" for image in call.machine.images))
    if verb == "pods":
        rows = [f"{pod['metadata']['uid'][:13]}  Ready  {pod['metadata']['name']}  {pod['metadata']['namespace']}" for pod in _pods(call)]
        return Ran("POD ID         STATE  NAME  NAMESPACE\n" + "".join(f"{row}\n" for row in rows))
    if verb == "logs" and len(words) > 1:
        return _crictl_logs(call, words[1])
    return Ran("", f"unknown command {verb!r}: there are ps, pods, images, logs\n", 1)


def _pods(call: Call) -> list[Any]:
    return call.cluster.world.client("crictl").on_node("Pod", call.machine.name)


def _crictl_ps(call: Call, everything: bool) -> Ran:
    rows = ["CONTAINER      IMAGE                                    STATE    NAME                     ATTEMPT  POD"]
    for pod in _pods(call):
        for status in pod.get("status", {}).get("containerStatuses", ()):
            running = "running" in status["state"]
            if running or (everything and status.get("containerID")):
                number = status.get("containerID", "").rpartition("/")[2][:13]
                state = "Running" if running else "Exited"
                name = status["name"]
                pod_name = pod["metadata"]["name"]
                rows.append(f"{number:14} {status['image']:40} {state:8} {name:24} {status['restartCount']:<8} {pod_name}")
    return Ran("\n".join(rows) + "\n")


def _crictl_logs(call: Call, wanted: str) -> Ran:
    from cluster_core.kubelet.inside import LogOptions
    from cluster_core.simulation.nodes import fleet_of

    for pod in _pods(call):
        for status in pod.get("status", {}).get("containerStatuses", ()):
            if status.get("containerID", "").rpartition("/")[2].startswith(wanted) or status["name"] == wanted:
                return Ran(fleet_of(call.cluster).inside.logs(pod, LogOptions(status["name"]))[0])
    return Ran("", f'E0101 logs: rpc error: code = NotFound desc = container "{wanted}" not found\n', 1)
