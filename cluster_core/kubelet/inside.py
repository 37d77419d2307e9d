"""Looking into containers: logs and commands, as a kubelet serves them on port 10250 and the API server passes them on.

Models pkg/registry/core/pod/strategy.go (LogLocation, ExecLocation) and pkg/kubelet/kubelet_pods.go (validateContainerLogStatus).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cluster_core.apiserver.parts import split_key
from cluster_core.kubelet import surroundings
from cluster_core.kubelet.loads import overhead
from cluster_core.machinery import errors
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Launch
from cluster_core.machinery.timestamps import microtime, parse_time
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet


class Executed(NamedTuple):
    """How a command ended that was run in a container."""

    exit_code: int
    stdout: str
    stderr: str


class LogOptions(NamedTuple):
    """v1.PodLogOptions, as far as they choose lines. `after`: only lines later than this (microseconds), for following."""

    container: str = ""
    previous: bool = False
    timestamps: bool = False
    tail: int | None = None
    since_seconds: int | None = None
    since_time: int | None = None
    limit_bytes: int | None = None
    stream: str = "All"
    after: int = 0


class Inside:
    """The kubelets' own server."""

    def __init__(self, fleet: Fleet, through_kubelet: bool = True) -> None:
        """`through_kubelet`: as the API server comes in; else as somebody on the machine, past its kubelet."""
        self._fleet, self._through_kubelet = fleet, through_kubelet
        self.gate: Callable[[Any, str], None] = lambda machine, path: None
        """Raises ApiError when this machine's kubelet and the API server do not trust each other."""

    # ------------------------------------------------------------------------------------------------ finding

    def container_of(self, pod: Obj, name: str) -> str:
        """The container meant. Raises BadRequest when it cannot be told."""
        spec = pod["spec"]
        names = [container["name"] for container in spec["containers"]]
        inits = [container["name"] for container in spec.get("initContainers", ())]
        others = [container["name"] for container in spec.get("ephemeralContainers", ())]
        if name:
            if name not in (*names, *inits, *others):
                raise errors.bad_request(f"container {name} is not valid for pod {pod['metadata']['name']}")
            return name
        if len(names) == 1 and not inits and not others:
            return str(names[0])
        text = f"a container name must be specified for pod {pod['metadata']['name']}, choose one of: [{' '.join(names)}]"
        if inits:
            text += f" or one of the init containers: [{' '.join(inits)}]"
        if others:
            text += f" or one of the ephemeral containers: [{' '.join(others)}]"
        raise errors.bad_request(text)

    def _machine(self, pod: Obj, path: str) -> Any:
        """The machine the pod is on, which must answer. Raises BadRequest without a node, InternalError when it is silent."""
        node = pod["spec"].get("nodeName")
        if not node:
            raise errors.bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
        machine = self._fleet.machines.get(node)
        if machine is None:
            raise errors.plain_error(f'Get "https://{node}:10250{path}": dial tcp: lookup {node}: no such host')
        if not self._through_kubelet:
            return machine
        if not machine.serves:
            why = "connection refused" if machine.state == "on" else "no route to host"
            address = f"{machine.address}:10250"
            raise errors.plain_error(f'Get "https://{address}{path}": dial tcp {address}: connect: {why}')
        self.gate(machine, path)
        return machine

    @staticmethod
    def _status(pod: Obj, name: str) -> Obj | None:
        status = pod.get("status", {})
        for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
            for found in status.get(key, ()):
                if found["name"] == name:
                    return found  # type: ignore[no-any-return]
        return None

    def _launch(self, pod: Obj, name: str, attempt: int) -> Launch:
        spec = pod["spec"]
        everything = [*spec["containers"], *spec.get("initContainers", ()), *spec.get("ephemeralContainers", ())]
        container = next(each for each in everything if each["name"] == name)
        try:
            found = self._fleet.environs.of(pod, container)
        except surroundings.Missing:
            found = surroundings.nothing(container)
        return Launch(pod, found.container, attempt, spec["nodeName"], found.environment, found.files, self._fleet.clock.now, found.changes)

    # ------------------------------------------------------------------------------------------------ logs

    def logs(self, pod: Obj, options: LogOptions) -> tuple[str, int]:
        """(the text, the time of its last line): what `kubectl logs` shows. Raises ApiError."""
        name = self.container_of(pod, options.container)
        metadata = pod["metadata"]
        self._machine(pod, f"/containerLogs/{metadata['namespace']}/{metadata['name']}/{name}")
        attempt, ran = self._run_of(pod, name, options.previous)
        now = self._fleet.clock.now
        started = parse_time(ran["startedAt"])
        until = parse_time(ran["finishedAt"]) + SECOND if "finishedAt" in ran else now
        lines = self._fleet.workloads.logs(self._launch(pod, name, attempt), started, min(until, now + SECOND))
        return _chosen(lines, options, now)

    def _run_of(self, pod: Obj, name: str, previous: bool) -> tuple[int, Obj]:
        """(attempt, the running or terminated state) whose log is wanted. Raises BadRequest when there is none.
        As kubelet_pods.go's validateContainerLogStatus: what has no container id never was a container."""
        status = self._status(pod, name)
        where = f'container "{name}" in pod "{pod["metadata"]["name"]}"'
        if status is None:
            raise errors.bad_request(f"{where} is not available")
        state, last, count = status["state"], status.get("lastState", {}), status["restartCount"]
        if previous:
            if not last.get("terminated", {}).get("containerID"):
                raise errors.bad_request(f"previous terminated {where} not found")
            return count if "waiting" in state else max(0, count - 1), last["terminated"]
        if "running" in state:
            return count, state["running"]
        ends = [found for found in (state.get("terminated"), last.get("terminated")) if found]
        if ends:
            return count, _one_that_ran(ends, where)
        reason = state.get("waiting", {}).get("reason", "ContainerCreating")
        if reason in ("ErrImagePull", "ImagePullBackOff"):
            detail = "image can't be pulled" if reason == "ErrImagePull" else "trying and failing to pull image"
            raise errors.bad_request(f"{where} is waiting to start: {detail}")
        raise errors.bad_request(f"{where} is waiting to start: {reason}")

    # ------------------------------------------------------------------------------------------------ usage

    def is_well(self, node: str) -> bool:
        """Whether the node's kubelet answers."""
        machine = self._fleet.machines.get(node)
        return machine is not None and machine.well

    def overhead(self, node: str) -> int:
        """Bytes of memory that others than pods take on the node."""
        return overhead(self._fleet.machines.get(node))

    def running(self, pod: Obj) -> Iterator[tuple[str, Launch, int]]:
        """(name, launch, when it started) of the containers that run."""
        for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
            status = self._status(pod, container["name"])
            if status is not None and "running" in status["state"]:
                launch = self._launch(pod, container["name"], status["restartCount"])
                yield container["name"], launch, parse_time(status["state"]["running"]["startedAt"])

    def running_as(self, pod: str, container: str) -> list[tuple[Launch, int]]:
        """(launch, when it started) of the container of a pod (namespace/name) while it runs."""
        found = self._fleet.api.get("Pod", *split_key(pod))
        return [(launch, started) for name, launch, started in self.running(found) if name == container] if found is not None else []

    def usage(self, pod: Obj) -> list[tuple[str, int, int]]:
        """(container, thousandths of a cpu, bytes) of the running containers; empty when their node is silent."""
        machine = self._fleet.machines.get(pod["spec"].get("nodeName", ""))
        if machine is None or not machine.well:
            return []
        return [(name, *self._fleet.workloads.usage(launch, started)) for name, launch, started in self.running(pod)]

    # ------------------------------------------------------------------------------------------------ commands

    def _entrance(self, pod: Obj, container: str, verb: str = "exec") -> tuple[Launch, int]:
        """The running container and when it started. Raises ApiError when there is no way in."""
        name = self.container_of(pod, container or pod["spec"]["containers"][0]["name"])
        metadata = pod["metadata"]
        if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            raise errors.bad_request(
                f"cannot {verb} into a container in a completed pod; current phase is {pod['status']['phase']}"
            )
        self._machine(pod, f"/{verb}/{metadata['namespace']}/{metadata['name']}/{name}")
        status = self._status(pod, name)
        if status is None or "running" not in status["state"]:
            raise errors.internal_error(f'unable to upgrade connection: container not found ("{name}")')
        started = parse_time(status["state"]["running"]["startedAt"])
        return self._launch(pod, name, status["restartCount"]), started

    def check_entrance(self, pod: Obj, container: str, verb: str) -> None:
        """Raises ApiError when nobody can get into the container."""
        self._entrance(pod, container, verb)

    def check_door(self, pod: Obj, verb: str) -> None:
        """Raises ApiError when the pod's kubelet cannot be reached."""
        metadata = pod["metadata"]
        self._machine(pod, f"/{verb}/{metadata['namespace']}/{metadata['name']}")

    def execute(self, pod: Obj, container: str, command: list[str]) -> Executed:
        """Run a command in a running container and wait for its end. Raises ApiError when there is nowhere to run it."""
        launch, started = self._entrance(pod, container)
        return Executed(*self._fleet.workloads.execute(launch, command, started))

    def enter(self, pod: Obj, container: str) -> Any:
        """A session in a running container: see the workloads' `enter`. Raises ApiError when there is no way in."""
        return self._fleet.workloads.enter(*self._entrance(pod, container))


