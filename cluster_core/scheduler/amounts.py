"""How the scheduler counts what a pod asks for beyond its requests: what stands for nothing said, and which names are scalars."""

from __future__ import annotations

from cluster_core.machinery.podrequests import Amounts, pod_level, requests
from cluster_core.machinery.typed import Obj

DEFAULT_MILLICPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024


def nonzero(spec: Obj, asked: Amounts) -> tuple[int, int]:
    """cpu and memory for scoring, where a container that asks for nothing counts as 100m and 200Mi."""
    missing = {"cpu": DEFAULT_MILLICPU, "memory": DEFAULT_MEMORY}
    if pod_level(spec):
        missing = {name: number for name, number in missing.items() if name not in asked}
    total = requests(spec, missing) if missing else asked
    return total.get("cpu", 0), total.get("memory", 0)


def is_scalar(name: str) -> bool:
    """Whether the scheduler counts a resource other than cpu, memory, pods and ephemeral-storage."""
    return "/" in name or name.startswith(("hugepages-", "attachable-volumes-"))


def scalars(asked: Amounts) -> Amounts:
    return {name: number for name, number in asked.items() if is_scalar(name)}
