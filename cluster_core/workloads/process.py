"""How a container's main process behaves: whether it ends, and how it takes SIGTERM."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cluster_core.machinery import quantity
from cluster_core.machinery.containers import Launch, Outcome, Reaction
from cluster_core.machinery.identity import Identity, identity
from cluster_core.machinery.typed import Obj
from cluster_core.workloads import agnhost, argv, netcat, stress
from cluster_core.workloads.argv import Plan
from cluster_core.workloads.asking import Questions
from cluster_core.workloads.attributes import FROM_OBJECTS, mounts
from cluster_core.workloads.catalogue import Program, programs
from cluster_core.workloads.images import entry_of
from cluster_core.workloads.sharing import aliases, shared_mounts, watched
from cluster_core.workloads.shell import Job, Run, Trace

MIB = 1 << 20
_MISSING = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to "
    'start container process: error during container init: exec: "{name}": {why}: unknown'
)


class Process(NamedTuple):
    """What is known of a main process: its plan and, for scripts, what the script did."""

    plan: Plan
    trace: Trace | None = None

    @property
    def program(self) -> Program:
        """The server that runs in the end."""
        if self.trace is not None and self.trace.serves:
            return netcat.server(self.trace.serving) or programs()[self.trace.serves]
        return self.plan.program

    @property
    def words(self) -> tuple[str, ...]:
        """The command line of what runs in the end."""
        return self.trace.serving if self.trace is not None and self.trace.serving else self.plan.argv

    @property
    def says(self) -> str:
        """What a server of bytes answers to whoever connects."""
        return self.trace.says if self.trace is not None else ""


def job_of(launch: Launch, plan: Plan) -> Job:
    """The script a container runs, with all that it finds around it."""
    pod = launch.pod
    uid = pod["metadata"].get("uid", "")
    digest = hashlib.blake2b(f"{uid}/{launch.container['name']}/{launch.attempt}".encode(), digest_size=2).digest()
    environment = {"HOSTNAME": hostname(launch), **launch.environment}
    return Job(
        script=plan.script,
        environment=environment,
        files=launch.files,
        changes=launch.changes,
        hostname=hostname(launch),
        began=launch.now,
        positional=plan.positional,
        address=pod.get("status", {}).get("podIP", ""),
        seed=int.from_bytes(digest, "big") | 1,
        namespace=pod["metadata"].get("namespace", "default"),
        directories=_directories(launch),
        aliases=aliases(launch),
        launch=launch,
        identity=identity_of(launch),
        read_only=_is_read_only(launch),
        shell=plan.argv[0] if plan.argv else "sh",
        main=plan.argv,
    )


def _directories(launch: Launch) -> list[str]:
    """Where volumes are mounted, or directories of them."""
    made = {mount.path for mount in shared_mounts(launch)} - aliases(launch).keys()
    paths = {each["mountPath"].rstrip("/") for each in launch.container.get("volumeMounts", ()) if not each.get("subPath")}
    return sorted((paths | made) - launch.files.keys())


def identity_of(launch: Launch) -> Identity:
    """As whom the container's processes run."""
    entry = entry_of(launch.container["image"])
    return identity(launch.pod, launch.container, entry.user if entry else 0)


def _is_read_only(launch: Launch) -> bool:
    """Whether nothing can be written anywhere. A read-only root beside writable volumes is not modelled: all can be written."""
    context = launch.container.get("securityContext") or {}
    return bool(context.get("readOnlyRootFilesystem")) and all(
        mount.read_only or mount.source in FROM_OBJECTS for mount in mounts(launch)
    )


def hostname(launch: Launch) -> str:
    spec = launch.pod["spec"]
    if spec.get("hostNetwork"):
        return launch.node
    return str(spec.get("hostname") or launch.pod["metadata"]["name"])[:63]


def plan_of(launch: Launch) -> Plan:
    """What the container runs."""
    return agnhost.refine(argv.plan(launch), launch)


def observe(
    launch: Launch,
    questions: Callable[[], Questions] | None = None,
    more_files: Callable[[Launch], Mapping[str, str]] = lambda launch: {},
    follow: float = 0.0,
) -> Process:
    """Find out what the container's process is and, when it is a script, what it does: `questions` to the network are only a script's; `more_files`
    are there besides; `follow`: up to which age it is wanted what it does."""
    plan = plan_of(launch)
    if plan.kind != "script":
        return Process(plan)
    path = launch.container.get("terminationMessagePath") or "/dev/termination-log"
    launch = launch._replace(files={**more_files(launch), **launch.files})
    job = job_of(launch, plan)
    job.keep, job.watch, job.follow = (path,), watched(launch), follow
    job.questions = questions() if questions else None
    return Process(plan, Run(job).run())


def outcome(launch: Launch, process: Process, age: float = 0.0) -> Outcome:
    """How the process, begun `age` seconds ago, ends."""
    plan = process.plan
    if plan.kind == "missing":
        return _not_there(plan)
    if plan.kind == "script" and process.trace is not None and not process.trace.serves:
        return _of_script(launch, process.trace, age)
    return _of_program(launch, process.program, process.words)


