"""The words in which kubelets and containers talk: images, launches, outcomes. Shared by packages that do not know each
other: a kubelet asks what a container does, `workloads` answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cluster_core.machinery.typed import Obj


class PullError(Exception):
    """The registry has no such image, or none that is to be had. str() is the runtime's message."""

    reason = "ErrImagePull"


class InvalidImageName(PullError):
    """The reference does not parse."""

    reason = "InvalidImageName"


class Image(NamedTuple):
    """An image as a registry offers it: its reference in full, its digest form, bytes to pull, the user it runs as."""

    reference: str
    image_id: str
    size: int
    user: int = 0


class Added(str):
    """Text that is written at the end of what a file holds."""


class Launch(NamedTuple):
    """A container that starts or runs. `files` are those of mounted volumes by path, as they were when the pod began, `changes`
    what was written to them since: (time, path -> text, Added: at the file's end, None: removed). `attempt` counts earlier
    starts."""

    pod: Obj
    container: Obj
    attempt: int
    node: str
    environment: Mapping[str, str]
    files: Mapping[str, str]
    now: int
    changes: Sequence[tuple[int, Mapping[str, str | None]]] = ()

    def files_now(self, left: Mapping[str, str] = {}) -> Mapping[str, str]:
        """The files as they are now, what is no text made printable; `left`: by the process when it began, under what
        was written later."""
        found: dict[str, str | None] = {**self.files, **left}
        for at, written in self.changes:
            if at <= self.now:
                found |= {path: (found.get(path) or "") + text if isinstance(text, Added) else text for path, text in written.items()}
        return {path: _printable(text) for path, text in found.items() if text is not None}

    def gone(self) -> frozenset[str]:
        """The paths of files that were taken away."""
        found: dict[str, str | None] = {}
        for at, written in self.changes:
            if at <= self.now:
                found |= written
        return frozenset(path for path, text in found.items() if text is None)


def _printable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class Outcome(NamedTuple):
    """How a process will end if left alone: after seconds (None: never), with this code, reason and message.

    A process that asks the network something in `asks` seconds has to be resumed then, or `patience` seconds later at the
    most; `endless`: it does so again and again, so that nobody waits for its end. `memory`: the bytes of memory it takes
    until then; `writes`: whether it writes large files.
    """

    after: float | None = None
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    asks: float | None = None
    patience: float = 0.0
    endless: bool = False
    memory: int = 0
    writes: bool = False


class Reaction(NamedTuple):
    """How a process answers SIGTERM: after so many seconds with this exit code; None: not at all."""

    after: float | None
    exit_code: int = 0


class ProbeResult(NamedTuple):
    """What a probe or hook finds: success or the output for the event, and when the answer may change (seconds from now;
    None: never by itself)."""

    success: bool
    output: str = ""
    again: float | None = None


class HookResult(NamedTuple):
    """How long a lifecycle hook takes, and why it fails; "" when it does not."""

    seconds: float = 0.0
    problem: str = ""
