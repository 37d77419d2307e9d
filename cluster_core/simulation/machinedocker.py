"""`docker`, `nerdctl` and `ctr` on a machine, where its container runtime brings them. Models docker/cli's forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson

from cluster_core.kubelet import staticpods
from cluster_core.machinery.containers import PullError
from cluster_core.simulation import machinecontainers, machinecri, tables
from cluster_core.simulation.logs.engine import VERSIONS
from cluster_core.simulation.machinecontainers import Refused
from cluster_core.simulation.machinecri import Container
from cluster_core.simulation.machinetools import Call, Ran, tool
from cluster_core.simulation.nodes import fleet_of
from cluster_core.simulation.tables import Asked

_RUNTIMES = {"docker": "docker", "nerdctl": "containerd", "ctr": "containerd"}
_VALUED = frozenset(["filter", "f", "format", "n", "tail", "since", "last", "namespace", "H", "host", "t", "time", "u", "user", "w", "e", "env"])
_SHORT = 12


@tool("docker", "nerdctl", "ctr")
def _docker(call: Call) -> Ran:
    if call.machine.runtime != _RUNTIMES[call.name]:
        return Ran("", f"bash: {call.name}: command not found\n", 127)
    asked = _taken_apart(call)
    if call.name == "ctr":
        return _ctr(call, asked)
    verbs = [word for word in asked.words if word not in ("container", "image")] if asked.words[:1] in (["container"], ["image"]) else asked.words
    verb = {"ls": "images" if asked.words[:1] == ["image"] else "ps", "list": "ps"}.get("".join(verbs[:1]), "".join(verbs[:1]))
    action = _VERBS.get(verb)
    if action is None:
        return Ran("", f"{call.name}: '{verb}' is not a {call.name} command.\nSee '{call.name} --help'\n", 1)
    try:
        return action(call, Asked(verbs[1:], asked.flags))
    except Refused as error:
        return Ran("", f"Error response from daemon: {error}\n", 1)


def _taken_apart(call: Call) -> Asked:
    verb = next((word for word in call.argv if not word.startswith("-")), "")
    valued = _VALUED - {"f", "t"} if verb in ("logs", "rm", "rmi", "stop", "exec") else _VALUED
    return tables.asked(call.argv, valued, 2 if verb == "exec" else 1 << 30)


def name_of(each: Container) -> str:
    """As cri-dockerd names them."""
    metadata = staticpods.own(each.pod)["metadata"]
    return f"k8s_{each.name}_{metadata['name']}_{metadata['namespace']}_{metadata['uid']}_{each.attempt}"


def _find(call: Call, words: Sequence[str]) -> Container:
    """Raises Refused."""
    if not words:
        raise Refused("name or ID of a container is required")
    found = machinecri.containers(call.cluster, call.machine)
    meant = [each for each in found if each.id.startswith(words[0])] or [each for each in found if words[0] in (name_of(each), each.name)]
    if not meant:
        raise Refused(f"No such container: {words[0]}")
    return meant[0]


# ---------------------------------------------------------------------------------------------------- listing


def _ps(call: Call, asked: Asked) -> Ran:
    found = [each for each in machinecri.containers(call.cluster, call.machine) if asked.has("a", "all") or not each.finished]
    wanted = asked.get("filter", "f")
    if wanted.startswith("name="):
        found = [each for each in found if wanted[5:] in name_of(each)]
    rows = [_row(call, each) for each in found]
    rows += [_pause(call, each) for each in machinecri.sandboxes(call.cluster, call.machine) if wanted.removeprefix("name=") in _pause(call, each)[-1]]
    if asked.has("q", "quiet"):
        return Ran("".join(f"{row[0]}\n" for row in rows))
    if asked.get("format"):
        return Ran("".join(f"{_formatted(asked.get('format'), row)}\n" for row in rows))
    return Ran(tables.table([("CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"), *rows], 10, 3))


def _row(call: Call, each: Container) -> tuple[str, ...]:
    now = call.cluster.clock.now
    state = f"Exited ({each.exit_code}) {tables.duration(now - each.finished)} ago" if each.finished else f"Up {tables.duration(now - each.created)}"
    return each.id[:_SHORT], each.image_id[:_SHORT], _command(machinecontainers.arguments(each)), f"{tables.duration(now - each.created)} ago", state, "", name_of(each)


def _pause(call: Call, each: machinecri.Sandbox) -> tuple[str, ...]:
    metadata, age = staticpods.own(each.pod)["metadata"], tables.duration(call.cluster.clock.now - each.created)
    return each.id[:_SHORT], "registry.k8s.io/pause:3.10.1", '"/pause"', f"{age} ago", f"Up {age}", "", f"k8s_POD_{metadata['name']}_{metadata['namespace']}_{metadata['uid']}_{each.attempt}"


def _command(argv: Sequence[str]) -> str:
    text = " ".join(argv)
    return f'"{text[:19]}…"' if len(text) > 20 else f'"{text}"'


_FIELDS = ("ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names")


def _formatted(layout: str, row: Sequence[str]) -> str:
    """--format with the fields of a row."""
    for name, value in zip(_FIELDS, row, strict=True):
        layout = layout.replace(f"{{{{.{name}}}}}", value).replace(f"{{{{ .{name} }}}}", value)
    return layout.removeprefix("table ").replace("\\t", "\t")


def _images(call: Call, asked: Asked) -> Ran:
    rows = []
    for reference in sorted(call.machine.images):
        image = fleet_of(call.cluster).workloads.find(reference)
        name, tag = machinecontainers.split_reference(reference.removeprefix("docker.io/library/").removeprefix("docker.io/"))
        rows.append((name, tag, machinecri.image_id(image.image_id)[:_SHORT], "2 weeks ago", tables.size(image.size)))
    if asked.has("q", "quiet"):
        return Ran("".join(f"{row[2]}\n" for row in rows))
    return Ran(tables.table([("REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"), *rows], 10, 3))


# ---------------------------------------------------------------------------------------------------- one container


def _logs(call: Call, asked: Asked) -> Ran:
    return machinecontainers.logs(call, _find(call, asked.words), asked)


def _exec(call: Call, asked: Asked) -> Ran:
    each = _find(call, asked.words)
    if each.finished:
        raise Refused(f"container {each.id} is not running")
    return machinecontainers.execute(call, each, asked.words[1:])


def _inspect(call: Call, asked: Asked) -> Ran:
    each = _find(call, asked.words)
    argv = machinecontainers.arguments(each)
    found = {
        "Id": each.id,
        "Created": machinecontainers.stamp(each.created),
        "Path": argv[0],
        "Args": argv[1:],
        "State": {
            "Status": "exited" if each.finished else "running",
            "Running": not each.finished,
            "Pid": 0 if each.finished else each.pid,
            "ExitCode": each.exit_code,
            "StartedAt": machinecontainers.stamp(each.created),
            "FinishedAt": machinecontainers.stamp(each.finished),
        },
        "Image": f"sha256:{each.image_id}",
        "Name": f"/{name_of(each)}",
        "RestartCount": 0,
        "Config": {"Image": each.image, "Cmd": argv, "Labels": machinecontainers.labels(each)},
    }
    return Ran(orjson.dumps([found], option=orjson.OPT_INDENT_2).decode() + "\n")


def _each(do: Callable[[Call, Container, Asked], None]) -> Callable[[Call, Asked], Ran]:
    def run(call: Call, asked: Asked) -> Ran:
        for word in asked.words:
            do(call, _find(call, [word]), asked)
        return Ran("".join(f"{word}\n" for word in asked.words))

    return run


def _remove(call: Call, each: Container, asked: Asked) -> None:
    if not each.finished and not asked.has("f", "force"):
        raise Refused(f'cannot remove container "/{name_of(each)}": container is running: stop the container before removing or force remove')
    machinecontainers.stop(call, each)


def _pull(call: Call, asked: Asked) -> Ran:
    try:
        identity = machinecontainers.pull(call, "".join(asked.words[:1]))
    except PullError as error:
        raise Refused(str(error).rpartition("desc = ")[2]) from None
    repository, _, tag = asked.words[0].partition(":")
    return Ran(f"{tag or 'latest'}: Pulling from {repository}\nDigest: {identity.rpartition('@')[2]}\nStatus: Image is up to date for {repository}:{tag or 'latest'}\n")


def _rmi(call: Call, asked: Asked) -> Ran:
    for word in asked.words:
        reference = machinecontainers.held(call, word)
        if reference is None:
            raise Refused(f"No such image: {word}")
        machinecontainers.remove_image(call, reference)
    return Ran("".join(f"Untagged: {word}\n" for word in asked.words))


def _version(call: Call, asked: Asked) -> Ran:
    return Ran(f"{call.name.capitalize()} version {VERSIONS.get('docker') if call.name == 'docker' else '2.1.6'}, build 980b856\n")


_VERBS: dict[str, Callable[[Call, Asked], Ran]] = {
    "ps": _ps,
    "images": _images,
    "logs": _logs,
    "exec": _exec,
    "inspect": _inspect,
    "stop": _each(lambda call, each, asked: machinecontainers.stop(call, each) and None),
    "kill": _each(lambda call, each, asked: machinecontainers.stop(call, each) and None),
    "restart": _each(lambda call, each, asked: machinecontainers.stop(call, each) and None),
    "rm": _each(_remove),
    "pull": _pull,
    "rmi": _rmi,
    "version": _version,
    "--version": _version,
}


# ---------------------------------------------------------------------------------------------------- ctr


def _ctr(call: Call, asked: Asked) -> Ran:
    """containerd's own tool: Kubernetes' containers are in the namespace k8s.io."""
    theirs = asked.get("n", "namespace") == "k8s.io"
    found = machinecri.containers(call.cluster, call.machine) if theirs else []
    what = "".join(asked.words[:1])
    if what in ("containers", "container", "c"):
        rows = [(each.id, each.image, "io.containerd.runc.v2") for each in found]
        return Ran(tables.table([("CONTAINER", "IMAGE", "RUNTIME"), *rows], 0, 4))
    if what in ("tasks", "task", "t"):
        tasks = [(each.id, str(each.pid), "RUNNING") for each in found if not each.finished]
        return Ran(tables.table([("TASK", "PID", "STATUS"), *tasks], 0, 4))
    if what in ("images", "image", "i"):
        find = fleet_of(call.cluster).workloads.find
        images = [(each, "application/vnd.oci.image.index.v1+json", f"sha256:{machinecri.image_id(find(each).image_id)}", tables.size(find(each).size)) for each in (call.machine.images if theirs else ())]
        return Ran(tables.table([("REF", "TYPE", "DIGEST", "SIZE"), *images], 0, 1))
    if what in ("namespaces", "ns"):
        return Ran("NAME    LABELS \ndefault        \nk8s.io         \n")
    return Ran("", f"No help topic for '{what}'\n", 3)
