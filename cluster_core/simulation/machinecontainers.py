"""`crictl` on a machine. Models cri-tools' cmd/crictl: its verbs, columns and refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from cluster_core.kubelet import imagestore, staticpods
from cluster_core.kubelet.inside import Inside, LogOptions
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import PullError
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.timestamps import TimeError, parse_duration
from cluster_core.machinery.typed import Obj
from cluster_core.simulation import machinecri, tables
from cluster_core.simulation.logs import programs
from cluster_core.simulation.logs.engine import VERSIONS
from cluster_core.simulation.logs.klog import Run
from cluster_core.simulation.machinecri import Container
from cluster_core.simulation.machinetools import Call, Ran, tool
from cluster_core.simulation.nodes import fleet_of
from cluster_core.simulation.options import command_of
from cluster_core.simulation.tables import Asked

_VALUED = frozenset(["name", "label", "image", "pod", "p", "state", "s", "namespace", "o", "output", "tail", "since", "n", "last", "runtime-endpoint", "r", "image-endpoint", "i", "timeout", "t", "config", "c", "id"])
_SHORT = 13
_NANO = "%Y-%m-%dT%H:%M:%S.%f000Z"


class Refused(Exception):
    """What the tool says before it gives up."""


def fatal(text: str) -> Ran:
    return Ran("", f"FATA[0000] {text}\n", 1)


@tool("crictl")
def _crictl(call: Call) -> Ran:
    verb = next((word for word in call.argv if not word.startswith("-")), "")
    valued = _VALUED - {"i", "t", "p", "r", "c"} if verb in ("exec", "logs") else _VALUED
    asked = tables.asked(call.argv, valued, 2 if verb == "exec" else 1 << 30)
    action = _VERBS.get(verb)
    if action is None:
        return Ran("", f"FATA[0000] command {verb!r} not found\n" if verb else "NAME:\n   crictl - client for CRI\n", 1)
    try:
        return action(call, Asked(asked.words[1:], asked.flags))
    except Refused as error:
        return fatal(str(error))


# ---------------------------------------------------------------------------------------------------- listing


def _ps(call: Call, asked: Asked) -> Ran:
    found = [each for each in machinecri.containers(call.cluster, call.machine) if _is_meant(each, asked)]
    latest = 1 if asked.has("l", "latest") else int(asked.get("n", "last") or len(found))
    found = found[:latest]
    if asked.get("o", "output") in ("json", "yaml"):
        return Ran(_json({"containers": [_brief(each) for each in found]}))
    if asked.has("q", "quiet"):
        return Ran("".join(f"{each.id}\n" for each in found))
    cut = None if asked.has("no-trunc") else _SHORT
    rows = [_row(call, each, cut) for each in found]
    return Ran(tables.table([("CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD", "NAMESPACE"), *rows], 20, 3))


def _row(call: Call, each: Container, cut: int | None) -> Sequence[str]:
    metadata = each.pod["metadata"]
    return (each.id[:cut], each.image_id[:cut], _ago(call, each.created), "Exited" if each.finished else "Running", each.name, str(each.attempt),
            machinecri.sandbox_id(each.pod)[:cut], metadata["name"], metadata["namespace"])  # fmt: skip


def _ago(call: Call, at: int) -> str:
    return f"{tables.duration(call.cluster.clock.now - at)} ago"


def _is_meant(each: Container, asked: Asked) -> bool:
    state = asked.get("state", "s").lower()
    if not (asked.has("a", "all", "l", "latest") or asked.get("n", "last") or state or not each.finished):
        return False
    if state and state != ("exited" if each.finished else "running"):
        return False
    name, image, sandbox = asked.get("name"), asked.get("image"), asked.get("pod", "p")
    return name in each.name and image in each.image and machinecri.sandbox_id(each.pod).startswith(sandbox)


def _brief(each: Container) -> dict[str, Any]:
    return {
        "id": each.id,
        "podSandboxId": machinecri.sandbox_id(each.pod),
        "metadata": {"name": each.name, "attempt": each.attempt},
        "image": {"image": each.image_id},
        "imageRef": each.image_id,
        "state": "CONTAINER_EXITED" if each.finished else "CONTAINER_RUNNING",
        "createdAt": str(each.created * 1000),
        "labels": labels(each),
    }


def labels(each: Container) -> dict[str, str]:
    metadata = each.pod["metadata"]
    return {"io.kubernetes.container.name": each.name, "io.kubernetes.pod.name": metadata["name"], "io.kubernetes.pod.namespace": metadata["namespace"],
            "io.kubernetes.pod.uid": staticpods.own(each.pod)["metadata"]["uid"]}  # fmt: skip


def _pods(call: Call, asked: Asked) -> Ran:
    name, namespace, state = asked.get("name"), asked.get("namespace"), asked.get("state", "s").lower()
    found = [
        each
        for each in machinecri.sandboxes(call.cluster, call.machine)
        if name in each.pod["metadata"]["name"] and namespace in each.pod["metadata"]["namespace"] and state in ("", "ready" if each.ready else "notready")
    ]
    if asked.has("q", "quiet"):
        return Ran("".join(f"{each.id}\n" for each in found))
    rows = [(each.id[:_SHORT], _ago(call, each.created), "Ready" if each.ready else "NotReady", each.pod["metadata"]["name"], each.pod["metadata"]["namespace"], str(each.attempt), "(default)") for each in found]
    return Ran(tables.table([("POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT", "RUNTIME"), *rows], 20, 3))


def _images(call: Call, asked: Asked) -> Ran:
    find = fleet_of(call.cluster).workloads.find
    wanted = asked.words[0] if asked.words else ""
    rows = []
    for reference in sorted(call.machine.images):
        name, tag = split_reference(reference)
        image = find(reference)
        if wanted in reference:
            rows.append((name, tag, machinecri.image_id(image.image_id)[:_SHORT], tables.size(image.size)))
    if asked.has("q", "quiet"):
        return Ran("".join(f"sha256:{machinecri.image_id(find(each).image_id)}\n" for each in sorted(call.machine.images)))
    return Ran(tables.table([("IMAGE", "TAG", "IMAGE ID", "SIZE"), *rows], 20, 3))


def split_reference(reference: str) -> tuple[str, str]:
    """(repository, tag)"""
    if "@" in reference:
        return reference.partition("@")[0], "<none>"
    name, _, tag = reference.rpartition(":")
    return name, tag


# ---------------------------------------------------------------------------------------------------- one container


def find(call: Call, words: Sequence[str]) -> Container:
    """By a piece of its ID, or by name. Raises Refused."""
    if not words:
        raise Refused("ID cannot be empty")
    found = machinecri.containers(call.cluster, call.machine)
    meant = [each for each in found if each.id.startswith(words[0])] or [each for each in found if each.name == words[0]]
    if not meant:
        raise Refused(f'rpc error: code = NotFound desc = an error occurred when try to find container "{words[0]}": not found')
    return meant[0]


def _logs(call: Call, asked: Asked) -> Ran:
    return logs(call, find(call, asked.words), asked)


def logs(call: Call, each: Container, asked: Asked) -> Ran:
    """What it has written; standard error apart, as it came."""
    lines = each.fault or not each.status
    if lines:
        return Ran("", _of_part(call, each))
    state, count = each.status["state"], each.status["restartCount"]
    previous = bool(each.finished) and ("waiting" in state or each.attempt < count)
    tail = asked.get("tail", "n")
    options = LogOptions(each.name, previous or asked.has("p", "previous"), asked.has("t", "timestamps"), int(tail) if tail.isdigit() else None, _since(call, asked), after=max(0, call.after - 1))
    if call.after:
        options = options._replace(tail=None)
    try:
        return Ran(Inside(fleet_of(call.cluster), False).logs(each.pod, options)[0])
    except ApiError as error:
        return fatal(str(error))


def _since(call: Call, asked: Asked) -> int | None:
    text = asked.get("since")
    try:
        return parse_duration(text) // SECOND if text else None
    except (ValueError, TimeError):
        raise Refused(f"failed parsing --since: unknown format {text!r}") from None


def _of_part(call: Call, each: Container) -> str:
    """Of a part of the control plane, while no status can be written."""
    end = call.cluster.clock.now
    run = Run(call.machine.name, each.created, end, 1, command_of(call.cluster, each.name))
    lines = programs.failure(each.fault, each.created) if each.fault else programs.lines(call.cluster, each.name, run)
    return "".join(f"{line.text}\n" for line in lines if line.at >= call.after)


def _exec(call: Call, asked: Asked) -> Ran:
    return execute(call, find(call, asked.words), asked.words[1:])


def execute(call: Call, each: Container, command: Sequence[str]) -> Ran:
    try:
        done = Inside(fleet_of(call.cluster), False).execute(each.pod, each.name, list(command))
    except ApiError as error:
        return fatal(f"execing command in container: {error}")
    return Ran(done.stdout, done.stderr, done.exit_code)


def _inspect(call: Call, asked: Asked) -> Ran:
    each = find(call, asked.words)
    metadata = staticpods.own(each.pod)["metadata"]
    status = {
        **_brief(each),
        "createdAt": stamp(each.created),
        "startedAt": stamp(each.created),
        "finishedAt": stamp(each.finished),
        "exitCode": each.exit_code,
        "reason": each.reason or ("Completed" if each.finished else ""),
        "mounts": [{"containerPath": mount["mountPath"], "readonly": bool(mount.get("readOnly")), "name": mount["name"]} for mount in spec_of(each).get("volumeMounts") or ()],
        "logPath": f"/var/log/pods/{metadata['namespace']}_{metadata['name']}_{metadata['uid']}/{each.name}/{each.attempt}.log",
    }
    status.pop("podSandboxId")
    info = {"sandboxID": machinecri.sandbox_id(each.pod), "pid": 0 if each.finished else each.pid, "runtimeSpec": {"process": {"args": arguments(each)}}}
    return Ran(_json({"status": status, "info": info}))


def _inspect_pod(call: Call, asked: Asked) -> Ran:
    wanted = asked.words[0] if asked.words else ""
    for each in machinecri.sandboxes(call.cluster, call.machine):
        if wanted and (each.id.startswith(wanted) or each.pod["metadata"]["name"] == wanted):
            metadata = each.pod["metadata"]
            status = {
                "id": each.id,
                "metadata": {"attempt": each.attempt, "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]},
                "state": "SANDBOX_READY" if each.ready else "SANDBOX_NOTREADY",
                "createdAt": stamp(each.created),
                "network": {"ip": each.pod["status"].get("podIP", "")},
                "labels": metadata.get("labels", {}),
            }
            return Ran(_json({"status": status}))
    raise Refused(f'rpc error: code = NotFound desc = an error occurred when try to find sandbox "{wanted}": not found')


def spec_of(each: Container) -> Obj:
    spec = each.pod["spec"]
    everything = [*spec["containers"], *spec.get("initContainers", ()), *spec.get("ephemeralContainers", ())]
    return next(found for found in everything if found["name"] == each.name)


def arguments(each: Container) -> list[str]:
    """The command line of its main process."""
    container = spec_of(each)
    program = container["image"].rpartition("/")[2].partition("@")[0].partition(":")[0]
    return [*(container.get("command") or [program]), *(container.get("args") or ())]


def stamp(at: int) -> str:
    if not at:
        return "0001-01-01T00:00:00Z"
    return datetime.fromtimestamp(at / SECOND, UTC).strftime(_NANO)


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n"


# ---------------------------------------------------------------------------------------------------- doing


def stop(call: Call, each: Container) -> Ran:
    """The kubelet starts it anew, as the pod's policy says."""
    if not each.finished:
        fleet_of(call.cluster).finish(each.pod, each.name, 137)
    return Ran(f"{each.id}\n")


