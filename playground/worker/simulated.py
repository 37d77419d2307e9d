"""What the worker needs of a simulated cluster; `binding.Simulation` gives it on `cluster_core.simulation`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from cluster_core.apiserver.parts import Change
from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.machinery.typed import Obj
from cluster_core.persistence.log import Row


class Watching(Protocol):
    """An open watch: see cluster_core.apiserver.watch.Watch."""

    revision: int
    ended: bool

    def read(self, limit_revision: int) -> list[bytes]: ...

    def bookmark(self) -> bytes | None: ...


class Simulated(Protocol):
    """One cluster in memory. Times are virtual microseconds."""

    @property
    def revision(self) -> int: ...

    @property
    def now(self) -> int: ...

    def next_due(self) -> int | None:
        """When something will happen by itself, None: never."""

    def stable(self) -> bool:
        """Nothing but periodic chores lies ahead."""

    def run(self, until: int, budget: int) -> bool:
        """Do at most about `budget` entries due up to `until`, moving the clock; False: all done, the clock is there."""

    def step(self) -> None:
        """On to the next entry, whenever it is due."""

    def limit(self, limits: Mapping[str, float]) -> None:
        """What it may grow to from now on."""

    def submit(self, request: ApiRequest) -> ApiResponse: ...

    def watch(self, request: ApiRequest) -> Watching | ApiResponse: ...

    def command(self, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """Raises EngineError."""

    def remembers(self, name: str, args: Mapping[str, Any]) -> bool:
        """Whether the command may have changed what is remembered beside the store: a machine's state, a recording."""

    def state_hash(self) -> str: ...

    def take_uncommitted(self) -> tuple[Sequence[Row], int, bytes]:
        """(changes since the last call, the revision reached, the state to go with it)."""

    def forget(self, revision: int) -> None:
        """History up to `revision` may go."""

    def observe(self, callback: Callable[[Change], None]) -> None:
        """Hear of every change of an object."""

    def get(self, kind: str, namespace: str, name: str) -> Obj | None: ...

    def key(self, kind: str, namespace: str, name: str) -> str | None:
        """Under which key of the store an object lies; None: no such kind."""

    def objects(self, kinds: Sequence[str]) -> Iterable[tuple[str, Obj]]:
        """All objects of these kinds, with their kind."""

    def facts(self) -> Sequence[dict[str, Any]]:
        """What is no API object: {"k": "Machine", "name", "machine", "kubelet"} per node and {"k": "Component", "uid", "name",
        "node", "healthy", "message"...} per control-plane part, {"k": "Demo", ...} when one is replayed or recorded."""
