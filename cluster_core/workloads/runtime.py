"""The container runtime's side of containers: finding images, starting processes, ending them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.machinery.containers import Image, Launch, Outcome, ProbeResult, Reaction
from cluster_core.machinery.seed import Seed
from cluster_core.machinery.typed import Obj
from cluster_core.workloads import process
from cluster_core.workloads.images import find_image


class Containers:
    """What containers do in one cluster."""

    def __init__(self, seed: Seed, options: Mapping[str, Any]) -> None:
        self._seed = seed
        self._any_image = bool(options.get("accept-any-image", True))

    def find(self, image: str) -> Image:
        """The image of this name. Raises PullError."""
        return find_image(image, self._any_image)

    def start(self, launch: Launch) -> Outcome:
        return process.start(launch)

    def terminate(self, launch: Launch) -> Reaction:
        return process.terminate(launch)

    def probe(self, launch: Launch, probe: Obj, started: int) -> ProbeResult:
        """The answer of the container, started at this time, to a probe or hook now."""
        return process.probe(launch, probe, started)

    def forget(self, pod_uid: str) -> None:
        """The pod is gone with its files and logs."""