def _stop(call: Call, asked: Asked) -> Ran:
    return Ran("".join(stop(call, find(call, [word])).out for word in asked.words))


def _rm(call: Call, asked: Asked) -> Ran:
    said = ""
    for word in asked.words:
        each = find(call, [word])
        if not each.finished and not asked.has("f", "force"):
            raise Refused(f'removing the container "{word}": rpc error: code = Unknown desc = failed to set removing state for container "{each.id}": container is still running')
        said += stop(call, each).out
    return Ran(said)


def _stop_pods(call: Call, asked: Asked) -> Ran:
    said = ""
    for word in asked.words:
        meant = [each for each in machinecri.containers(call.cluster, call.machine) if machinecri.sandbox_id(each.pod).startswith(word)]
        if not meant:
            raise Refused(f'getting sandbox status of pod "{word}": rpc error: code = NotFound desc = an error occurred when try to find sandbox: not found')
        for each in meant:
            stop(call, each)
        said += f"Stopped sandbox {machinecri.sandbox_id(meant[0].pod)}\n"
    return Ran(said)


def _pull(call: Call, asked: Asked) -> Ran:
    if not asked.words:
        raise Refused("Image name is required")
    try:
        return Ran(f"Image is up to date for sha256:{machinecri.image_id(pull(call, asked.words[0]))}\n")
    except PullError as error:
        raise Refused(f"pulling image: {error}") from None


