"""Which pods to delete first when there are too many. Models ActivePodsWithRanks of pkg/controller/controller_utils.go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import log2
from typing import Any

from cluster_core.controllers.pods import created_at, is_active, phase, ready_since
from cluster_core.machinery.typed import Obj

COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def deletion_cost(pod: Obj) -> int:
    """The annotation's number; 0 when there is none or it is none of 32 bits."""
    text = (pod["metadata"].get("annotations") or {}).get(COST, "0")
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or (len(digits) > 1 and digits[0] == "0"):
        return 0
    cost = int(text)
    return cost if -(2**31) <= cost < 2**31 else 0


def restarts(pod: Obj) -> tuple[int, int]:
    """The most restarts of a container and of a restartable init container."""
    status = pod.get("status", {})
    sidecars = {one["name"] for one in pod["spec"].get("initContainers", ()) if one.get("restartPolicy") == "Always"}
    regular = [one.get("restartCount", 0) for one in status.get("containerStatuses", ())]
    init = [one.get("restartCount", 0) for one in status.get("initContainerStatuses", ()) if one["name"] in sidecars]
    return max(regular, default=0), max(init, default=0)


def _age_rank(since: int | None, now: int) -> int:
    """Ages compare on a logarithmic scale of base 2, in nanoseconds as upstream has them."""
    age = now - since if since is not None else 0
    return int(log2(age * 1000)) if age > 0 else -1


def ranked_for_deletion(pods: list[Obj], related: Iterable[Obj], now: int) -> list[Obj]:
    """The pods, those to delete first in front.

    Unassigned before assigned, pending before running, not ready before ready, cheap before dear, crowded nodes first,
    then the shorter ready, the more often restarted, the younger; ages on a logarithmic scale, equal ones by uid.
    """
    crowd = Counter(pod["spec"].get("nodeName", "") for pod in related if is_active(pod))
    return sorted(pods, key=lambda pod: _key(pod, crowd, now))


def _key(pod: Obj, crowd: Counter[str], now: int) -> tuple[Any, ...]:
    node, since, (regular, sidecar) = pod["spec"].get("nodeName", ""), ready_since(pod), restarts(pod)
    return (
        bool(node),
        _PHASES.get(phase(pod), 0),
        since is not None,
        deletion_cost(pod),
        -crowd[node],
        _age_rank(since, now),
        -regular,
        -sidecar,
        _age_rank(created_at(pod), now),
        pod["metadata"]["uid"],
    )
