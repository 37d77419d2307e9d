"""Keep child processes running: restart what dies, with a pause that grows when it dies young; stop all together."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)
_YOUNG_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_STOP_SECONDS = 10.0
_SIGNALS = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


@dataclass(eq=False)
class Child:
    """One process to keep running. It stops by itself when its standard input, our end of a pipe, closes."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.0
    due: float = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        environment = {**os.environ, **self.environment}
        self.process = subprocess.Popen(
            self.command, env=environment, stdin=subprocess.PIPE, start_new_session=True, preexec_fn=_unblock
        )

    def reap(self) -> None:
        """If it has died, plan its restart."""
        if self.process is None or self.process.poll() is None:
            return
        young = time.monotonic() - self.started < _YOUNG_SECONDS
        self.pause = min(max(self.pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE) if young else 0.0
        self.due = time.monotonic() + self.pause
        logger.warning("%s ended with %s; restart in %.1f s", self.name, self.process.returncode, self.pause)
        self._close()

    def _close(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None

    def stop(self, until: float) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            logger.warning("%s does not stop; killing it", self.name)
            self.process.kill()
            self.process.wait()
        self._close()


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


class Supervisor:
    """Runs until a signal says stop. Signals are taken synchronously, so nothing is polled."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children

    def start(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        for child in self._children:
            child.start()

    def run(self) -> None:
        while True:
            taken = signal.sigtimedwait(_SIGNALS, self._until_next())
            if taken is not None and taken.si_signo != signal.SIGCHLD:
                return
            for child in self._children:
                child.reap()
                if child.process is None and child.due <= time.monotonic():
                    child.start()

    def _until_next(self) -> float:
        waiting = [child.due for child in self._children if child.process is None]
        return max(min(waiting) - time.monotonic(), 0.01) if waiting else 3600.0

    def stop(self) -> None:
        """The other way round than started: first those who ask, then who answers."""
        until = time.monotonic() + _STOP_SECONDS
        for child in reversed(self._children):
            child.stop(until)
