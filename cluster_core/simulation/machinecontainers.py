"""crictl, docker and nerdctl on a machine: what its container runtime holds."""

from __future__ import annotations

from typing import Any

from cluster_core.kubelet.inside import Inside, LogOptions
from cluster_core.machinery.errors import ApiError
from cluster_core.simulation.machinetools import Call, Ran, tool
from cluster_core.simulation.nodes import fleet_of

_RUNTIMES = {"docker": "docker", "nerdctl": "containerd", "ctr": "containerd"}
_TOOLS = "crictl", "docker", "nerdctl"


@tool(*_TOOLS)
def _crictl(call: Call) -> Ran:
    if call.name in _RUNTIMES and call.machine.runtime != _RUNTIMES[call.name]:
        return Ran("", f"bash: {call.name}: command not found\n", 127)
    words = [word for word in call.argv if not word.startswith("-")]
    verb = words[0] if words else ""
    if verb == "ps":
        return _ps(call, "-a" in call.argv or "--all" in call.argv, words[1:])
    if verb in ("images", "image"):
        return Ran("IMAGE\n" + "".join(f"{image}\n" for image in call.machine.images))
    if verb == "pods":
        rows = [f"{pod['metadata']['uid'][:13]}  Ready  {pod['metadata']['name']}  {pod['metadata']['namespace']}" for pod in _pods(call)]
        return Ran("POD ID         STATE  NAME  NAMESPACE\n" + "".join(f"{row}\n" for row in rows))
    if verb in ("logs", "inspect", "stop", "rm", "exec") and len(words) > 1:
        return _on_container(call, verb, words[1:])
    return Ran("", f"unknown command {verb!r}: there are ps, pods, images, logs, inspect, exec, stop\n", 1)


def _pods(call: Call) -> list[Any]:
    return call.cluster.world.client("crictl").on_node("Pod", call.machine.name)


def _containers(call: Call) -> list[tuple[Any, Any]]:
    """(pod, status of a container that has an id)"""
    found = []
    for pod in _pods(call):
        for status in pod.get("status", {}).get("containerStatuses", ()):
            if status.get("containerID"):
                found.append((pod, status))
    return found


def _id(status: Any) -> str:
    return str(status["containerID"]).rpartition("/")[2]


def _ps(call: Call, everything: bool, names: list[str]) -> Ran:
    rows = ["CONTAINER      IMAGE                                    STATE    NAME                     ATTEMPT  POD"]
    wanted = _wanted_name(call)
    for pod, status in _containers(call):
        running = "running" in status["state"]
        if (running or everything) and wanted in status["name"]:
            state = "Running" if running else "Exited"
            pod_name = pod["metadata"]["name"]
            rows.append(f"{_id(status)[:13]:14} {status['image']:40} {state:8} {status['name']:24} {status['restartCount']:<8} {pod_name}")
    if "-q" in call.argv:
        rows = [row.split()[0] for row in rows[1:]]
    return Ran("".join(f"{row}\n" for row in rows))


def _wanted_name(call: Call) -> str:
    """--name"""
    words = list(call.argv)
    return next((words[i + 1] for i, word in enumerate(words[:-1]) if word == "--name"), next((word[7:] for word in words if word.startswith("--name=")), ""))


def _on_container(call: Call, verb: str, words: list[str]) -> Ran:
    wanted = words[0]
    found = [(pod, status) for pod, status in _containers(call) if _id(status).startswith(wanted) or status["name"] == wanted]
    if not found:
        return Ran("", f'E0101 {verb}: rpc error: code = NotFound desc = container "{wanted}" not found\n', 1)
    pod, status = found[0]
    if verb == "logs":
        return _logs(call, pod, status)
    if verb == "inspect":
        return Ran(f'{{"status": {{"id": "{_id(status)}", "image": "{status["image"]}", "state": "{next(iter(status["state"]))}"}}}}\n')
    if verb == "exec":
        done = Inside(fleet_of(call.cluster), False).execute(pod, status["name"], words[1:])
        return Ran(done.stdout, done.stderr, done.exit_code)
    fleet_of(call.cluster).finish(pod, status["name"], 137)
    return Ran(f"{wanted}\n")


def _logs(call: Call, pod: Any, status: Any) -> Ran:
    """Of the container that runs, else of the one that ended last."""
    ended = "running" not in status["state"] and status["restartCount"] > 0
    try:
        return Ran(Inside(fleet_of(call.cluster), False).logs(pod, LogOptions(status["name"], previous=ended and "waiting" in status["state"]))[0])
    except ApiError as error:
        return Ran("", f"{error}\n", 1)
