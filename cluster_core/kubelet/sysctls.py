"""Which kernel parameters a pod may set on a node. Models pkg/kubelet/sysctl: the safe ones, and those that
--allowed-unsafe-sysctls names, unless the pod shares the namespace with the node."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.machinery.typed import Obj

_SAFE = frozenset((
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
))  # fmt: skip
_NETWORK = "net."


def problem(pod: Obj, unsafe: Iterable[str]) -> str:
    """Why the pod must not set what it wants to, "" when it may; `unsafe` are names or patterns like kernel.msg*."""
    spec = pod["spec"]
    for wanted in spec.get("securityContext", {}).get("sysctls", ()):
        name = wanted["name"].replace("/", ".")
        if name not in _SAFE and not any(_covers(pattern, name) for pattern in unsafe):
            return f'forbidden sysctl: "{name}" not allowlisted'
        if spec.get("hostNetwork" if name.startswith(_NETWORK) else "hostIPC"):
            return f'forbidden sysctl: "{name}" not allowed with host {"Net" if name.startswith(_NETWORK) else "IPC"} enabled'
    return ""


def _covers(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
