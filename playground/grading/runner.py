"""One grading: the exercise's cluster, what was handed in, the faults at their times, and every check looked at.

Pure and synchronous. The verdict depends on the exercise, the answer and the seed, and on nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson

from cluster_core.apiserver.parts import Change
from cluster_core.machinery.clock import SECOND
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from cluster_core.simulation.outside import Input
from cluster_core.simulation.saved import ClusterSpec, Saved

from . import evidence, handin, livecluster, means
from .checks import View
from .commands import Kubectl, Refused
from .exercise import Answer, Exercise, Fault
from .ground import COMING_UP, Here, SetupFailed, do, make_ready
from .saying import Said, joined
from .tracking import Tracker
from .verdict import CheckResult, Verdict

NAME = "exercise"
_MOST_REASONS = 10


@lru_cache(64)
def _prepared(digest: str, seed: int, cluster: bytes, setup: str, prepare: bytes) -> Saved:
    """The cluster with the set-up done, settled. Made once per exercise and seed."""
    made = Cluster.create(ClusterSpec(NAME, **{**orjson.loads(cluster), "seed": seed}))
    try:
        make_ready(Here(made), setup, steps=orjson.loads(prepare))
    except SetupFailed as error:
        raise SetupFailed(f"set-up: {error}") from error
    return made.save()


def prepared(exercise: Exercise, seed: int | None = None) -> Cluster:
    """The cluster as a student finds it. Raises SetupFailed."""
    description = dict(exercise.cluster)
    if "cpu" in description:
        description["cpu"] = str(description["cpu"])
    chosen = exercise.seed if seed is None else seed
    packed = orjson.dumps(description, option=orjson.OPT_SORT_KEYS)
    prepare = orjson.dumps(exercise.prepare)
    return Cluster.load(_prepared(exercise.digest, chosen, packed, exercise.setup, prepare))


def grade(exercise: Exercise, answer: Answer, *, seed: int | None = None, saved: Saved | None = None) -> Verdict:
    """The verdict on an answer; on a live cluster when its saved form is given. Raises SetupFailed."""
    run = Run(exercise, _cluster(exercise, seed, saved))
    forbidden = _forbidden(exercise, answer, saved)
    if forbidden:
        return run.refused(answer, forbidden)
    run.hand_in(answer)
    if run.forbidden:
        return run.refused(answer, list(run.forbidden)[:_MOST_REASONS])
    run.play()
    return run.verdict(answer)


def _cluster(exercise: Exercise, seed: int | None, saved: Saved | None) -> Cluster:
    return Cluster.load(saved) if saved is not None else prepared(exercise, seed)


def _forbidden(exercise: Exercise, answer: Answer, saved: Saved | None) -> list[str]:
    """Why the answer is refused, empty when it is not."""
    found = means.violations(exercise.forbidden, answer)
    form = answer.form if saved is None else "cluster"
    if form not in exercise.forms:
        found.append(Said("handing in %(form)s is not allowed here, only %(forms)s", form=form, forms=", ".join(exercise.forms)))
    if saved is not None and not exercise.forbidden.forging:
        found += islice(livecluster.forgeries(saved), _MOST_REASONS)
    if saved is not None and exercise.forbidden.names_anything:
        found += islice(livecluster.violations(exercise.forbidden, prepared(exercise).save(), saved), _MOST_REASONS)
    return found


class Reached(Exception):
    """The moment somebody wants to see."""


def moment(
    exercise: Exercise, answer: Answer, check: str, *, seed: int | None = None, saved: Saved | None = None
) -> tuple[Saved, Cluster]:
    """(the cluster as it was handed to the answer, the same as it was when this check failed, or at the end)."""
    cluster = _cluster(exercise, seed, saved)
    begin = cluster.save()
    run = Run(exercise, cluster, stop_at=check)
    try:
        run.hand_in(answer)
        run.play()
    except Reached:
        pass
    return begin, cluster


class Run:
    """A cluster being graded; `stop_at` names a check whose failing ends everything with Reached."""

    def __init__(self, exercise: Exercise, cluster: Cluster, *, stop_at: str = "") -> None:
        self.exercise, self.cluster, self._stop_at = exercise, cluster, stop_at
        self.view = View(cluster)
        self.start = cluster.now
        self.steps = 0
        self.settled = True
        self.timeline: list[dict[str, Any]] = []
        self.results: list[dict[str, Any]] = []
        self._trackers = {check.name: Tracker(check) for check in exercise.checks}
        self._evidence: dict[str, dict[str, Any]] = {}
        self._changed: set[str] = set()
        self._files: dict[str, str] = {}
        self.forbidden: dict[str, None] = {}
        """Why it is to be refused, in the order in which it was done."""
        cluster.observe(self._note)

    def _note(self, change: Change) -> None:
        self._changed.add(change.kind.name)

    # ------------------------------------------------------------------------------------------------ what is done

    def hand_in(self, answer: Answer) -> None:
        """Apply the manifests, or run the commands: manifests are then files that commands may name."""
        self._files = dict(answer.files)
        self.cluster.outside.listeners.append(self._heard)
        self._happened("handed in")
        self._begin("")
        if not answer.commands:
            for path, text in answer.files.items():
                self.results += [{"file": path, **result} for result in handin.apply(self.cluster, text)]
        for line in answer.commands:
            self._command(line)
            self._look()
        self.cluster.outside.listeners.remove(self._heard)
        self.start = self.cluster.now

    def _heard(self, given: Input) -> None:
        """Something the answer did."""
        if given.request is not None and given.changed and given.status < 400:
            self.forbidden |= dict.fromkeys(means.of_request(self.exercise.forbidden, given.request))

    def _command(self, line: str) -> None:
        try:
            told = Kubectl(Here(self.cluster), self._files, self._sleep).run(line)
        except Refused as refused:
            self.results.append({"command": line, "status": "error", "message": str(refused)})
        else:
            self.results.append({"command": line, "status": "done", "message": told})

    def _sleep(self, seconds: float) -> None:
        """Time that passes between commands counts: checks are looked at, and the budget is spent. Raises Refused."""
        self._look()
        until = self.cluster.now + round(seconds * SECOND)
        while self.cluster.now < until:
            if self.spent or not self._advance(until):
                raise Refused("the budget is spent")
            self._look()

    def _fault(self, fault: Fault) -> None:
        """Let it happen; one that cannot (the node is gone already) is told on the timeline."""
        problem = ""
        try:
            do(Here(self.cluster), fault.step)
        except (CommandError, Refused) as error:
            problem = str(error)
        self._happened(fault.name, problem)
        self._begin(fault.name)

    def _happened(self, what: str, problem: str = "") -> None:
        entry = {"at": self._seconds(self.cluster.now), "what": what, "revision": self.cluster.revision}
        self.timeline.append({**entry, "problem": problem} if problem else entry)

    def _begin(self, name: str) -> None:
        for tracker in self._trackers.values():
            if tracker.timing.after == name:
                tracker.begin(self.cluster.now)

    # ------------------------------------------------------------------------------------------------ time

    def play(self) -> None:
        """Let time pass, with the faults, to the end, looking at the checks whenever something has changed."""
        exercise = self.exercise
        length = exercise.limit if exercise.duration is None else exercise.duration
        end = self.start + round(length * SECOND)
        faults = list(exercise.faults)
        self._look()
        while True:
            while faults and self._time_of(faults[0]) <= self.cluster.now:
                self._fault(faults.pop(0))
            self._look()
            if exercise.duration is None and not faults and self.cluster.stable():
                self._come_up(end)
                return
            until = min([end, *(self._time_of(fault) for fault in faults[:1])])
            if self.spent or not self._advance(until) or (self.cluster.now >= end and not faults):
                break
        self.settled = self.cluster.stable() or exercise.duration is not None

    def _come_up(self, end: int) -> None:
        """What has just been started may not listen yet."""
        self.cluster.run(min(end, self.cluster.now + round(COMING_UP * SECOND)), self.exercise.budget)
        self._look()

    def _time_of(self, fault: Fault) -> int:
        return self.start + round(fault.at * SECOND)

    def _advance(self, until: int) -> bool:
        """On to the next instant at which something is due, or to `until`. False: the budget is spent."""
        due = self.cluster.next_due()
        target = until if due is None or due > until else due
        while self.cluster.run(target, 1):
            self.steps += 1
            if self.steps >= self.exercise.budget:
                return False
        return True

    def _look(self) -> None:
        """Look at the checks that may have changed, and at those that follow what is decided by it."""
        changed, self._changed = self._changed, set()
        now = self.cluster.now
        while wanting := [each for each in self._trackers.values() if each.wants(changed, now)]:
            for tracker in wanting:
                self._look_at(tracker, now)
            changed = set()  # once more only at those that begin by what was found

    def _look_at(self, tracker: Tracker, now: int) -> None:
        tracker.look(self.view, now)
        if tracker.settled is None or tracker.finding is None:
            return
        if tracker.finding.ok:
            self._begin(tracker.check.name)
        else:
            self._keep(tracker)

    def _keep(self, tracker: Tracker) -> None:
        """Remember how the cluster was at the moment a check failed."""
        if tracker.finding is not None:
            self._evidence[tracker.check.name] = evidence.gather(self.view, tracker.finding, self._since_start())
            if tracker.check.name == self._stop_at:
                raise Reached

    # ------------------------------------------------------------------------------------------------ the end

    def _seconds(self, now: int) -> float:
        return round((now - self.start) / SECOND, 6)

    def _since_start(self) -> dict[str, Any]:
        return {"at": self._seconds(self.cluster.now), "revision": self.cluster.revision}

    @property
    def spent(self) -> bool:
        return self.steps >= self.exercise.budget

    def verdict(self, answer: Answer) -> Verdict:
        """All checks' last words."""
        now = self.cluster.now
        found = [self._result(tracker, now) for tracker in self._trackers.values()]
        return self._verdict(answer, "budget" if self.spent else "", found, self._why_ended())

    def _result(self, tracker: Tracker, now: int) -> CheckResult:
        finding = tracker.finish(self.view, now)
        check = tracker.check
        share = 1.0 if finding.ok else finding.share if check.partial else 0.0
        kept = self._evidence.get(check.name) or evidence.gather(self.view, finding, self._since_start())
        return CheckResult(check, finding.ok, round(check.points * share, 4), finding.message, kept)

    def _why_ended(self) -> str:
        at = self._seconds(self.cluster.now)
        if self.spent:
            most = self.exercise.budget
            return Said("ended at its budget of %(most)s steps, %(at)g virtual seconds after the hand-in: the cluster does not settle", most=most, at=at)
        if not self.settled:
            return Said("the cluster had not settled %(at)g virtual seconds after the hand-in", at=at)
        return ""

    def refused(self, answer: Answer, why: Sequence[str]) -> Verdict:
        """No points for forbidden means."""
        unseen = Said("not looked at: forbidden means")
        found = [CheckResult(check, False, 0.0, unseen, {}) for check in self.exercise.checks]
        return self._verdict(answer, "refused", found, joined("; ", why))

    def _verdict(self, answer: Answer, outcome: str, found: list[CheckResult], message: str) -> Verdict:
        return Verdict(
            exercise=self.exercise,
            seed=self.cluster.spec.seed,
            submission=digest(answer),
            outcome=outcome,
            message=message,
            checks=found,
            hand_in=self.results,
            timeline=self.timeline,
            seconds=self._seconds(self.cluster.now),
            revision=self.cluster.revision,
            state_hash=self.cluster.state_hash(),
        )


def digest(answer: Answer) -> str:
    """What identifies an answer."""
    packed = orjson.dumps([sorted(answer.files.items()), list(answer.commands)])
    return hashlib.sha256(packed).hexdigest()
