"""Security contexts of pods and containers. Models those parts of pkg/apis/core/validation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cluster_core.apiserver.internal import internal
from cluster_core.kinds.checks import choice, name, relative_path, supported
from cluster_core.machinery import names
from cluster_core.machinery.field import (
    Errors,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from cluster_core.machinery.typed import Obj

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_PROC_MOUNTS = ("Default", "Unmasked")
_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = f"({_SEGMENT}[\\./])*{_SEGMENT}"
_SYSCTL_LENGTH = 253
_PATH_LENGTH = 4095
_IPC_SYSCTLS = ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")


def pod_security(errors: Errors, path: Path, spec: Obj) -> None:
    """spec.securityContext with the host namespaces that stand beside it; `path` is the context's."""
    context = spec.get("securityContext")
    if not context:
        return
    _ids(errors, path, context, ("fsGroup", "runAsUser", "runAsGroup"))
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        for message in names.user_or_group_id(group):
            errors.append(invalid((path / "supplementalGroups")[index], group, message))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(invalid(path / "shareProcessNamespace", True, detail))
    _sysctls(errors, path / "sysctls", context.get("sysctls") or (), spec)
    supported(errors, path / "fsGroupChangePolicy", context.get("fsGroupChangePolicy"), ("Always", "OnRootMismatch"))
    if context.get("seccompProfile") is not None:
        seccomp(errors, path / "seccompProfile", context["seccompProfile"])
    _profiles(errors, path, context)
    supported(errors, path / "supplementalGroupsPolicy", context.get("supplementalGroupsPolicy"), ("Merge", "Strict"))
    supported(errors, path / "seLinuxChangePolicy", context.get("seLinuxChangePolicy"), ("MountOption", "Recursive"))


def _profiles(errors: Errors, path: Path, context: Obj) -> None:
    """Windows options and AppArmor, which pods and containers check last."""
    if context.get("windowsOptions") is not None:
        windows_options(errors, path / "windowsOptions", context["windowsOptions"])
    if context.get("appArmorProfile") is not None:
        app_armor(errors, path / "appArmorProfile", context["appArmorProfile"])


def _ids(errors: Errors, path: Path, context: Obj, keys: Sequence[str]) -> None:
    for key in keys:
        number = context.get(key)
        if number is not None:
            for message in names.user_or_group_id(number):
                errors.append(invalid(path / key, number, message))


def _sysctls(errors: Errors, path: Path, sysctls: Sequence[Obj], spec: Obj) -> None:
    seen: set[str] = set()
    for index, one in enumerate(sysctls):
        wanted = one.get("name", "")
        at = path[index] / "name"
        if not wanted:
            errors.append(required(at))
        elif len(wanted) > _SYSCTL_LENGTH or not re.fullmatch(_SYSCTL, wanted):
            detail = f"must have at most {_SYSCTL_LENGTH} characters and match regex ^{_SYSCTL}$"
            errors.append(invalid(at, wanted, detail))
        elif wanted in seen:
            errors.append(duplicate(at, wanted))
        _host_sysctl(errors, at, wanted, spec)
        seen.add(wanted)


def _host_sysctl(errors: Errors, path: Path, sysctl: str, spec: Obj) -> None:
    """A sysctl of a namespace that the pod shares with its host would change the host."""
    dotted = sysctl.replace("/", ".")
    if spec.get("hostNetwork") and dotted.startswith("net."):
        errors.append(invalid(path, sysctl, "may not be specified when 'hostNetwork' is true"))
    elif spec.get("hostIPC") and dotted.startswith(_IPC_SYSCTLS):
        errors.append(invalid(path, sysctl, "may not be specified when 'hostIPC' is true"))


def seccomp(errors: Errors, path: Path, profile: Obj) -> None:
    type = profile.get("type", "")
    if not type:
        errors.append(required(path / "type", "type is required when seccompProfile is set"))
    elif type not in _PROFILES:
        errors.append(not_supported(path / "type", type, _PROFILES))
    local = profile.get("localhostProfile")
    if type == "Localhost":
        if local is None:
            errors.append(required(path / "localhostProfile", "must be set when seccomp type is Localhost"))
        else:
            relative_path(errors, path / "localhostProfile", local)
    elif local is not None:
        internal = {"Type": type, "LocalhostProfile": local}
        errors.append(invalid(path / "localhostProfile", internal, "can only be set when seccomp type is Localhost"))


def app_armor(errors: Errors, path: Path, profile: Obj) -> None:
    type, local = profile.get("type", ""), profile.get("localhostProfile")
    if type == "Localhost":
        _local_profile(errors, path / "localhostProfile", local)
    elif not type:
        errors.append(required(path / "type", "type is required when appArmorProfile is set"))
    elif type not in _PROFILES:
        errors.append(not_supported(path / "type", type, _PROFILES))
    elif local is not None:
        errors.append(invalid(path / "localhostProfile", local, "can only be set when AppArmor type is Localhost"))


def _local_profile(errors: Errors, path: Path, local: str | None) -> None:
    if local is not None and local.strip() != local:
        errors.append(invalid(path, local, "must not be padded with whitespace"))
    elif not local:
        errors.append(required(path, "must be set when AppArmor type is Localhost"))
    if local is not None and names.length(local) > _PATH_LENGTH:
        errors.append(too_long(path, _PATH_LENGTH))


# ------------------------------------------------------------------------------------------------ containers


