"""A Job's pods: made with their index and the tracking finalizer, removed, released. Models pkg/controller/job."""

from __future__ import annotations

from typing import Any

from cluster_core.controllers import jobindexes, jobpolicies
from cluster_core.controllers.podrank import restarts
from cluster_core.controllers.pods import created_at, from_template, is_terminating, phase, ready_since
from cluster_core.controllers.runtime import Context
from cluster_core.machinery.typed import Obj

COMPONENT = "job-controller"
FINALIZER = "batch.kubernetes.io/job-tracking"
ENV = "JOB_COMPLETION_INDEX"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def is_indexed(job: Obj) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def is_tracked(pod: Obj) -> bool:
    return FINALIZER in pod["metadata"].get("finalizers", ())


def release(context: Context, pod: Obj) -> None:
    """Take the tracking finalizer off the pod as it is now."""
    metadata = pod["metadata"]
    fresh = context.api.get("Pod", metadata["namespace"], metadata["name"])
    if fresh is None or fresh["metadata"]["uid"] != metadata["uid"] or not is_tracked(fresh):
        return
    left = [name for name in fresh["metadata"]["finalizers"] if name != FINALIZER]
    changed = {key: value for key, value in fresh["metadata"].items() if key != "finalizers"}
    if left:
        changed["finalizers"] = left
    context.api.update("Pod", {**fresh, "metadata": changed})


def track(context: Context, pod: Obj) -> Obj:
    """Put the tracking finalizer on an adopted pod."""
    metadata = pod["metadata"]
    finalizers = [*metadata.get("finalizers", ()), FINALIZER]
    return context.api.update("Pod", {**pod, "metadata": {**metadata, "finalizers": finalizers}})


# ------------------------------------------------------------------------------------------------ making


def base_pod(job: Obj) -> dict[str, Any]:
    """A pod of the Job, but for its index."""
    pod = from_template(job, job["spec"]["template"])
    finalizers = [name for name in pod["metadata"].get("finalizers", ()) if name != FINALIZER]
    metadata = {**pod["metadata"], "finalizers": [*finalizers, FINALIZER]}
    spec = _with_index_variable(pod["spec"]) if is_indexed(job) else pod["spec"]
    return {"metadata": metadata, "spec": spec}


def _with_index_variable(spec: Obj) -> Obj:
    path = f"metadata.labels['{jobindexes.INDEX}']"
    variable = {"name": ENV, "valueFrom": {"fieldRef": {"fieldPath": path}}}

    def with_it(container: Obj) -> Obj:
        env = container.get("env") or []
        known = any(one["name"] == ENV for one in env)
        return container if known else {**container, "env": [*env, variable]}

    lists = {key: [with_it(one) for one in spec[key]] for key in ("initContainers", "containers") if spec.get(key)}
    return {**spec, **lists}


def with_index(job: Obj, pod: Obj, index: int, replaced: Obj | None) -> dict[str, Any]:
    """The pod of this index; with a limit per index it carries on the count of the pod it replaces."""
    name, metadata = job["metadata"]["name"], pod["metadata"]
    tail = f"-{index}-"
    marks = {jobindexes.INDEX: str(index)}
    notes = {**metadata.get("annotations", {}), **marks}
    if "backoffLimitPerIndex" in job["spec"]:
        notes.update(_failure_counts(job, replaced))
    changed = {
        **metadata,
        "generateName": name[: 58 - len(tail)] + tail,
        "labels": {**metadata.get("labels", {}), **marks},
        "annotations": notes,
    }
    return {"metadata": changed, "spec": {**pod["spec"], "hostname": f"{name}-{index}"}}


def _failure_counts(job: Obj, replaced: Obj | None) -> dict[str, str]:
    if replaced is None:
        return {jobindexes.FAILURES: "0"}
    counts = jobpolicies.judge(job, replaced).counts
    counted = jobindexes.failures(replaced) + counts
    ignored = (jobindexes.number(replaced, jobindexes.IGNORED) or 0) + (not counts)
    return {jobindexes.FAILURES: str(counted), **({jobindexes.IGNORED: str(ignored)} if ignored else {})}


# ------------------------------------------------------------------------------------------------ choosing


def free_indexes(job: Obj, pods: list[Obj], active: list[Obj], done: set[int], count: int) -> list[int]:
    """The lowest indexes without a pod that are not `done` either."""
    taken = {jobindexes.index_of(pod) for pod in active} | done
    if jobpolicies.only_failed_are_replaced(job):
        taken |= {jobindexes.index_of(pod) for pod in pods if is_terminating(pod)}
    return [index for index in range(job["spec"]["completions"]) if index not in taken][:count]


def surplus(job: Obj, active: list[Obj], least: int) -> list[Obj]:
    """Active pods to remove: duplicates of an index and at least this many, those that have got least far first."""
    ordered = sorted(active, key=_progress)
    doomed = _duplicates(job, ordered) if is_indexed(job) else []
    names = {pod["metadata"]["name"] for pod in doomed}
    left = [pod for pod in ordered if pod["metadata"]["name"] not in names]
    return doomed + left[: max(0, least - len(doomed))]


def _duplicates(job: Obj, ordered: list[Obj]) -> list[Obj]:
    """Pods without a valid index, and all but the one furthest on of each index."""
    kept: set[int] = set()
    doomed = []
    for pod in reversed(ordered):
        index = jobindexes.index_of(pod)
        if index is None or index >= job["spec"]["completions"] or index in kept:
            doomed.append(pod)
        else:
            kept.add(index)
    return doomed[::-1]


def _progress(pod: Obj) -> tuple[Any, ...]:
    """ActivePods of controller_utils.go: unassigned, pending, unready, young first."""
    since, (regular, sidecar) = ready_since(pod), restarts(pod)
    node, name = bool(pod["spec"].get("nodeName")), pod["metadata"]["name"]
    return node, _PHASES.get(phase(pod), 0), since is not None, -(since or 0), -regular, -sidecar, -created_at(pod), name
