"""The quality of service a pod gets. Models pkg/apis/core/helper/qos."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.kinds.amounts import Amounts
from cluster_core.machinery import quantity
from cluster_core.machinery.typed import Obj

_COUNTED = ("cpu", "memory")


def qos_class(pod: Obj) -> str:
    """BestEffort without any cpu or memory request or limit, Guaranteed when everything limits both and requests just
    that, else Burstable. Pod-level resources, when there are any, stand for those of the containers."""
    spec = pod["spec"]
    level = spec.get("resources")
    if level is None:
        parts = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
        return _class([part.get("resources") or {} for part in parts], True)
    return _class([level], bool(level.get("limits")))


def _class(resources: Iterable[Obj], must_limit: bool) -> str:
    requests: dict[str, quantity.Quantity] = {}
    limits: dict[str, quantity.Quantity] = {}
    guaranteed = True
    for one in resources:
        _add(requests, one.get("requests"))
        found = _add(limits, one.get("limits"))
        guaranteed = guaranteed and (found == len(_COUNTED) or not must_limit)
    if not requests and not limits:
        return "BestEffort"
    same = all(name in limits and limits[name].equals(amount) for name, amount in requests.items())
    return "Guaranteed" if guaranteed and same and len(requests) == len(limits) else "Burstable"


def _add(totals: dict[str, quantity.Quantity], amounts: Amounts | None) -> int:
    """Adds what counts; answers how many names that was."""
    found = 0
    for name in _COUNTED:
        if not amounts or name not in amounts:
            continue
        amount = quantity.parse(amounts[name])
        if amount.sign() > 0:
            totals[name] = totals[name].add(amount) if name in totals else amount
            found += 1
    return found
