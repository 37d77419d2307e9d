"""The container runtime's log: containerd's logfmt lines, which CRI-O's and Docker's are like, and the pulls it was asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cluster_core.kubelet import registration
from cluster_core.machinery.typed import Obj
from cluster_core.simulation.logs import common
from cluster_core.simulation.logs.klog import MILLISECOND, Run, moment, quoted
from cluster_core.workloads.logs import Line

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

VERSIONS = {"crio" if name == "cri-o" else name: version.partition("://")[2] for name, version in registration.RUNTIMES.items()}
"""Container runtime -> its version, as nodes show it."""
_IMAGE = re.compile(r'"([^"]+)"')


def lines(cluster: Cluster, run: Run, name: str) -> list[Line]:
    version = VERSIONS.get(name, "")
    found = [
        _line(run.began + 20 * MILLISECOND, "info", f"starting {name}", version=version),
        _line(run.began + 310 * MILLISECOND, "info", f"{name} successfully booted in 0.290s"),
    ]
    for event in common.events(cluster, "kubelet", run.node) if name in ("containerd", "crio") else ():
        found += _pull(event)
    return found


def _pull(event: Obj) -> list[Line]:
    reason, image = event["reason"], _IMAGE.search(event["message"])
    if image is None or reason not in ("Pulling", "Pulled", "Failed"):
        return []
    if reason == "Pulling":
        return [_line(at, "info", f"PullImage {quoted(image[1])}") for at in common.seen(event)]
    if reason == "Pulled" and "already present" not in event["message"]:
        return [_line(at, "info", f"PullImage {quoted(image[1])} returns image reference") for at in common.seen(event)]
    if reason == "Failed" and event["message"].startswith("Failed to pull"):
        return [_line(at, "error", f"PullImage {quoted(image[1])} failed", error=event["message"].partition(": ")[2]) for at in common.seen(event)]
    return []


def _line(at: int, level: str, text: str, **more: str) -> Line:
    values = "".join(f" {name}={quoted(value) if ' ' in value else value}" for name, value in more.items())
    return Line(at, f'time="{moment(at):%Y-%m-%dT%H:%M:%S.%f}000Z" level={level} msg={quoted(text)}{values}', True)
