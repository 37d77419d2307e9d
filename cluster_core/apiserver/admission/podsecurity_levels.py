"""Which check belongs to which level from which minor version of Kubernetes on. Models pod-security-admission/policy."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from cluster_core.apiserver.admission.podsecurity_checks import (
    SE_TYPES,
    SYSCTLS_0,
    SYSCTLS_27,
    SYSCTLS_29,
    SYSCTLS_32,
    Check,
    apparmor,
    capabilities,
    dropped_capabilities,
    escalation,
    host_namespaces,
    host_paths,
    host_ports,
    host_probes,
    host_process,
    non_root,
    not_on_windows,
    not_with_own_users,
    privileged,
    proc_mount,
    restricted_seccomp,
    run_as_user,
    se_linux,
    seccomp,
    seccomp_annotations,
    sysctls,
    volumes,
)
from cluster_core.machinery.typed import Obj

LATEST = 36


class Versioned(NamedTuple):
    """A check from one minor version on; `overrides` names the baseline check it replaces under "restricted"."""

    name: str
    since: int
    check: Check
    overrides: str = ""


BASELINE: tuple[Versioned, ...] = (
    Versioned("appArmorProfile", 0, apparmor),
    Versioned("capabilities_baseline", 0, capabilities),
    Versioned("hostNamespaces", 0, host_namespaces),
    Versioned("hostPathVolumes", 0, host_paths),
    Versioned("hostPorts", 0, host_ports),
    Versioned("hostProbesAndHostLifecycle", 34, host_probes),
    Versioned("privileged", 0, privileged),
    Versioned("procMount", 0, proc_mount),
    Versioned("procMount", 35, not_with_own_users(proc_mount)),
    Versioned("seLinuxOptions", 0, se_linux(SE_TYPES)),
    Versioned("seLinuxOptions", 31, se_linux(SE_TYPES | {"container_engine_t"})),
    Versioned("seccompProfile_baseline", 0, seccomp_annotations),
    Versioned("seccompProfile_baseline", 19, seccomp),
    Versioned("sysctls", 0, sysctls(SYSCTLS_0)),
    Versioned("sysctls", 27, sysctls(SYSCTLS_27)),
    Versioned("sysctls", 29, sysctls(SYSCTLS_29)),
    Versioned("sysctls", 32, sysctls(SYSCTLS_32)),
    Versioned("windowsHostProcess", 0, host_process),
)
RESTRICTED: tuple[Versioned, ...] = (
    Versioned("allowPrivilegeEscalation", 8, escalation),
    Versioned("allowPrivilegeEscalation", 25, not_on_windows(escalation)),
    Versioned("capabilities_restricted", 22, dropped_capabilities, "capabilities_baseline"),
    Versioned("capabilities_restricted", 25, not_on_windows(dropped_capabilities), "capabilities_baseline"),
    Versioned("procMount_restricted", 35, proc_mount, "procMount"),
    Versioned("restrictedVolumes", 0, volumes, "hostPathVolumes"),
    Versioned("runAsNonRoot", 0, non_root),
    Versioned("runAsNonRoot", 35, not_with_own_users(non_root)),
    Versioned("runAsUser", 23, run_as_user),
    Versioned("runAsUser", 35, not_with_own_users(run_as_user)),
    Versioned("seccompProfile_restricted", 19, restricted_seccomp, "seccompProfile_baseline"),
    Versioned("seccompProfile_restricted", 25, not_on_windows(restricted_seccomp), "seccompProfile_baseline"),
)


def _at(checks: Iterable[Versioned], minor: int) -> dict[str, Versioned]:
    """The newest form of each check that this version has, in order."""
    return {each.name: each for each in checks if each.since <= minor}


@lru_cache(128)
def checks(level: str, minor: int) -> tuple[Check, ...]:
    """The checks of a level ("baseline", "restricted"; none for "privileged") in this minor version."""
    if level == "privileged":
        return ()
    found = _at(BASELINE, minor)
    if level == "restricted":
        stricter = _at(RESTRICTED, minor)
        replaced = {each.overrides for each in stricter.values()}
        found = {**{name: each for name, each in found.items() if name not in replaced}, **stricter}
    return tuple(each.check for each in found.values())


def violations(level: str, minor: int, metadata: Obj, spec: Obj) -> list[tuple[str, str]]:
    """What the pod breaks: (reason, detail) in order."""
    found = (check(metadata, spec) for check in checks(level, min(minor, LATEST)))
    return [each for each in found if each is not None]
