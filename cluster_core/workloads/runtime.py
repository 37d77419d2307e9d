"""The container runtime's side of containers: finding images, starting processes, probing and ending them, their logs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import HookResult, Image, Launch, Outcome, ProbeResult, Reaction
from cluster_core.machinery.typed import Obj
from cluster_core.workloads import imagefiles, logs, process, serving
from cluster_core.workloads.asking import Questions, Record, Told
from cluster_core.workloads.disks import MOST_OF_FILE, SET, Disks, small
from cluster_core.workloads.images import find_image
from cluster_core.workloads.inner import Inner
from cluster_core.workloads.lives import Lives, life_of, place_of, with_files
from cluster_core.workloads.meter import Meter
from cluster_core.workloads.neighbours import Neighbours
from cluster_core.workloads.process import Process
from cluster_core.workloads.sharing import Left, SharedMount, carrier, located, node_disk
from cluster_core.workloads.shell import is_endless

ANY_IMAGE = "accept-any-image"
"""The cluster's option."""
_MOST_REMEMBERED = 256
_TRUSTED_STEPS = 5
"""How often a loop may ask the network before nobody waits for its end."""
_LEAST_WAIT = 0.5
_LOOK_AHEAD = 1.5
"""A script is gone through this much further than somebody wants to know, who may want to know more soon."""
_LEAST_PERIOD = 0.001
"""Seconds between two requests of a loop, however little it does in between."""
_ASKING = 3.0
"""Milliseconds of CPU that a request takes of who makes it: a program is started and ends."""

_MOST_HEARD = 100
"""Lines about requests in one container's log."""


