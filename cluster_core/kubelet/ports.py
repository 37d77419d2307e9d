"""What the kubelets need from the machines below them and from the containers they start.

Both live in packages of their own, which know nothing of kubelets; the simulation puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from cluster_core.machinery.containers import HookResult, Image, Launch, Outcome, ProbeResult, Reaction
from cluster_core.machinery.typed import Obj


class Workloads(Protocol):
    """What containers do."""

    def find(self, image: str) -> Image:
        """The image of this name. Raises PullError."""

    def image_files(self, image: str) -> Mapping[str, str]:
        """The files of an image by path. Raises PullError."""

    def start(self, launch: Launch) -> Outcome: ...

    def resume(self, launch: Launch, started: int) -> Outcome:
        """The process asks the network what it waits to know (Outcome.asks), and goes on."""

    def again(self, launch: Launch, started: int) -> Outcome:
        """How the process, started then, will end now that it finds other files."""

    def terminate(self, launch: Launch, started: int) -> Reaction: ...

    def probe(self, launch: Launch, probe: Obj, started: int) -> ProbeResult:
        """The answer of the container, started at this time, to a probe now."""

    def hook(self, launch: Launch, hook: Obj, started: int) -> HookResult:
        """Run a lifecycle hook in the container, which keeps what the hook leaves behind."""

    def logs(self, launch: Launch, started: int, until: int) -> list[Any]:
        """Lines with `at`, `text` and `is_error`."""

    def execute(self, launch: Launch, command: list[str], started: int) -> tuple[int, str, str]:
        """Run a command in the container: exit code, stdout, stderr."""

    def enter(self, launch: Launch, started: int) -> Any:
        """A session of commands in the container: `cluster_core.workloads.inner.Inner`."""

    def usage(self, launch: Launch, started: int) -> tuple[int, int]:
        """(thousandths of a cpu, bytes of memory) that the running container uses."""

    def memory(self, launch: Launch, started: int) -> int:
        """Bytes of memory that the running container takes, without ups and downs."""

    def disk(self, launch: Launch, started: int) -> list[tuple[int, str, int]]:
        """(when, path, bytes) of large files made in the container, removed again with 0 bytes."""

    def forget(self, pod_uid: str, now: int) -> None:
        """The pod is gone with its files and logs; what it has left in volumes that outlive it stays."""

    def files_on_node(self, node: str, now: int) -> Mapping[str, str | None]:
        """Path -> text (None: removed) of what containers have left on the machine."""

    def write_on_node(self, node: str, changes: Mapping[str, str | None], now: int) -> None:
        """Somebody on the machine writes or removes such files."""

    def forget_node(self, node: str) -> None:
        """The machine is gone with its disk."""

    def forget_volume(self, volume: Obj) -> None:
        """A PersistentVolume is gone with its contents."""

    def dump(self) -> Any: ...

    def load(self, state: Any) -> None: ...


class Machines(Protocol):
    """The machines of the cluster, by node name. A machine is `cluster_core.machines.machine.Machine`."""

    machines: dict[str, Any]

    def get(self, name: str) -> Any: ...

    def listen(self, listener: Callable[[Any], None]) -> None: ...