def pull(call: Call, name: str) -> str:
    """Fetch an image; answers its identity. Raises PullError."""
    fleet = fleet_of(call.cluster)
    image = fleet.workloads.find(name)
    if image.reference not in call.machine.images:
        imagestore.add(fleet, call.machine, image.reference)
    return image.image_id


def _rmi(call: Call, asked: Asked) -> Ran:
    used = {each.image_id for each in machinecri.containers(call.cluster, call.machine)}
    find = fleet_of(call.cluster).workloads.find
    if asked.has("q", "prune"):
        words = [each for each in call.machine.images if machinecri.image_id(find(each).image_id) not in used]
    else:
        words = [_held(call, word) for word in asked.words]
    if not words and not asked.has("q", "prune"):
        raise Refused("ID cannot be empty")
    for reference in words:
        remove_image(call, reference)
    return Ran("".join(f"Deleted: {each}\n" for each in words))


def _held(call: Call, word: str) -> str:
    """The reference of an image in the store. Raises Refused."""
    found = held(call, word)
    if found is None:
        raise Refused(f"unable to remove the image(s): no such image {word}")
    return found


def held(call: Call, word: str) -> str | None:
    find = fleet_of(call.cluster).workloads.find
    for reference in call.machine.images:
        if word in (reference, reference.removeprefix("docker.io/"), reference.removeprefix("docker.io/library/")) or machinecri.image_id(find(reference).image_id).startswith(word):
            return reference
    return next((each for each in call.machine.images if split_reference(each)[0].endswith(f"/{word}")), None)