class Containers(Neighbours):
    """What containers do in one cluster. Processes are remembered for speed only; volumes' contents must be."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.any_image = bool(options.get(ANY_IMAGE, False))
        """Whether images that the catalogue does not know can be pulled."""
        self._own_registries = frozenset(options.get("private-registries", ()))
        """Hosts of registries that have whatever is asked for."""
        self._processes: OrderedDict[tuple[str, str, int, int], Process] = OrderedDict()
        self._disks = Disks()
        self._lives = Lives()
        self.meter = Meter()
        self._written: dict[str, dict[str, dict[str, str | None]]] = {}
        """Pod uid -> container/attempt -> path -> what commands from outside have written there (latin-1), None: removed."""
        self._sizes: dict[str, dict[str, dict[str, int]]] = {}
        """Pod uid -> container/attempt -> path -> bytes of the large files that commands from outside have made."""
        self._records: dict[str, dict[str, Record]] = {}
        """Pod uid -> container/attempt -> what the network has answered to its script."""
        self._heard: dict[str, dict[str, list[list[Any]]]] = {}
        """Pod uid -> container/attempt -> [when, line] of the requests its server has noted in its log."""
        self._known: dict[str, dict[str, dict[str, Any]]] = {}
        """Pod uid -> container/attempt -> what its server has kept in memory."""
        self._lives.stirred = self._stirred

    def find(self, image: str) -> Image:
        """The image of this name. Raises PullError."""
        return find_image(image, self.any_image or image.partition("/")[0] in self._own_registries)

    def image_files(self, image: str) -> Mapping[str, str]:
        """The files of an image by path. Raises PullError."""
        self.find(image)
        return imagefiles.image_files(image)

    # ------------------------------------------------------------------------------------------------ processes

    def _process(self, launch: Launch, started: int, questions: Questions | None = None, until: int = 0) -> Process:
        """What is known of the main process; `questions`: it may ask the network what it wants to know; `until`: what it does
        up to then is wanted."""
        key = (launch.pod["metadata"]["uid"], launch.container["name"], launch.attempt, len(launch.changes))
        found = self._processes.get(key) if questions is None else None
        age = (until - started) / SECOND
        if found is None or (found.trace is not None and found.trace.known < age):
            found = process.observe(
                launch._replace(now=started),
                lambda: questions or Questions(self._record(launch), self.tools(launch, False)),
                self.network_files,
                max(age, 0.0) * _LOOK_AHEAD,
            )
            if found.trace is not None:
                self._processes[key] = found
                if len(self._processes) > _MOST_REMEMBERED:
                    self._processes.popitem(last=False)
                self._lives.plan(launch, found.trace, self._disks, max(launch.now, until))
        return found

    def again(self, launch: Launch, started: int) -> Outcome:
        """How a container's process, started then, will end now that it finds other files."""
        launch = self._with_volumes(launch)
        return self._outcome(launch, self._process(launch, started), 0.0)

    def _stirred(self, uid: str, place: str, pod: str) -> None:
        """What was found out of a script holds no longer."""
        name, _, attempt = place.rpartition("/")
        for key in [key for key in self._processes if key[:3] == (uid, name, int(attempt))]:
            del self._processes[key]
        if pod:
            self.stirred(pod, name)

    def _catch_up(self, launch: Launch, mounts: list[SharedMount]) -> None:
        """Go through the scripts that write into these volumes as far as the present."""
        for uid, place, pod in self._lives.writers(mounts, life_of(launch)) if mounts else ():
            name, _, attempt = place.rpartition("/")
            for other, started in self.running_as(pod, name):
                if other.pod["metadata"]["uid"] == uid and str(other.attempt) == attempt:
                    self._process(self._with_volumes(other), started, until=launch.now)

    def _told(self, launch: Launch, started: int, changed: Mapping[str, str | None]) -> None:
        """Somebody has written this into the container (latin-1): its script sees it from now on, and others' see what is in volumes."""
        small_ones = {path: text for path, text in changed.items() if len(text or "") <= MOST_OF_FILE}
        mounts, now = self._mounts(launch), max(self.now(), launch.now)
        found = self._process(self._with_volumes(launch), started)
        if found.trace is not None and not found.trace.serves and small_ones:
            self._lives.hear(launch, started - started % SECOND, small_ones, self._disks, now)
            own = self._written.get(launch.pod["metadata"]["uid"], {}).get(place_of(launch), {})
            for path in small_ones.keys() & own.keys():
                del own[path]  # going through the script again puts it there
        for disk in dict.fromkeys(mount.volume for mount in mounts):
            inside = {name: text for mount in mounts if mount.volume == disk for name, text in mount.inside(small_ones).items()}
            if inside:
                self._lives.tell(disk, [(now, name, SET, text) for name, text in inside.items()], self._disks, now, life_of(launch))

    def _with_volumes(self, launch: Launch) -> Launch:
        """The launch with what volumes held when the container's script began; where there is none, with what they hold."""
        begun = self._lives.begun(launch)
        if begun is not None:
            return begun
        mounts = self._mounts(launch)
        self._catch_up(launch, mounts)
        return with_files(launch, Left({}, mounts, self._disks, launch.now)) if mounts else launch

    def _mounts(self, launch: Launch) -> list[SharedMount]:
        return located(launch, self.volume_of)

    def _begin(self, launch: Launch) -> Launch:
        """The launch with what volumes hold now, which is remembered as what the container's script has found there."""
        mounts = self._mounts(launch)
        if mounts and process.plan_of(self._with_volumes(launch)).kind == "script":
            self._lives.begin(launch, mounts, self._disks)
        return self._with_volumes(launch)

    def start(self, launch: Launch) -> Outcome:
        if self.fault(launch):
            return Outcome(0.2, 1)
        launch = self._begin(launch)
        found = self._process(launch, launch.now - launch.now % SECOND)
        writes = found.trace is not None and bool(found.trace.disk)
        return self._outcome(launch, found, 0.0)._replace(memory=process.typical_memory(launch, found), writes=writes)

    def resume(self, launch: Launch, started: int) -> Outcome:
        """The container's script asks the network what it waits to know, and goes on."""
        age = (launch.now - started) / SECOND
        launch = self._with_volumes(launch)
        if not launch.pod.get("status", {}).get("podIP"):
            return Outcome(asks=_LEAST_WAIT)
        record = self._record(launch)
        ahead = 0.0 if is_endless(process.plan_of(launch).script) else record.patience(age)
        questions = Questions(record, self.tools(launch, False), age, ahead)
        outcome = self._outcome(launch, self._process(launch, started, questions), age)
        self._go_on_asking(launch, outcome, questions.heard)
        return outcome

    def _go_on_asking(self, launch: Launch, outcome: Outcome, heard: Told | None) -> None:
        """A loop that is sampled asks as often as it would, in the time to its next sample: that loads who answers it, and itself."""
        if outcome.asks is None and self._record(launch).is_full:
            self.meter.go_on(life_of(launch))
            return
        if heard is None or outcome.asks is None or not outcome.patience:
            self.meter.cut(life_of(launch), launch.now)
            return
        period = max(outcome.asks, _LEAST_PERIOD)
        loads = {life_of(launch): round(_ASKING / period)}
        for work in heard.work:
            lives = work.lives()
            for life in lives:
                loads[life] = loads.get(life, 0) + round(work.cpu / 1000 / period / len(lives))
        self.meter.stream(life_of(launch), loads, launch.now, launch.now + round((outcome.asks + outcome.patience) * SECOND))

    def _outcome(self, launch: Launch, found: Process, age: float) -> Outcome:
        outcome = process.outcome(launch, found, age)
        asks = found.trace.asks if found.trace is not None else None
        record = self._past(launch)
        if asks is None or record is None or record.is_full:
            return outcome
        endless = is_endless(found.plan.script)
        patience = record.patience(age) if endless else 0.0
        return outcome._replace(asks=max(asks - age, 0.0), patience=patience, endless=endless and len(record.steps) >= _TRUSTED_STEPS)

    def _past(self, launch: Launch) -> Record | None:
        """What the network has answered to the container's script; None when it is none."""
        return self._records.get(launch.pod["metadata"]["uid"], {}).get(place_of(launch))

    def _record(self, launch: Launch) -> Record:
        """The same, to be added to."""
        kept = self._records.setdefault(launch.pod["metadata"]["uid"], {})
        for other in [name for name in kept if name.rpartition("/")[0] == launch.container["name"]]:
            if int(other.rpartition("/")[2]) < launch.attempt - 1:
                del kept[other]
        return kept.setdefault(place_of(launch), Record())

    def terminate(self, launch: Launch, started: int) -> Reaction:
        launch = self._with_volumes(launch)
        reaction = process.reaction(self._process(launch, started))
        grace = launch.pod["spec"].get("terminationGracePeriodSeconds", 30) if reaction.after is None else reaction.after
        self._disks.cut(life_of(launch), launch.now + round(grace * SECOND))
        self.meter.end(life_of(launch), launch.now + round(grace * SECOND))
        return reaction

    def probe(self, launch: Launch, probe: Obj, started: int) -> ProbeResult:
        """The answer of the container, started at this time, to a probe or hook now."""
        launch = self._with_volumes(launch)

        def run(command: list[str]) -> tuple[int, str, str]:
            there = launch._replace(files={**self.network_files(launch), **launch.files})
            entered = serving.enter(there, self._process(launch, started), started, self.tools(launch, True), self._past(launch))
            written = self._written_in(launch)
            return Inner(entered, dict(written)).execute(command) if written else entered.execute(command)

        return serving.answer(self._as_left(launch), self._process(launch, started), probe, started, run)

    def _as_left(self, launch: Launch) -> Launch:
        """The launch with what commands from outside have done to its files."""
        written = {path: None if text is None else text.encode("latin-1").decode("utf-8", "replace") for path, text in self._written_in(launch).items()}
        return launch._replace(changes=(*launch.changes, (launch.now, written))) if written else launch

    def hook(self, launch: Launch, hook: Obj, started: int) -> HookResult:
        """Run a lifecycle hook: a command as if by exec, or a request, of which only the connection counts."""
        if "exec" not in hook:
            return HookResult(problem=self.send(launch, hook["httpGet"]) if "httpGet" in hook else "")
        session = self.enter(launch, started)
        began = session.clock
        code, _, err = session.execute(hook["exec"]["command"])
        told = f'command \'{" ".join(hook["exec"]["command"])}\' exited with {code}: {err}'
        return HookResult(session.clock - began, told if code else "")

    def _written_in(self, launch: Launch) -> dict[str, str | None]:
        """What commands from outside have left in the container."""
        return dict(self._left(launch))

    def _left(self, launch: Launch) -> Left:
        self._catch_up(launch, self._mounts(launch))
        own = self._written.setdefault(launch.pod["metadata"]["uid"], {}).setdefault(place_of(launch), {})
        return Left(own, self._mounts(launch), self._disks, launch.now)

    def execute(self, launch: Launch, command: list[str], started: int) -> tuple[int, str, str]:
        """Run a command in the container: exit code, stdout, stderr."""
        return self.enter(launch, started).execute(command)

    def enter(self, launch: Launch, started: int) -> Inner:
        """A session in the container; what it leaves in files is there for the next one."""
        plain, launch = launch, self._with_volumes(launch)
        launch = launch._replace(files={**self.network_files(launch), **launch.files})
        run = serving.enter(launch, self._process(launch, started), started, self.tools(launch, False), self._past(launch))
        uid, place = launch.pod["metadata"]["uid"], place_of(launch)
        written = self._left(launch)
        sizes = self._sizes.setdefault(uid, {}).setdefault(place, {})
        inner = Inner(run, written, launch.container["image"], sizes)
        inner.kept = lambda changed: self._told(plain, started, changed)
        return inner

    def logs(self, launch: Launch, started: int, until: int) -> list[logs.Line]:
        """What the container, started then, has written up to `until`."""
        own = self.said(launch, started, until)
        fault = self.fault(launch._replace(now=started)) if own is None else ""
        if fault:
            return [logs.Line(started + number, text, True) for number, text in enumerate(fault.splitlines())]
        if own is None:
            self._catch_up(launch, self._mounts(launch))
            launch = self._with_volumes(launch)
            own = logs.lines(launch, self._process(launch, started, until=until), started, until)
        heard = self._heard.get(launch.pod["metadata"]["uid"], {}).get(place_of(launch), ())
        more = [logs.Line(at, text) for at, text in (*self.besides(launch, started, until), *heard) if at <= until]
        return sorted([*more, *own], key=lambda line: line.at) if more else own

    def memory_of(self, launch: Launch) -> dict[str, Any]:
        """What the container's server keeps until it ends: JSON, to be added to."""
        return self._known.setdefault(launch.pod["metadata"]["uid"], {}).setdefault(place_of(launch), {})

    def note(self, launch: Launch, text: str) -> None:
        """The container's server notes a request in its log: of many the last ones are kept."""
        kept = self._heard.setdefault(launch.pod["metadata"]["uid"], {}).setdefault(place_of(launch), [])
        kept.append([max(launch.now, kept[-1][0] + 1) if kept else launch.now, text])
        del kept[:-_MOST_HEARD]

    def running(self, launch: Launch, started: int) -> tuple[Launch, Process]:
        """The launch with all its files, and the container's main process: for those who want to talk to it."""
        launch = self._with_volumes(launch)
        return self._as_left(launch), self._process(launch, started)

    def usage(self, launch: Launch, started: int) -> tuple[int, int]:
        """(thousandths of a cpu, bytes of memory) that the running container uses now."""
        found = self._process(self._with_volumes(launch), started)
        load = self.meter.usage(life_of(launch), launch.now) + process.spinning(found, (launch.now - started) / SECOND)
        return process.usage(launch, found, load)

    def memory(self, launch: Launch, started: int) -> int:
        """Bytes of memory that the running container takes, without its ups and downs."""
        return process.typical_memory(launch, self._process(self._with_volumes(launch), started))

    def disk(self, launch: Launch, started: int) -> list[tuple[int, str, int]]:
        """(when, path, bytes) of the large files that the container's process makes (and removes: 0 bytes) and those made
        in it from outside, in order."""
        trace = self._process(self._with_volumes(launch), started).trace
        made = [(started + round(at * SECOND), path, size) for at, path, size in trace.disk] if trace is not None else []
        outside = self._sizes.get(launch.pod["metadata"]["uid"], {}).get(place_of(launch), {})
        return [*made, *((started, path, size) for path, size in outside.items())]

    def files_on_node(self, node: str, now: int) -> dict[str, str | None]:
        """Path -> text (None: removed) of what containers have left on the machine, below hostPaths."""
        found = self._disks.read(node_disk(node), now)
        return {f"/{path}": None if text is None else text.encode("latin-1").decode("utf-8", "replace") for path, text in found.items()}

    def write_on_node(self, node: str, changes: Mapping[str, str | None], now: int) -> None:
        """Somebody on the machine writes or removes such files."""
        there = self._disks.read(node_disk(node), now)
        for path, text in changes.items():
            if path.strip("/") in there:
                self._disks.write(node_disk(node), path.strip("/"), None if text is None else text.encode("utf-8", "surrogateescape").decode("latin-1"))

    def forget_node(self, node: str) -> None:
        """The machine is gone with its disk."""
        self._disks.drop(node_disk(node))

    def forget_volume(self, volume: Obj) -> None:
        """A PersistentVolume is gone with its contents."""
        disk, root = carrier(volume)
        for each in [disk] if disk else self._disks.nodes():
            self._disks.drop(each, root)

    def forget(self, pod_uid: str, now: int) -> None:
        """The pod is gone with its files and logs; what it has left in volumes of others' stays."""
        self._disks.forget_pod(pod_uid, now)
        self._lives.forget(pod_uid)
        self.meter.forget(pod_uid, now)
        self._written.pop(pod_uid, None)
        self._records.pop(pod_uid, None)
        self._heard.pop(pod_uid, None)
        self._known.pop(pod_uid, None)
        self._sizes.pop(pod_uid, None)
        for key in [key for key in self._processes if key[0] == pod_uid]:
            del self._processes[key]

    def dump(self) -> Any:
        asked = {uid: {name: record.saved() for name, record in kept.items() if record.steps} for uid, kept in self._records.items()}
        found = {"disks": self._disks.dump(), "lives": self._lives.dump(), "written": self._small_files(), "asked": {uid: kept for uid, kept in asked.items() if kept}}
        found["heard"], found["meter"] = self._heard, self.meter.dump()
        found["known"] = {uid: kept for uid, kept in self._known.items() if any(kept.values())}
        found["sizes"] = {uid: kept for uid, kept in self._sizes.items() if any(kept.values())}
        return {name: part for name, part in found.items() if part} | {"any-image": self.any_image}

    def _small_files(self) -> Any:
        found = {uid: {name: small(place) for name, place in places.items() if place} for uid, places in self._written.items()}
        return {uid: places for uid, places in found.items() if places}

    def load(self, state: Any) -> None:
        state = state or {}
        self.any_image = state.get("any-image", True)  # as it was before clusters remembered it
        self._disks, self._lives = Disks(state.get("disks")), Lives(state.get("lives"))
        self._lives.stirred = self._stirred
        self._written = state.get("written", {})
        self._sizes, self._heard, self._known = state.get("sizes", {}), state.get("heard", {}), state.get("known", {})
        self.meter = Meter(state.get("meter"))
        asked = state.get("asked", {})
        self._records = {uid: {name: Record(saved) for name, saved in kept.items()} for uid, kept in asked.items()}
        self._processes.clear()