def _one_that_ran(ends: Sequence[Obj], where: str) -> Obj:
    """The first end of a container that there was. Raises BadRequest."""
    found: Obj | None = next((end for end in ends if end.get("containerID")), None)
    if found is None:
        raise errors.bad_request(f"{where} is terminated")
    return found


def _chosen(lines: list[Any], options: LogOptions, now: int) -> tuple[str, int]:
    """The lines the options ask for, as text, and when the last of them was written."""
    if options.stream in ("Stdout", "Stderr"):
        lines = [line for line in lines if line.is_error == (options.stream == "Stderr")]
    begin = options.after + 1 if options.after else 0
    if options.since_seconds is not None:
        begin = max(begin, now - options.since_seconds * SECOND)
    if options.since_time is not None:
        begin = max(begin, options.since_time)
    lines = [line for line in lines if line.at >= begin]
    if options.tail is not None:
        lines = lines[-options.tail :] if options.tail else []
    last = max((line.at for line in lines), default=options.after)
    text = "".join(f"{_stamp(line.at)} {line.text}\n" if options.timestamps else f"{line.text}\n" for line in lines)
    if options.limit_bytes is not None:
        text = text.encode()[: options.limit_bytes].decode("utf-8", "ignore")
    return text, last


def _stamp(at: int) -> str:
    """RFC 3339 with nanoseconds, as container runtimes write it."""
    return microtime(at).removesuffix("Z") + "000Z"