def container_security(errors: Errors, path: Path, context: Obj, host_users: bool) -> None:
    """A container's securityContext; `host_users` tells whether its users are the host's."""
    _ids(errors, path, context, ("runAsUser", "runAsGroup"))
    mount = context.get("procMount")
    if mount is not None:
        if mount not in _PROC_MOUNTS:
            errors.append(not_supported(path / "procMount", mount, _PROC_MOUNTS))
        if host_users and mount == "Unmasked":
            errors.append(invalid(path / "procMount", mount, "`hostUsers` must be false to use `Unmasked`"))
    if context.get("seccompProfile") is not None:
        seccomp(errors, path / "seccompProfile", context["seccompProfile"])
    if context.get("allowPrivilegeEscalation") is False:
        _escalation(errors, path, context)
    _profiles(errors, path, context)


def _escalation(errors: Errors, path: Path, context: Obj) -> None:
    if context.get("privileged"):
        detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        errors.append(invalid(path, internal("core.SecurityContext", context), detail))
    for capability in (context.get("capabilities") or {}).get("add") or ():
        if capability == "CAP_SYS_ADMIN":
            detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            errors.append(invalid(path, internal("core.SecurityContext", context), detail))


# ------------------------------------------------------------------------------------------------ Windows

_GMSA_KIB = 64
_DOMAIN_LENGTH, _USER_LENGTH = 256, 104
_NETBIOS = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}\Z')
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def windows_options(errors: Errors, path: Path, options: Obj) -> None:
    if options.get("gmsaCredentialSpecName") is not None:
        name(errors, path / "gmsaCredentialSpecName", options["gmsaCredentialSpecName"], names.dns1123_subdomain)
    spec = options.get("gmsaCredentialSpec")
    if spec is not None and not spec:
        errors.append(invalid(path / "gmsaCredentialSpec", spec, "gmsaCredentialSpec cannot be an empty string"))
    elif spec is not None and names.length(spec) > _GMSA_KIB * 1024:
        detail = f"gmsaCredentialSpec size must be under {_GMSA_KIB} KiB"
        errors.append(invalid(path / "gmsaCredentialSpec", spec, detail))
    if options.get("runAsUserName") is not None:
        found = options["runAsUserName"]
        errors.extend(invalid(path / "runAsUserName", found, f"runAsUserName{text}") for text in _user_problems(found))


def _user_problems(text: str) -> list[str]:
    if not text:
        return [" cannot be an empty string"]
    if _CONTROL.search(text):
        return [" cannot contain control characters"]
    if text.count("\\") > 1:
        return [" cannot contain more than one backslash"]
    domain, slash, user = text.rpartition("\\")
    return [*(_domain_problems(domain) if slash else ()), *_account_problems(user)]


def _domain_problems(domain: str) -> list[str]:
    problems = []
    if len(domain) >= _DOMAIN_LENGTH:
        problems.append(f"'s Domain length must be under {_DOMAIN_LENGTH} characters")
    if not _NETBIOS.match(domain) and not _DOMAIN.match(domain):
        problems.append("'s Domain doesn't match the NetBios nor the DNS format")
    return problems


def _account_problems(user: str) -> list[str]:
    problems = []
    if not user:
        problems.append("'s User cannot be empty")
    elif len(user) > _USER_LENGTH:
        problems.append(f"'s User length must not be longer than {_USER_LENGTH} characters")
    if re.fullmatch(r"[. ]+", user):
        problems.append("'s User cannot contain only periods or spaces")
    if re.search(r'["/\\:;|=,+*?<>@\[\]]', user):
        problems.append("""'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]""")
    return problems


def pull_policy(errors: Errors, path: Path, policy: str | None) -> None:
    choice(errors, path, policy, ("Always", "IfNotPresent", "Never"))


# ------------------------------------------------------------------------------------------------ operating systems

_LINUX_CONTEXT = (
    "appArmorProfile",
    "seLinuxOptions",
    "hostUsers",
    "hostPID",
    "hostIPC",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "shareProcessNamespace",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
)
_BESIDE = ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace")
_LINUX_CONTAINER = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)


def operating_system(errors: Errors, path: Path, spec: Obj, containers: Sequence[tuple[Obj, Path]]) -> None:
    """spec.os and what does not exist there; `path` is the spec's."""
    os = (spec.get("os") or {}).get("name", "")
    if not os:
        errors.append(required(path / "os" / "name"))
    elif os == "linux":
        _linux(errors, path, spec, containers)
    elif os == "windows":
        _windows(errors, path, spec, containers)
    else:
        errors.append(not_supported(path / "os", os, ("linux", "windows")))


def _linux(errors: Errors, path: Path, spec: Obj, containers: Sequence[tuple[Obj, Path]]) -> None:
    detail = "windows options cannot be set for a linux pod"
    for holder, at in ((spec, path), *containers):
        if (holder.get("securityContext") or {}).get("windowsOptions") is not None:
            errors.append(forbidden(at.child("securityContext", "windowsOptions"), detail))


def _windows(errors: Errors, path: Path, spec: Obj, containers: Sequence[tuple[Obj, Path]]) -> None:
    detail = "cannot be set for a windows pod"
    context = spec.get("securityContext") or {}
    for key in _LINUX_CONTEXT:
        holder, at = (spec, path) if key in _BESIDE else (context, path / "securityContext")
        if holder.get(key) is not None and (key not in ("hostPID", "hostIPC", "sysctls") or holder[key]):
            errors.append(forbidden(at / key, detail))
    for container, where in containers:
        own = container.get("securityContext") or {}
        errors.extend(
            forbidden(where / "securityContext" / key, detail) for key in _LINUX_CONTAINER if own.get(key) is not None
        )
