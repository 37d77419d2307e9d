"""Run pods to completion. Models pkg/controller/job; one look at a Job is a `jobrun.JobRun`."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.apiserver.parts import split_key
from cluster_core.controllers.claims import owner_or_selecting
from cluster_core.controllers.conditions import find
from cluster_core.controllers.jobpods import COMPONENT, is_tracked, release
from cluster_core.controllers.jobrun import JobRun
from cluster_core.controllers.replicas import SECONDS_PER_POD
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery.typed import Obj

OURS = "kubernetes.io/job-controller"
ORPHAN = "orphan:"
"""Keys of pods that are tracked for a Job that no longer cares."""

_of_owner = owner_or_selecting("Job")


def is_finished(job: Obj) -> bool:
    present = job.get("status", {}).get("conditions", ())
    found = [find(present, type) for type in ("Complete", "Failed")]
    return any(one is not None and one["status"] == "True" for one in found)


def reconcile(context: Context, key: str) -> float | None:
    if key.startswith(ORPHAN):
        _release_orphan(context, key.removeprefix(ORPHAN))
        return None
    namespace, name = split_key(key)
    job = context.api.get("Job", namespace, name)
    if job is None:
        _release_pods_of_missing(context, namespace, name)
        return None
    if job["spec"].get("managedBy", OURS) != OURS or is_finished(job):
        return None
    if job["spec"].get("completionMode") not in (None, "NonIndexed", "Indexed"):
        text = "Skipped Job sync because completion mode is unknown"
        context.event(job, "Warning", "UnknownCompletionMode", text, COMPONENT)
        return None
    return JobRun.of(context, job).go()


def _owner_of(pod: Obj) -> Obj | None:
    return next((one for one in pod["metadata"].get("ownerReferences", ()) if one.get("controller")), None)


def _release_orphan(context: Context, key: str) -> None:
    pod = context.api.get("Pod", *split_key(key))
    if pod is None or not is_tracked(pod):
        return
    owner = _owner_of(pod)
    if owner is not None and owner["kind"] == "Job":
        job = context.api.get("Job", pod["metadata"]["namespace"], owner["name"])
        if job is not None and job["metadata"]["uid"] == owner["uid"] and not is_finished(job):
            return
    release(context, pod)


def _release_pods_of_missing(context: Context, namespace: str, name: str) -> None:
    for pod in context.api.list("Pod", namespace):
        owner = _owner_of(pod)
        if is_tracked(pod) and (owner is None or (owner["kind"], owner["name"]) == ("Job", name)):
            release(context, pod)


def _of_pod(context: Context, pod: Obj) -> Iterable[str]:
    """The pod's Job; the pod itself when it is tracked for a Job that is finished or gone."""
    yield from _of_owner(context, pod)
    if not is_tracked(pod):
        return
    metadata, owner = pod["metadata"], _owner_of(pod)
    job = context.api.get("Job", metadata["namespace"], owner["name"]) if owner and owner["kind"] == "Job" else None
    if job is None or is_finished(job):
        yield f"{ORPHAN}{metadata['namespace']}/{metadata['name']}"


def _latency(context: Context, key: str) -> float:
    if key.startswith(ORPHAN):
        return 0.02
    job = context.api.get("Job", *split_key(key))
    return 0.02 + SECONDS_PER_POD * int(job["spec"].get("parallelism", 1)) if job is not None else 0.02


CONTROLLER = Controller("job", watches={"Job": itself, "Pod": _of_pod}, reconcile=reconcile, latency=_latency)
