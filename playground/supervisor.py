"""Keep child processes running: restart what dies, with a pause that grows when it dies young; stop all together.

Children are forked from here, where everything is imported already, so that a restart takes a tenth of a second and
clients that wait for it hardly notice. This process has one thread and no open database connection or event loop.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)
_YOUNG_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_STOP_SECONDS = 10.0
_SIGNALS = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_FAILED = 70
_KILLED = (-signal.SIGKILL, -signal.SIGTERM)


@dataclass(eq=False)
class Child:
    """One process to keep running. Its standard input ends when we die, and then it stops by itself."""

    name: str
    work: Callable[[], None]
    pid: int = 0
    lifeline: int = -1
    started: float = 0.0
    pause: float = 0.0
    due: float = 0.0

    def died(self, status: int) -> None:
        """Plan the restart. Who was killed from outside is not ill and comes back at once."""
        ill = status not in _KILLED and time.monotonic() - self.started < _YOUNG_SECONDS
        self.pause = min(max(self.pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE) if ill else 0.0
        self.due = time.monotonic() + self.pause
        logger.warning("%s ended with %s; restart in %.1f s", self.name, status, self.pause)
        self.gone()

    def gone(self) -> None:
        if self.lifeline >= 0:
            os.close(self.lifeline)
        self.pid, self.lifeline = 0, -1


class Supervisor:
    """Runs until a signal says stop. Signals are taken synchronously, so nothing is polled."""

    def __init__(self, children: Sequence[Child], directory: Path) -> None:
        self._children, self._directory = children, directory

    def start(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        gc.freeze()  # what is loaded by now is shared by all children
        for child in self._children:
            self._start(child)

    def run(self) -> None:
        while True:
            taken = signal.sigtimedwait(_SIGNALS, self._until_next())
            if taken is not None and taken.si_signo != signal.SIGCHLD:
                return
            for child in self._children:
                self._reap(child)
                if not child.pid and child.due <= time.monotonic():
                    self._start(child)

    def stop(self) -> None:
        """The other way round than started: first those who ask, then who answers."""
        until = time.monotonic() + _STOP_SECONDS
        for child in reversed(self._children):
            if child.pid:
                os.kill(child.pid, signal.SIGTERM)
                self._wait(child, until)
            self._pid_file(child).unlink(missing_ok=True)

    def _until_next(self) -> float:
        waiting = [child.due for child in self._children if not child.pid]
        return max(min(waiting) - time.monotonic(), 0.01) if waiting else 3600.0

    def _pid_file(self, child: Child) -> Path:
        return self._directory / f"{child.name}.pid"

    def _start(self, child: Child) -> None:
        theirs, child.lifeline = os.pipe()
        child.started = time.monotonic()
        child.pid = os.fork()
        if not child.pid:
            self._become(child, theirs)
        os.close(theirs)
        self._pid_file(child).write_text(str(child.pid))

    def _become(self, child: Child, lifeline: int) -> None:
        """In the child; does not return."""
        status = _FAILED
        try:
            os.setsid()
            os.dup2(lifeline, sys.stdin.fileno())
            os.close(lifeline)
            for other in self._children:
                if other.lifeline >= 0:
                    os.close(other.lifeline)
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            child.work()
            status = 0
        except BaseException:
            logger.exception("%s failed", child.name)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _reap(self, child: Child) -> None:
        if child.pid:
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                child.died(os.waitstatus_to_exitcode(status))

    def _wait(self, child: Child, until: float) -> None:
        while os.waitpid(child.pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > until:
                logger.warning("%s does not stop; killing it", child.name)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
            signal.sigtimedwait({signal.SIGCHLD}, 0.2)
        child.gone()
