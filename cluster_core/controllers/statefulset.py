"""Keep a StatefulSet's pods, each with its name and storage, one after the other or all at once.

Models pkg/controller/statefulset/stateful_set_control.go. Pods and claims are in `statefulpods` and `statefulclaims`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cluster_core.apiserver.parts import split_key
from cluster_core.controllers import conditions, revisions
from cluster_core.controllers.claims import claim, owner_or_selecting
from cluster_core.controllers.intstr import scaled
from cluster_core.controllers.pods import (
    is_available,
    is_deleted,
    is_ended,
    is_ready,
    next_available,
    phase,
    slow_start,
)
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.controllers.statefulpods import StatefulPods, is_member, new_pod, ordinal_of, ordinals, revision_of
from cluster_core.machinery import selectors
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj


def reconcile(context: Context, key: str) -> float | None:
    owner = context.api.get("StatefulSet", *split_key(key))
    if owner is None:
        return None
    matches = selectors.compile(owner["spec"].get("selector"))
    found = revisions.history(context, owner)
    pods = claim(context, "Pod", owner, matches, lambda pod: is_member(owner, pod))
    run = Run.of(context, owner, found, pods)
    error = run.work()
    run.write_status()
    run.truncate()
    if error is not None:
        raise error
    return run.look_again()


def _name(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


@dataclass(slots=True)
class Run:
    """One look at a StatefulSet. `replicas` are its pods by ordinal, to be created where they have no status yet."""

    context: Context
    owner: Obj
    revisions: list[Obj]
    pods: list[Obj]
    current: Obj
    update: Obj
    collisions: int
    replicas: list[Obj] = field(default_factory=list)
    condemned: list[Obj] = field(default_factory=list)
    deleted: int = 0
    """Pods of the current revision deleted for the update just now."""

    @classmethod
    def of(cls, context: Context, owner: Obj, found: list[Obj], pods: list[Obj]) -> Run:
        status = owner.get("status", {})
        update, collisions = _update_revision(context, owner, found, status.get("collisionCount", 0))
        current = next((one for one in found if _name(one) == status.get("currentRevision")), update)
        run = cls(context, owner, found, pods, current, update, collisions)
        run._sort_pods()
        return run

    def _sort_pods(self) -> None:
        wanted = ordinals(self.owner)
        here = {ordinal_of(pod): pod for pod in self.pods}
        self.replicas = [here.get(ordinal) or self._new(ordinal) for ordinal in wanted]
        extra = [pod for pod in self.pods if ordinal_of(pod) >= 0 and ordinal_of(pod) not in wanted]
        self.condemned = sorted(extra, key=ordinal_of, reverse=True)

    def _new(self, ordinal: int) -> dict[str, Any]:
        rolling = self._strategy.get("rollingUpdate")
        below = self.owner.get("status", {}).get("currentReplicas", 0) if rolling is None else self._partition
        keeps = (rolling is not None or self._rolling) and ordinal - ordinals(self.owner).start < below
        return new_pod(self.owner, self.current if keeps else self.update, ordinal)

    # ------------------------------------------------------------------------------------------------ judging

    @property
    def _strategy(self) -> Obj:
        found: Obj = self.owner["spec"].get("updateStrategy") or {}
        return found

    @property
    def _rolling(self) -> bool:
        return bool(self._strategy.get("type", "RollingUpdate") == "RollingUpdate")

    @property
    def _partition(self) -> int:
        return int((self._strategy.get("rollingUpdate") or {}).get("partition", 0))

    @property
    def _ordered(self) -> bool:
        return bool(self.owner["spec"].get("podManagementPolicy", "OrderedReady") != "Parallel")

    @property
    def _minimum(self) -> int:
        return int(self.owner["spec"].get("minReadySeconds", 0))

    def _available(self, pod: Obj) -> bool:
        return is_available(pod, self._minimum, self.context.world.clock.now)

    def _unavailable(self, pod: Obj) -> bool:
        return is_deleted(pod) or not self._available(pod)

    # ------------------------------------------------------------------------------------------------ working

    def work(self) -> ApiError | None:
        """Create, mend, remove and update pods as far as their order allows; answers what went wrong."""
        if is_deleted(self.owner):
            return None
        try:
            self._work(StatefulPods(self.context, self.owner))
        except ApiError as error:
            return error
        return None

    def _work(self, control: StatefulPods) -> None:
        steps: list[tuple[list[Obj], Callable[[StatefulPods, Obj], bool]]] = [
            (self.replicas, self._replica),
            (self.condemned, self._keep_claims),
            (self.condemned, self._condemned),
        ]
        for pods, step in steps:
            if self._blocks(control, pods, step):
                return
        if self._rolling:
            self._roll(control)

    def _blocks(self, control: StatefulPods, pods: list[Obj], step: Callable[[StatefulPods, Obj], bool]) -> bool:
        """Take the step for each pod; when ordered, one that is not done holds back all that follows."""
        if self._ordered:
            return any(step(control, pod) for pod in pods)
        _, error = slow_start(len(pods), lambda index: step(control, pods[index]))
        if error is not None:
            raise error
        return False

    def _replica(self, control: StatefulPods, pod: Obj) -> bool:
        if is_ended(pod):
            if not is_deleted(pod):
                control.delete(pod)
            return True
        if not phase(pod):
            return self._create(control, pod)
        if phase(pod) == "Pending":
            control.create_missing_claims(pod)
        if self._ordered and (is_deleted(pod) or not is_running_and_ready(pod) or not self._available(pod)):
            return True
        control.mend(pod)
        return False

    def _create(self, control: StatefulPods, pod: Obj) -> bool:
        if control.may_create(pod):
            control.create(pod)
        return True

    def _keep_claims(self, control: StatefulPods, pod: Obj) -> bool:
        control.keep_claims(pod)
        return False

    def _condemned(self, control: StatefulPods, pod: Obj) -> bool:
        if is_deleted(pod):
            return True
        healthy = is_running_and_ready(pod) and self._available(pod)
        if not healthy and self._ordered and pod is not self._first_unavailable():
            return True
        control.delete(pod)
        return True

    def _first_unavailable(self) -> Obj | None:
        return next((pod for pod in [*self.replicas, *reversed(self.condemned)] if self._unavailable(pod)), None)

    def _roll(self, control: StatefulPods) -> None:
        """Delete pods of old revisions, the highest ordinal first; they come back at the update revision."""
        targets = list(reversed(self.replicas[self._partition :]))
        if "maxUnavailable" in (self._strategy.get("rollingUpdate") or {}):
            self._roll_several(control, targets)
            return
        for pod in targets:
            if self._is_outdated(pod):
                self._renew(control, pod)
                return
            if self._unavailable(pod):
                return

    def _roll_several(self, control: StatefulPods, targets: list[Obj]) -> None:
        limit = max(1, scaled(self._strategy["rollingUpdate"]["maxUnavailable"], len(self.replicas), up=False))
        room = limit - sum(map(self._unavailable, self.replicas))
        for pod in [pod for pod in targets if self._is_outdated(pod)][: max(0, room)]:
            self._renew(control, pod)

    def _is_outdated(self, pod: Obj) -> bool:
        return revision_of(pod) != _name(self.update) and not is_deleted(pod)

    def _renew(self, control: StatefulPods, pod: Obj) -> None:
        control.delete(pod)
        self.deleted += 1

    # ------------------------------------------------------------------------------------------------ telling

    def status(self) -> dict[str, Any]:
        everything = self.pods if is_deleted(self.owner) else [*self.replicas, *self.condemned]
        created = [pod for pod in everything if phase(pod)]
        ready = [pod for pod in everything if is_running_and_ready(pod)]
        staying = [revision_of(pod) for pod in created if not is_deleted(pod)]
        status = {
            "observedGeneration": self.owner["metadata"].get("generation", 0),
            "replicas": len(created),
            "readyReplicas": len(ready),
            "availableReplicas": sum(map(self._available, ready)),
            "currentReplicas": staying.count(_name(self.current)) - self.deleted,
            "updatedReplicas": staying.count(_name(self.update)),
            "currentRevision": _name(self.current),
            "updateRevision": _name(self.update),
            "collisionCount": self.collisions,
        }
        return conditions.compact(self._completed(status), "replicas", "availableReplicas", "collisionCount")

    def _completed(self, status: dict[str, Any]) -> dict[str, Any]:
        """When all is updated and ready the update revision becomes the current one."""
        counts = {status[key] for key in ("updatedReplicas", "readyReplicas", "replicas")}
        if not self._rolling or counts != {self.owner["spec"].get("replicas", 1)}:
            return status
        return {**status, "currentReplicas": status["updatedReplicas"], "currentRevision": status["updateRevision"]}

    def write_status(self) -> None:
        status = self.status()
        kept = self.owner.get("status", {}).get("conditions")
        if kept:
            status["conditions"] = kept
        if status != self.owner.get("status"):
            self.owner = self.context.api.update_status("StatefulSet", {**self.owner, "status": status})

    def truncate(self) -> None:
        live = {_name(self.current), _name(self.update), *map(revision_of, self.pods)}
        old = [one for one in self.revisions if _name(one) not in live]
        revisions.truncate(self.context, old, self.owner["spec"].get("revisionHistoryLimit", 10))

    def look_again(self) -> float | None:
        return next_available(self.pods, self._minimum, self.context.world.clock.now)


def is_running_and_ready(pod: Obj) -> bool:
    return phase(pod) == "Running" and is_ready(pod)


def _update_revision(context: Context, owner: Obj, found: list[Obj], collisions: int) -> tuple[Obj, int]:
    """The revision of the set's present template: the newest, an older one taken up again, or a new one."""
    data = revisions.data_of(owner)
    equal = [one for one in found if one.get("data") == data]
    if equal and equal[-1] is found[-1]:
        return equal[-1], collisions
    number = revisions.next_number(found)
    if equal:
        return revisions.renumber(context, equal[-1], number), collisions
    made = None
    while made is None:
        made, collisions = revisions.create(
            context,
            owner,
            number,
            collisions,
            digest=lambda count: revisions.data_hash(data, count),
            label=revisions.HASH,
        )
    return made, collisions


CONTROLLER = Controller(
    "statefulset",
    watches={"StatefulSet": itself, "Pod": owner_or_selecting("StatefulSet")},
    reconcile=reconcile,
    steady=frozenset({"Pod"}),
)
