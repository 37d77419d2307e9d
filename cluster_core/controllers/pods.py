"""What the workload controllers know about pods: active, ready, available; making and removing them with their events.

Models pkg/controller/controller_utils.go and pkg/api/v1/pod/util.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cluster_core.controllers.runtime import Context
from cluster_core.machinery.errors import ApiError, Invalid, NotFound
from cluster_core.machinery.timestamps import SECOND, parse_time
from cluster_core.machinery.typed import Obj

ENDED = ("Succeeded", "Failed")


# ------------------------------------------------------------------------------------------------ judging


def phase(pod: Obj) -> str:
    return str(pod.get("status", {}).get("phase", ""))


def is_deleted(obj: Obj) -> bool:
    """Whether its deletion has begun."""
    return "deletionTimestamp" in obj["metadata"]


def is_ended(pod: Obj) -> bool:
    return phase(pod) in ENDED


def is_active(pod: Obj) -> bool:
    """Neither ended nor on its way out."""
    return "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") not in ENDED


def is_terminating(pod: Obj) -> bool:
    """On its way out and not ended yet."""
    return is_deleted(pod) and not is_ended(pod)


def condition(obj: Obj, type: str) -> Obj | None:
    """The object's status condition of this type."""
    for found in obj.get("status", {}).get("conditions", ()):
        if found["type"] == type:
            return found  # type: ignore[no-any-return]
    return None


def is_ready(pod: Obj) -> bool:
    found = condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def ready_since(pod: Obj) -> int | None:
    """When its Ready condition became true, in microseconds; None when it is not ready."""
    found = condition(pod, "Ready")
    if found is None or found["status"] != "True" or not found.get("lastTransitionTime"):
        return None
    return parse_time(found["lastTransitionTime"])


def is_available(pod: Obj, min_ready_seconds: int, now: int) -> bool:
    """Ready, and that for long enough."""
    if min_ready_seconds == 0:
        return is_ready(pod)
    since = ready_since(pod)
    return since is not None and since + min_ready_seconds * SECOND <= now


def next_available(pods: Iterable[Obj], min_ready_seconds: int, now: int) -> float | None:
    """Seconds until the next ready pod counts as available."""
    times = [since + min_ready_seconds * SECOND - now for pod in pods if (since := ready_since(pod)) is not None]
    ahead = [time for time in times if time > 0]
    return min(ahead) / SECOND if ahead and min_ready_seconds else None


def created_at(obj: Obj) -> int:
    return parse_time(obj["metadata"]["creationTimestamp"])


# ------------------------------------------------------------------------------------------------ owners


def owner_reference(owner: Obj) -> dict[str, Any]:
    metadata = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


# ------------------------------------------------------------------------------------------------ making


def prefix(owner_name: str) -> str:
    """generateName of its pods: with a dash unless the name is too long for one."""
    return f"{owner_name}-" if len(owner_name) <= 253 else owner_name


def from_template(owner: Obj, template: Obj) -> dict[str, Any]:
    """A pod made from the template, controlled by the owner."""
    given = template.get("metadata", {})
    name = owner["metadata"]["name"]
    metadata: dict[str, Any] = {"generateName": prefix(name), "namespace": owner["metadata"]["namespace"]}
    metadata.update({key: given[key] for key in ("labels", "annotations", "finalizers") if given.get(key)})
    metadata["ownerReferences"] = [owner_reference(owner)]
    return {"metadata": metadata, "spec": template["spec"]}


def namespace_is_terminating(error: ApiError) -> bool:
    causes = (error.details or {}).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


@dataclass(slots=True)
class PodControl:
    """Creates and deletes pods on behalf of one owner and tells so in events of `component`."""

    context: Context
    owner: Obj
    component: str
    _reference: dict[str, Any] = field(default_factory=dict)

    def event(self, type: str, reason: str, message: str) -> None:
        self.context.event(self.owner, type, reason, message, self.component)

    def create(self, pod: Mapping[str, Any]) -> Obj:
        """Create the pod. Raises ApiError, having told about it."""
        try:
            if not pod["metadata"].get("labels"):
                raise Invalid("unable to create pods, no labels")
            made = self.context.api.create("Pod", pod)
        except ApiError as error:
            if not namespace_is_terminating(error):
                self.event("Warning", "FailedCreate", f"Error creating: {error.message}")
            raise
        self.event("Normal", "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
        return made

    def delete(self, pod: Obj) -> None:
        """Delete the pod; one that is gone is fine. Raises ApiError, having told about it."""
        metadata = pod["metadata"]
        try:
            self.context.api.delete("Pod", metadata["namespace"], metadata["name"], uid=metadata["uid"])
        except NotFound:
            return
        except ApiError as error:
            self.event("Warning", "FailedDelete", f"Error deleting: {error.message}")
            raise
        self.event("Normal", "SuccessfulDelete", f"Deleted pod: {metadata['name']}")


def slow_start(count: int, create: Callable[[int], object]) -> tuple[int, ApiError | None]:
    """Call create(0), create(1)... in batches of 1, 2, 4...; stop after a batch in which one failed.

    Answers (how many succeeded, the first error). So that a refused owner does not try all its pods.
    """
    done = made = 0
    batch = 1
    while done < count:
        batch = min(batch, count - done)
        failures = [error for index in range(done, done + batch) if (error := _attempt(create, index))]
        done += batch
        made += batch - len(failures)
        if failures:
            return made, failures[0]
        batch *= 2
    return made, None


def _attempt(create: Callable[[int], object], index: int) -> ApiError | None:
    try:
        create(index)
    except ApiError as error:
        return None if namespace_is_terminating(error) else error
    return None
