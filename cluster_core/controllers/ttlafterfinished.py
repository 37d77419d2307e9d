"""Delete finished Jobs when their ttlSecondsAfterFinished are over. Models pkg/controller/ttlafterfinished."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers.conditions import find
from cluster_core.controllers.pods import is_deleted
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.errors import NotFound
from cluster_core.machinery.timestamps import SECOND, parse_time
from cluster_core.machinery.typed import Obj


def reconcile(context: Context, key: str) -> float | None:
    namespace, name = split_key(key)
    job = context.api.get("Job", namespace, name)
    if job is None or not _is_to_go(job):
        return None
    expires = _finished_at(job) + job["spec"]["ttlSecondsAfterFinished"] * SECOND
    left: float = (expires - context.world.clock.now) / SECOND
    if left > 0:
        return left
    try:
        context.api.delete("Job", namespace, name, uid=job["metadata"]["uid"], propagation="Foreground")
    except NotFound:
        return None
    return None


def _is_to_go(job: Obj) -> bool:
    return "ttlSecondsAfterFinished" in job["spec"] and not is_deleted(job) and _end(job) is not None


def _end(job: Obj) -> Obj | None:
    present = job.get("status", {}).get("conditions", ())
    found = [find(present, type) for type in ("Complete", "Failed")]
    return next((one for one in found if one is not None and one["status"] == "True"), None)


def _finished_at(job: Obj) -> int:
    end = _end(job)
    assert end is not None
    return parse_time(end["lastTransitionTime"])


def _of_job(context: Context, job: Obj) -> Iterable[str]:
    return (object_key(job),) if _is_to_go(job) else ()


CONTROLLER = Controller(
    "ttl-after-finished",
    watches={"Job": _of_job},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:ttl-after-finished-controller",
)