def remove_image(call: Call, reference: str) -> None:
    call.machine.images = [each for each in call.machine.images if each != reference]
    fleet_of(call.cluster).world.agenda.soon("kubelet", f"~{call.machine.name}|images", 10.0)


def _stats(call: Call, asked: Asked) -> Ran:
    inside, rows = Inside(fleet_of(call.cluster), False), []
    for each in machinecri.containers(call.cluster, call.machine):
        used = {name: (cpu, memory) for name, cpu, memory in inside.usage(each.pod)}.get(each.name)
        if used is not None and not each.finished:
            rows.append((each.id[:_SHORT], each.name, f"{used[0] / 10:.2f}", tables.size(used[1]), tables.size(40_960), str(12 + each.pid % 30)))
    return Ran(tables.table([("CONTAINER", "NAME", "CPU %", "MEM", "DISK", "INODES"), *rows], 20, 3))


def _version(call: Call, asked: Asked) -> Ran:
    name = {"cri-o": "cri-o", "docker": "docker"}.get(call.machine.runtime, "containerd")
    number = VERSIONS[{"cri-o": "crio"}.get(name, name)]
    return Ran(f"Version:  0.1.0\nRuntimeName:  {name}\nRuntimeVersion:  {number}\nRuntimeApiVersion:  v1\n")


def _info(call: Call, asked: Asked) -> Ran:
    conditions = [{"type": kind, "status": True, "reason": "", "message": ""} for kind in ("RuntimeReady", "NetworkReady")]
    return Ran(_json({"status": {"conditions": conditions}}))


_VERBS: dict[str, Callable[[Call, Asked], Ran]] = {
    "ps": _ps,
    "pods": _pods,
    "images": _images,
    "image": _images,
    "img": _images,
    "logs": _logs,
    "exec": _exec,
    "inspect": _inspect,
    "inspectp": _inspect_pod,
    "stop": _stop,
    "rm": _rm,
    "stopp": _stop_pods,
    "rmp": _stop_pods,
    "pull": _pull,
    "rmi": _rmi,
    "stats": _stats,
    "version": _version,
    "info": _info,
}
