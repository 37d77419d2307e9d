"""A Deployment and its replica sets while they are being worked on. Models the counting helpers of deployment/util."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cluster_core.controllers import conditions
from cluster_core.controllers.claims import claim
from cluster_core.controllers.intstr import fenceposts
from cluster_core.controllers.runtime import Context
from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj

COMPONENT = "deployment-controller"
NO_LIMIT = 2**31 - 1
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"


def size(replicaset: Obj) -> int:
    return int(replicaset["spec"].get("replicas", 1))


def count(replicasets: Iterable[Obj], field: str) -> int:
    """The sum of a status field."""
    return sum(replicaset.get("status", {}).get(field, 0) for replicaset in replicasets)


def notes_of(obj: Obj) -> dict[str, str]:
    found: dict[str, str] = obj["metadata"].get("annotations") or {}
    return found


def by_creation(replicaset: Obj) -> tuple[str, str]:
    return replicaset["metadata"].get("creationTimestamp", ""), replicaset["metadata"]["name"]


def uid(obj: Obj) -> str:
    return str(obj["metadata"]["uid"])


@dataclass(slots=True)
class Rollout:
    """`deployment` carries the changes of status and annotations that `write` stores in the end."""

    context: Context
    stored: Obj
    deployment: Obj
    replicasets: list[Obj]
    """All of the Deployment's, oldest first."""
    new: Obj | None = None
    """The one with the Deployment's present template."""
    status: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context, deployment: Obj) -> Rollout:
        matches = selectors.compile(deployment["spec"]["selector"])
        replicasets = sorted(claim(context, "ReplicaSet", deployment, matches), key=by_creation)
        # A template written by a part may lack defaults that the replica set's copy of it has got.
        whole = context.api.kind("Deployment").default(deployment)
        return cls(context, deployment, whole, replicasets, status=dict(deployment.get("status", {})))

    # ------------------------------------------------------------------------------------------------ reading

    @property
    def name(self) -> str:
        return str(self.deployment["metadata"]["name"])

    @property
    def replicas(self) -> int:
        return int(self.deployment["spec"].get("replicas", 1))

    @property
    def paused(self) -> bool:
        return bool(self.deployment["spec"].get("paused"))

    @property
    def rolling(self) -> bool:
        return bool(self.deployment["spec"].get("strategy", {}).get("type", "RollingUpdate") == "RollingUpdate")

    @property
    def old(self) -> list[Obj]:
        return [one for one in self.replicasets if self.new is None or uid(one) != uid(self.new)]

    @property
    def active(self) -> list[Obj]:
        """Those that have pods, or ought to."""
        return [one for one in self.replicasets if size(one) > 0]

    @property
    def active_old(self) -> list[Obj]:
        return [one for one in self.old if size(one) > 0]

    def _fences(self) -> tuple[int, int]:
        given = self.deployment["spec"].get("strategy", {}).get("rollingUpdate") or {}
        return fenceposts(given.get("maxSurge", "25%"), given.get("maxUnavailable", "25%"), self.replicas)

    @property
    def max_surge(self) -> int:
        return self._fences()[0] if self.rolling else 0

    @property
    def max_unavailable(self) -> int:
        if not self.rolling or not self.replicas:
            return 0
        return min(self._fences()[1], self.replicas)

    @property
    def deadline(self) -> int | None:
        """progressDeadlineSeconds, None when there is none."""
        seconds = self.deployment["spec"].get("progressDeadlineSeconds")
        return None if seconds is None or seconds == NO_LIMIT else int(seconds)

    @property
    def progressing(self) -> Obj | None:
        return conditions.find(self.status.get("conditions", ()), "Progressing")

    def total(self) -> int:
        return sum(map(size, self.replicasets))

    # ------------------------------------------------------------------------------------------------ changing

    def event(self, type: str, reason: str, message: str) -> None:
        self.context.event(self.deployment, type, reason, message, COMPONENT)

    def set_condition(self, status: str, reason: str, message: str) -> None:
        """Note the Progressing condition."""
        new = make_condition(self.context, "Progressing", status, reason, message)
        self.status["conditions"] = conditions.set(self.status.get("conditions", ()), new)

    def set_revision(self, revision: str) -> None:
        metadata = self.deployment["metadata"]
        if notes_of(self.deployment).get(REVISION) != revision:
            changed = {**notes_of(self.deployment), REVISION: revision}
            self.deployment = {**self.deployment, "metadata": {**metadata, "annotations": changed}}

    def put(self, replicaset: Obj) -> Obj:
        """Store a changed replica set and go on with what is stored."""
        stored = self.context.api.update("ReplicaSet", replicaset)
        self.replicasets = [stored if uid(one) == uid(stored) else one for one in self.replicasets]
        if self.new is not None and uid(self.new) == uid(stored):
            self.new = stored
        return stored

    def add(self, replicaset: Obj) -> None:
        """Take a replica set just made as the new one."""
        self.replicasets = sorted([*self.replicasets, replicaset], key=by_creation)
        self.new = replicaset

    def write(self) -> None:
        """Store the status and annotations noted so far, when they differ from what is stored."""
        status = {**self.status}
        if not status.get("conditions"):
            status.pop("conditions", None)
        same_notes = notes_of(self.deployment) == notes_of(self.stored)
        if same_notes and status == self.stored.get("status", {}):
            return
        changed = {**self.stored, "metadata": self.deployment["metadata"], "status": status}
        self.stored = self.context.api.update_status("Deployment", changed)
        self.deployment = {**self.deployment, "metadata": self.stored["metadata"]}


def make_condition(context: Context, type: str, status: str, reason: str, message: str) -> dict[str, Any]:
    """A DeploymentCondition: it has the time of its last update besides."""
    now = context.world.clock.timestamp()
    return {**conditions.make(type, status, reason, message, now), "lastUpdateTime": now}