def _not_there(plan: Plan) -> Outcome:
    name = plan.argv[0]
    why = f"stat {name}: no such file or directory" if name.startswith("/") else "executable file not found in $PATH"
    return Outcome(0.0, 128, "StartError", _MISSING.format(name=name, why=why))


def _of_script(launch: Launch, trace: Trace, age: float) -> Outcome:
    if trace.ends is None:
        return Outcome()
    return Outcome(max(trace.ends - age, 0.0) + 0.02, trace.exit_code, "", _last_words(launch.container, trace))


def _last_words(container: Obj, trace: Trace) -> str:
    """The termination message: the file's contents, or the log's end when it failed and the policy says so."""
    text = trace.files.get(container.get("terminationMessagePath") or "/dev/termination-log", "")
    if not text and trace.exit_code and container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
        text = "\n".join(trace.text.splitlines()[-80:])[-2048:]
    return text[:4096]


def memory_limit(launch: Launch) -> int | None:
    """Bytes, None when there is no limit."""
    limit = launch.container.get("resources", {}).get("limits", {}).get("memory")
    return quantity.value(limit) if limit else None


def cpu_limit(launch: Launch) -> int | None:
    """Thousandths of a cpu, None when there is no limit."""
    limit = launch.container.get("resources", {}).get("limits", {}).get("cpu")
    return quantity.milli(limit) if limit else None


def request_cost(launch: Launch, program: Program) -> tuple[int, float]:
    """(microseconds of CPU, seconds) that a request takes of the program: the less of a cpu it may use, the longer."""
    share = min(cpu_limit(launch) or 1000, 1000) / 1000
    return round(program.request * 1000), program.request / 1000 / max(share, 0.001)


def _of_program(launch: Launch, program: Program, words: tuple[str, ...]) -> Outcome:
    limit = memory_limit(launch)
    if program.kind == "stress":
        needs = stress.needs(words)
        return Outcome(1.0, 137, "OOMKilled") if limit is not None and needs.memory > limit else Outcome(needs.seconds, 0)
    if limit is not None and program.memory and limit < program.memory * MIB // 2:
        return Outcome(min(1.0, program.start + 0.5), 137, "OOMKilled")
    if lacks_variables(program, launch):
        return Outcome(0.3, 1)
    if program.kind == "shell":
        return Outcome(0.05, program.ends)
    return Outcome()


def lacks_variables(program: Program, launch: Launch) -> bool:
    """Whether it refuses to start for want of a variable such as a password."""
    return bool(program.needs) and not any(launch.environment.get(name) for name in program.needs)


USAGE = "kwok.x-k8s.io/usage-"
"""Annotations that say what a pod's containers use: usage-cpu, usage-memory (quantities)."""


def usage(launch: Launch, process: Process, load: int = 0) -> tuple[int, int]:
    """(thousandths of a cpu, bytes): as annotated, as a stress command asks for, or as programs of this sort use and for
    their `load`, within the limits; a little up and down from minute to minute."""
    minute = launch.now // 60_000_000
    digest = hashlib.blake2b(f"{launch.pod['metadata'].get('uid', '')}/{minute}".encode(), digest_size=1).digest()[0]
    cpu, memory = _typical(launch, process, 90 + digest * 20 // 255)
    cpu += load
    annotations = launch.pod["metadata"].get("annotations", {})
    if f"{USAGE}cpu" in annotations:
        cpu = quantity.milli(annotations[f"{USAGE}cpu"])
    limit = cpu_limit(launch)
    return (cpu if limit is None else min(cpu, limit)), _bounded(launch, memory)


def spinning(process: Process, age: float) -> int:
    """Thousandths of a cpu that the script's processes take which never pause."""
    spins = process.trace.spins if process.trace is not None else ()
    return 1000 * sum(1 for since in spins if since <= age)


def typical_memory(launch: Launch, process: Process) -> int:
    """Bytes of memory that the container takes, taken evenly over time."""
    return _bounded(launch, _typical(launch, process, 100)[1])


def _bounded(launch: Launch, memory: int) -> int:
    """As annotated, within the limit."""
    annotated = launch.pod["metadata"].get("annotations", {}).get(f"{USAGE}memory")
    limit = memory_limit(launch)
    found = memory if annotated is None else quantity.value(annotated)
    return found if limit is None else min(found, limit)


def _typical(launch: Launch, process: Process, wave: int) -> tuple[int, int]:
    """(thousandths of a cpu, bytes); `wave` in percent of what programs use on average."""
    program = process.program
    if program.kind == "stress":
        return stress.needs(process.words).cpu, stress.needs(process.words).memory
    if process.plan.kind == "script" and not (process.trace and process.trace.serves):
        return 1, MIB
    return max(program.cpu, 1) * wave // 100 or 1, (program.memory or 12) * MIB * wave // 100


def reaction(process: Process) -> Reaction:
    """What SIGTERM does to it."""
    trace = process.trace
    if process.plan.kind == "script" and trace is not None and not trace.serves:
        if process.plan.program.kind == "agnhost":
            return Reaction(0.1, 2)
        return Reaction(0.1, 0) if trace.handles_term else Reaction(None, 137)
    stop = process.program.stop
    if stop is None or process.plan.waits:
        return Reaction(None, 137)
    return Reaction(stop[1], stop[0])
