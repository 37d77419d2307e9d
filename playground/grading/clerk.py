"""What happens to submissions when nobody is asking: grading those that wait, and delivering webhooks.

Two threads of the web process, begun by it. All they work from is in the database, so that a restart loses nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import close_old_connections

log = logging.getLogger(__name__)
_AFTER_TROUBLE = 10.0


class Loop(threading.Thread):
    """Does its work, which answers in how many seconds to look again; sooner when woken."""

    def __init__(self, name: str, work: Callable[[], float]) -> None:
        super().__init__(name=name, daemon=True)
        self._work, self._woken = work, threading.Event()

    def wake(self) -> None:
        self._woken.set()

    def run(self) -> None:
        while True:
            self._woken.wait(self._turn())
            self._woken.clear()

    def _turn(self) -> float:
        try:
            return self._work()
        except Exception:
            log.exception("%s: will try again", self.name)
            return _AFTER_TROUBLE
        finally:
            close_old_connections()


_loops: dict[str, Loop] = {}
GRADING, WEBHOOKS = "grading", "webhooks"


def start() -> None:
    """Once per web process."""
    from . import services, webhooks

    for name, work in ((GRADING, services.tend), (WEBHOOKS, webhooks.deliver_due)):
        if name not in _loops:
            _loops[name] = Loop(name, work)
            _loops[name].start()


def wake(name: str) -> None:
    """There is something to do for it. Where no clerk works (tests, the command line) nothing happens."""
    if name in _loops:
        _loops[name].wake()
