"""Checks over time: when each is looked at, and what has become of it."""

from __future__ import annotations

from collections.abc import Mapping, Set

from cluster_core.machinery.clock import SECOND

from .checks import KINDS, Finding, View
from .exercise import Check
from .saying import Said

OFTEN = SECOND
"""Checks that may depend on anything are looked at no more often than this."""
_TOLD = {"eventually": "never: %(found)s", "within": "not within %(seconds)g s: %(found)s", "always": "%(found)s"}


class Tracker:
    """One check of one submission."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.timing = check.timing
        self.kind = KINDS[check.kind]
        self.depends = self.kind.kinds(check.spec)
        self.begins: int | None = None
        """From when it counts (virtual microseconds); None: what it follows has not happened."""
        self.finding: Finding | None = None
        self.settled: int | None = None
        """When it was decided; at the end for those that look at the end only."""
        self._looked = -OFTEN

    def begin(self, now: int) -> None:
        if self.begins is None:
            self.begins = now

    @property
    def is_open(self) -> bool:
        """Still to be looked at as time passes."""
        return self.timing.mode != "end" and self.begins is not None and self.settled is None

    def deadline(self) -> int | None:
        """When its time is up, where it has an end of its own."""
        if self.begins is None or self.timing.seconds is None:
            return None
        return self.begins + round(self.timing.seconds * SECOND)

    def wants(self, changed: Set[str], now: int) -> bool:
        """Whether it is to be looked at, now that objects of these kinds have changed."""
        if not self.is_open:
            return False
        if self.finding is None:
            return True
        if self.depends is None:
            return now - self._looked >= OFTEN
        return bool(self.depends & changed)

    def look(self, view: View, now: int) -> None:
        """Look at the cluster as it is; decide when it can be decided."""
        deadline = self.deadline()
        if deadline is not None and now > deadline:
            self.settled = deadline
            return
        self._looked = now
        self.finding = self.kind.evaluate(self.check.spec, view)
        if self.finding.ok != (self.timing.mode == "always"):
            self.settled = now

    def finish(self, view: View, now: int) -> Finding:
        """The last word."""
        if self.begins is None:
            return Finding(False, Said('"%(what)s" has not happened', what=self.timing.after))
        if self.timing.mode == "end":
            self.settled = now
            self.finding = self.kind.evaluate(self.check.spec, view)
        elif self.finding is None or (self.settled is None and self.depends is None):
            self.look(view, now)
        assert self.finding is not None
        if self.finding.ok or self.timing.mode == "end":
            return self.finding
        message = Said(_TOLD[self.timing.mode], found=self.finding.message, seconds=self.timing.seconds or 0)
        return Finding(False, message, self.finding.objects, self.finding.share, self.finding.detail)


def trackers(checks: Mapping[str, Check]) -> dict[str, Tracker]:
    return {name: Tracker(check) for name, check in checks.items()}
