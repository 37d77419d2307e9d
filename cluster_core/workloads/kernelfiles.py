"""What the kernel shows a container of itself: its limits in /sys/fs/cgroup, what is mounted where.

Models how pkg/kubelet/cm and runc turn requests and limits into values of cgroup v2.
"""

from __future__ import annotations

import math

from cluster_core.machinery import quantity
from cluster_core.machinery.containers import Launch
from cluster_core.workloads.attributes import TMPFS, mounts

CGROUP = "/sys/fs/cgroup"
_PERIOD = 100_000
"""Microseconds of one period of the scheduler's quota."""
_LEAST_QUOTA, _LEAST_SHARES, _MOST_SHARES = 1000, 2, 262_144


def cgroup_files(launch: Launch) -> dict[str, str]:
    """The container's own control group, by path."""
    resources = launch.container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    memory = str(quantity.value(limits["memory"])) if "memory" in limits else "max"
    found = {
        "cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc",
        "cpu.max": f"{_quota(limits.get('cpu'))} {_PERIOD}",
        "cpu.weight": str(cpu_weight(requests.get("cpu") or limits.get("cpu"))),
        "memory.max": memory,
    }
    return {f"{CGROUP}/{name}": text + "\n" for name, text in found.items()}


def _quota(limit: str | None) -> str:
    return "max" if limit is None else str(max(_LEAST_QUOTA, quantity.milli(limit) * _PERIOD // 1000))


def cpu_weight(request: str | None) -> int:
    """The weight for a request: shares as of old, and from them by the curve of runc 1.3 and crun 1.23."""
    shares = quantity.milli(request) * 1024 // 1000 if request else _LEAST_SHARES
    shares = min(max(shares, _LEAST_SHARES), _MOST_SHARES)
    logarithm = math.log2(shares)
    return math.ceil(10 ** ((logarithm * logarithm + 125 * logarithm) / 612 - 7 / 34))


def mount_table(launch: Launch | None) -> list[tuple[str, str, str, str]]:
    """(device, path, file system, options) as `mount` lists them."""
    found = [
        ("overlay", "/", "overlay", "rw,relatime"),
        ("proc", "/proc", "proc", "rw,nosuid,nodev,noexec,relatime"),
        ("tmpfs", "/dev", "tmpfs", "rw,nosuid,size=65536k,mode=755"),
        ("sysfs", "/sys", "sysfs", "ro,nosuid,nodev,noexec,relatime"),
        ("cgroup", CGROUP, "cgroup2", "ro,nosuid,nodev,noexec,relatime"),
    ]
    for mount in mounts(launch) if launch is not None else ():
        kind = "tmpfs" if mount.file_system == TMPFS else "ext4"
        found.append(("tmpfs" if kind == "tmpfs" else "/dev/vda1", mount.path, kind, "ro,relatime" if mount.read_only else "rw,relatime"))
    return found


def mount_lines(launch: Launch | None, kind: str = "") -> str:
    """`mount`, or `mount -t kind`."""
    rows = [row for row in mount_table(launch) if not kind or row[2] == kind]
    return "".join(f"{device} on {path} type {system} ({options})\n" for device, path, system, options in rows)
