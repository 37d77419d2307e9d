"""The pod security standards, check by check. Models pod-security-admission/policy.

A check answers (reason, detail) when the pod breaks it, None when not. Which belong to which level: podsecurity_levels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cluster_core.machinery import gofmt
from cluster_core.machinery.typed import Obj

Violation = tuple[str, str] | None
Check = Callable[[Obj, Obj], Violation]
"""(pod metadata, pod spec) -> what is wrong."""


# ------------------------------------------------------------------------------------------------ words


def _containers(spec: Obj) -> Iterator[Obj]:
    for key in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(key) or ()


def _context(owner: Obj) -> Obj:
    found: Obj = owner.get("securityContext") or {}
    return found


def _names(spec: Obj, bad: Callable[[Obj], Any]) -> list[str]:
    return [container["name"] for container in _containers(spec) if bad(container)]


def _quoted(items: Iterable[str]) -> str:
    return ", ".join(f'"{item}"' for item in items)


def _plural(count: int, one: str, many: str = "") -> str:
    return one if count == 1 else many or f"{one}s"


def _named(names: list[str]) -> str:
    return f"{_plural(len(names), 'container')} {_quoted(names)}"


def _setters(spec: Obj, bad: Callable[[Obj], Any]) -> str:
    """ "pod", containers, or both, where their security context is bad."""
    names = _names(spec, lambda container: bad(_context(container)))
    found = ["pod"] if bad(_context(spec)) else []
    return " and ".join([*found, _named(names)] if names else found)


def _values(spec: Obj, key: Callable[[Obj], Any]) -> list[Any]:
    found = (key(_context(owner)) for owner in (spec, *_containers(spec)))
    return sorted({value for value in found if value is not None})


# ------------------------------------------------------------------------------------------------ baseline

_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP = frozenset({"RuntimeDefault", "Localhost"})
_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)


def _bad_apparmor(context: Obj) -> str | None:
    kind = (context.get("appArmorProfile") or {"type": "RuntimeDefault"}).get("type", "")
    return None if kind in _SECCOMP else kind


def apparmor(metadata: Obj, spec: Obj) -> Violation:
    setters, values = _setters(spec, lambda context: _bad_apparmor(context) is not None), _values(spec, _bad_apparmor)
    annotations = sorted(
        f"{key}={gofmt.quote(value)}"
        for key, value in (metadata.get("annotations") or {}).items()
        if key.startswith(_APPARMOR) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    )
    if annotations:
        setters = " and ".join(filter(None, (setters, _plural(len(annotations), "annotation"))))
        values = [*values, *annotations]
    if not setters:
        return None
    detail = f"{setters} must not set AppArmor profile type to {_quoted(values)}"
    return _plural(len(values), "forbidden AppArmor profile"), detail


def _added(container: Obj) -> list[str]:
    return list((_context(container).get("capabilities") or {}).get("add") or ())


def capabilities(metadata: Obj, spec: Obj) -> Violation:
    names = _names(spec, lambda container: set(_added(container)) - _CAPABILITIES)
    if not names:
        return None
    added = sorted({each for container in _containers(spec) for each in _added(container)} - _CAPABILITIES)
    detail = f"{_named(names)} must not include {_quoted(added)} in securityContext.capabilities.add"
    return "non-default capabilities", detail


def host_namespaces(metadata: Obj, spec: Obj) -> Violation:
    found = [f"{key}=true" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    return ("host namespaces", ", ".join(found)) if found else None


def host_paths(metadata: Obj, spec: Obj) -> Violation:
    names = [volume["name"] for volume in spec.get("volumes") or () if "hostPath" in volume]
    return ("hostPath volumes", f"{_plural(len(names), 'volume')} {_quoted(names)}") if names else None


def _host_ports(container: Obj) -> list[str]:
    return [str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")]


def host_ports(metadata: Obj, spec: Obj) -> Violation:
    names = _names(spec, _host_ports)
    if not names:
        return None
    ports = sorted({port for container in _containers(spec) for port in _host_ports(container)})
    uses = _plural(len(names), "uses", "use")
    return "hostPort", f"{_named(names)} {uses} {_plural(len(ports), 'hostPort')} {', '.join(ports)}"


def _probe_hosts(container: Obj) -> list[str]:
    handlers = [container.get(key) for key in ("livenessProbe", "readinessProbe", "startupProbe")]
    handlers += (container.get("lifecycle") or {}).values()
    actions = [
        handler.get(key) or {} for handler in handlers if isinstance(handler, dict) for key in ("httpGet", "tcpSocket")
    ]
    return [action["host"] for action in actions if action.get("host")]


def host_probes(metadata: Obj, spec: Obj) -> Violation:
    names = sorted(set(_names(spec, _probe_hosts)))
    if not names:
        return None
    hosts = sorted({host for container in _containers(spec) for host in _probe_hosts(container)})
    uses, what = _plural(len(names), "uses", "use"), _plural(len(hosts), "probe or lifecycle host")
    return "probe or lifecycle host", f"{_named(names)} {uses} {what} {_quoted(hosts)}"


def privileged(metadata: Obj, spec: Obj) -> Violation:
    names = _names(spec, lambda container: _context(container).get("privileged"))
    return ("privileged", f"{_named(names)} must not set securityContext.privileged=true") if names else None


def proc_mount(metadata: Obj, spec: Obj) -> Violation:
    names = _names(spec, lambda container: _context(container).get("procMount", "Default") != "Default")
    if not names:
        return None
    types = {_context(container).get("procMount", "Default") for container in _containers(spec)} - {"Default"}
    return "procMount", f"{_named(names)} must not set securityContext.procMount to {_quoted(sorted(types))}"


def se_linux(types: frozenset[str]) -> Check:
    def bad(context: Obj) -> bool:
        options = context.get("seLinuxOptions") or {}
        return options.get("type", "") not in types or bool(options.get("user") or options.get("role"))

    def check(metadata: Obj, spec: Obj) -> Violation:
        setters = _setters(spec, bad)
        if not setters:
            return None
        options = [_context(owner).get("seLinuxOptions") or {} for owner in (spec, *_containers(spec))]
        found = sorted({each.get("type", "") for each in options} - types)
        data = [f"{_plural(len(found), 'type')} {_quoted(found)}"] if found else []
        data += [f"{key} may not be set" for key in ("user", "role") if any(each.get(key) for each in options)]
        return "seLinuxOptions", f"{setters} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}"

    return check


SE_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})


def _bad_seccomp(context: Obj) -> str | None:
    profile = context.get("seccompProfile")
    return None if profile is None or profile.get("type") in _SECCOMP else str(profile.get("type", ""))


def seccomp(metadata: Obj, spec: Obj) -> Violation:
    setters = _setters(spec, lambda context: _bad_seccomp(context) is not None)
    if not setters:
        return None
    values = _quoted(_values(spec, _bad_seccomp))
    return "seccompProfile", f"{setters} must not set securityContext.seccompProfile.type to {values}"


def seccomp_annotations(metadata: Obj, spec: Obj) -> Violation:
    keys = {f"container.seccomp.security.alpha.kubernetes.io/{container['name']}" for container in _containers(spec)}
    keys.add("seccomp.security.alpha.kubernetes.io/pod")
    found = sorted(
        f"{key}={gofmt.quote(value)}"
        for key, value in (metadata.get("annotations") or {}).items()
        if key in keys and value not in ("runtime/default", "docker/default") and not value.startswith("localhost/")
    )
    return ("seccompProfile", f"forbidden {_plural(len(found), 'annotation')} {', '.join(found)}") if found else None


def sysctls(allowed: frozenset[str]) -> Check:
    def check(metadata: Obj, spec: Obj) -> Violation:
        found = [each["name"] for each in _context(spec).get("sysctls") or () if each["name"] not in allowed]
        return ("forbidden sysctls", ", ".join(found)) if found else None

    return check


def _ipv4(*names: str) -> frozenset[str]:
    return frozenset(f"net.ipv4.{name}" for name in names)


_SYSCTLS = _ipv4("ip_local_port_range", "tcp_syncookies", "ping_group_range", "ip_unprivileged_port_start")
SYSCTLS_0 = _SYSCTLS | {"kernel.shm_rmid_forced"}
SYSCTLS_27 = SYSCTLS_0 | _ipv4("ip_local_reserved_ports")
SYSCTLS_29 = SYSCTLS_27 | _ipv4(
    *(f"tcp_{name}" for name in ["keepalive_time", "fin_timeout", "keepalive_intvl", "keepalive_probes"])
)
SYSCTLS_32 = SYSCTLS_29 | _ipv4("tcp_rmem", "tcp_wmem")


def host_process(metadata: Obj, spec: Obj) -> Violation:
    setters = _setters(spec, lambda context: (context.get("windowsOptions") or {}).get("hostProcess"))
    return (
        ("hostProcess", f"{setters} must not set securityContext.windowsOptions.hostProcess=true") if setters else None
    )


# ------------------------------------------------------------------------------------------------ restricted

_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
)
_KNOWN_VOLUMES = frozenset(
    [
        "hostPath",
        "gcePersistentDisk",
        "awsElasticBlockStore",
        "gitRepo",
        "nfs",
        "iscsi",
        "glusterfs",
        "rbd",
        "flexVolume",
        "cinder",
        "cephfs",
        "flocker",
        "fc",
        "azureFile",
        "vsphereVolume",
        "quobyte",
        "azureDisk",
        "photonPersistentDisk",
        "portworxVolume",
        "scaleIO",
        "storageos",
    ]
)


def not_on_windows(check: Check) -> Check:
    return lambda metadata, spec: None if (spec.get("os") or {}).get("name") == "windows" else check(metadata, spec)


def not_with_own_users(check: Check) -> Check:
    """Pods with a user namespace of their own may be root in it."""
    return lambda metadata, spec: None if spec.get("hostUsers") is False else check(metadata, spec)


def escalation(metadata: Obj, spec: Obj) -> Violation:
    names = _names(spec, lambda container: _context(container).get("allowPrivilegeEscalation") is not False)
    detail = f"{_named(names)} must set securityContext.allowPrivilegeEscalation=false"
    return ("allowPrivilegeEscalation != false", detail) if names else None


def dropped_capabilities(metadata: Obj, spec: Obj) -> Violation:
    keeping = _names(
        spec, lambda container: "ALL" not in ((_context(container).get("capabilities") or {}).get("drop") or ())
    )
    allowed = {"NET_BIND_SERVICE"}
    adding = _names(spec, lambda container: set(_added(container)) - allowed)
    details = [f'{_named(keeping)} must set securityContext.capabilities.drop=["ALL"]'] if keeping else []
    if adding:
        added = sorted({each for container in _containers(spec) for each in _added(container)} - allowed)
        details.append(f"{_named(adding)} must not include {_quoted(added)} in securityContext.capabilities.add")
    return ("unrestricted capabilities", "; ".join(details)) if details else None


def volumes(metadata: Obj, spec: Obj) -> Violation:
    bad = [volume for volume in spec.get("volumes") or () if not _VOLUMES.intersection(volume)]
    if not bad:
        return None
    types = sorted({next(iter(sorted(_KNOWN_VOLUMES.intersection(volume))), "unknown") for volume in bad})
    names, uses = _quoted(volume["name"] for volume in bad), _plural(len(bad), "uses", "use")
    what = _plural(len(types), "restricted volume type")
    return "restricted volume types", f"{_plural(len(bad), 'volume')} {names} {uses} {what} {_quoted(types)}"


def non_root(metadata: Obj, spec: Obj) -> Violation:
    setters = _setters(spec, lambda context: context.get("runAsNonRoot") is False)
    if setters:
        return "runAsNonRoot != true", f"{setters} must not set securityContext.runAsNonRoot=false"
    if _context(spec).get("runAsNonRoot"):
        return None
    names = _names(spec, lambda container: _context(container).get("runAsNonRoot") is None)
    return (
        ("runAsNonRoot != true", f"pod or {_named(names)} must set securityContext.runAsNonRoot=true")
        if names
        else None
    )


def run_as_user(metadata: Obj, spec: Obj) -> Violation:
    setters = _setters(spec, lambda context: context.get("runAsUser") == 0)
    return ("runAsUser=0", f"{setters} must not set runAsUser=0") if setters else None


def restricted_seccomp(metadata: Obj, spec: Obj) -> Violation:
    found = seccomp(metadata, spec)
    if found is not None or _context(spec).get("seccompProfile") is not None:
        return found
    names = _names(spec, lambda container: _context(container).get("seccompProfile") is None)
    what = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return ("seccompProfile", f"pod or {_named(names)} {what}") if names else None
