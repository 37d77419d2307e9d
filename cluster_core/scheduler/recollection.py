"""A decision in short: what is saved of it, and how it is told again.

Its outcome is remembered as it was. Its reasons are found again: the pod goes once more through the plugins, in the cluster of the
decision's moment (see `annals`). The answer says whether that is the decision to the point ("exact"): it is not when the steps
back to the moment are no longer all known, when the pod cannot be told as it was, or when volumes, devices or nominated pods had a
say, which are looked up as they are now.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from cluster_core.machinery.selectors import Requirement, Selector
from cluster_core.machinery.timestamps import microtime
from cluster_core.scheduler.decide import Decision

Kept = list[Any]
"""[uid, namespace/name, scheduler ("" for the usual one), time, attempt, node, moment, mark of a pod that had to wait, selector, whether others had
a say, message, nominated node, victims]; without empty ones at the end."""
UID, KEY, SCHEDULER, TIME, ATTEMPT, NODE, MOMENT, MARK, SELECTOR, OTHERS, MESSAGE, NOMINATED, VICTIMS = range(13)
USUAL = "default-scheduler"
_EMPTY: Kept = ["", "", "", 0, 0, "", 0, 0, 0, 0, "", "", ()]
_LEAST = MOMENT + 1


class Attempt(NamedTuple):
    """When a decision was made: the time, the number of the attempt, the moment of the annals."""

    time: int
    number: int
    moment: int


def kept(decision: Decision, attempt: Attempt, selector: int, others: bool) -> Kept:
    """The decision in short; `selector` is the number of what counted as its kind; `others`: nominated pods had a say."""
    pod, rescue, shape = decision.pod, decision.rescue, decision.pod.shape
    scheduler = "" if decision.profile.name == USUAL else decision.profile.name
    looked_up = others or shape.has_claims or shape.resource_claims
    found = [pod.uid, pod.key, scheduler, attempt.time, attempt.number, decision.node or "", attempt.moment]
    found += [0 if decision.node else mark(shape.signature), selector, int(looked_up)]
    if decision.node is None:
        found += [decision.message, rescue.nominate or "", [victim.key for victim in rescue.victims]]
    while len(found) > _LEAST and not found[-1]:
        found.pop()
    return found


def mark(signature: bytes) -> int:
    """Tells whether a pod that waits looks to scheduling as it did. Of one with a node the annals know what it was."""
    return zlib.crc32(signature)


def is_marked(found: Kept, signature: bytes) -> bool:
    """Whether this is what the pod looked like."""
    return bool(found[NODE]) or mark(signature) == field(found, MARK)


def field(found: Kept, number: int) -> Any:
    return found[number] if number < len(found) else _EMPTY[number]


def summary(found: Kept, exact: bool) -> dict[str, Any]:
    """As `trace` tells a decision, without its nodes."""
    namespace, _, name = found[KEY].partition("/")
    return {
        "pod": {"namespace": namespace, "name": name, "uid": found[UID]},
        "scheduler": found[SCHEDULER] or USUAL,
        "time": microtime(found[TIME]),
        "attempt": found[ATTEMPT],
        "result": "scheduled" if found[NODE] else "unschedulable",
        "node": found[NODE] or None,
        "message": field(found, MESSAGE),
        "nominatedNode": field(found, NOMINATED) or None,
        "victims": list(field(found, VICTIMS)),
        "exact": exact,
    }


# ------------------------------------------------------------------------------------------------ what counted as its kind


class Selectors:
    """What counted as pods' kinds, each written once: [[key, operator, value...], ...], or false for nothing. Number 0 is none."""

    def __init__(self, written: list[Any] | None = None) -> None:
        self.written = written or []
        self._numbers: dict[Selector, int] = {}

    def number(self, selector: Selector | None) -> int:
        if selector is None:
            return 0
        found = self._numbers.get(selector)
        if found is None:
            self.written.append(False if selector.nothing else [[each.key, each.operator, *each.values] for each in selector.requirements])
            found = self._numbers[selector] = len(self.written)
        return found

    def get(self, number: int) -> Selector | None:
        if not number:
            return None
        written = self.written[number - 1]
        if written is False:
            return Selector(nothing=True)
        return Selector(tuple(Requirement(key, operator, tuple(values)) for key, operator, *values in written))

    def keep_only(self, decisions: Iterable[Kept]) -> None:
        """Forget those that no decision has any more, and give the others new numbers."""
        numbers: dict[int, int] = {}
        for found in decisions:
            number = field(found, SELECTOR)
            if number:
                found[SELECTOR] = numbers.setdefault(number, len(numbers) + 1)
        self.written = [self.written[number - 1] for number in numbers]
        self._numbers = {}
