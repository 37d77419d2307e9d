"""The forms in which a cluster comes and goes: its specification, its revisions, its state."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import orjson


class Row(NamedTuple):
    """One change of one key at one revision; `value` is None for a deletion."""

    revision: int
    key: str
    value: bytes | None
    create_revision: int = 0
    version: int = 0
    lease: int = 0


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """What a cluster is made from. Equal specifications and commands give equal clusters.

    cpu and memory are quantities per node; `start` is the virtual time at which it begins, in microseconds since the Unix
    epoch; `bare` means without any Node; `flavour` is how the control plane is set up: "kubeadm" or "manual".
    """

    name: str
    nodes: int = 3
    cpu: str = "4"
    memory: str = "8Gi"
    seed: int = 1
    start: int = 1_767_225_600_000_000
    bare: bool = False
    flavour: str = "kubeadm"
    runtime: str = "containerd"
    options: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    """How many "nodes" and "pods" there may be; and "speed", for whoever drives the clock. Not named: any."""

    def encode(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    @classmethod
    def decode(cls, text: str | bytes) -> ClusterSpec:
        return cls(**orjson.loads(text))


class Batch(NamedTuple):
    """What is to be made durable: the changes in revision order, the revision reached, and the state after it."""

    rows: Sequence[Row]
    revision: int
    state: bytes


class Saved(NamedTuple):
    """A cluster as the log has it: the newest row of every living key."""

    spec: ClusterSpec
    rows: Sequence[Row]
    revision: int
    state: bytes


def to_json(saved: Saved) -> dict[str, Any]:
    """The saved form as JSON, bytes in base64."""
    rows = [[*row[:2], _text(row.value), *row[3:]] for row in saved.rows]
    return {"spec": saved.spec.encode(), "rows": rows, "revision": saved.revision, "state": _text(saved.state)}


def from_json(packed: Mapping[str, Any]) -> Saved:
    """Raises KeyError, TypeError and ValueError for what `to_json` has not made."""
    rows = [Row(row[0], row[1], _bytes(row[2]), *row[3:]) for row in packed["rows"]]
    state = base64.b64decode(packed["state"])
    return Saved(ClusterSpec.decode(packed["spec"]), rows, packed["revision"], state)


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
