"""A pod spec, in a pod or in a template. Models ValidatePodSpec of pkg/apis/core/validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cluster_core.kinds.affinity_validation import affinity, tolerations, topology_spread
from cluster_core.kinds.checks import choice, ip, label_key, labels, name
from cluster_core.kinds.container_validation import Surroundings, containers, ephemeral_containers, init_containers
from cluster_core.kinds.mounts_validation import file_key_volumes
from cluster_core.kinds.resources_validation import container_resources, pod_claims, pod_level
from cluster_core.kinds.security_validation import operating_system, pod_security
from cluster_core.kinds.volumes_validation import Owner, volumes
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, duplicate, forbidden, invalid, required, too_long
from cluster_core.machinery.typed import Obj

MIRROR = "kubernetes.io/config.mirror"
CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_PREEMPTION = ("PreemptLowerPriority", "Never")
_MAX_INT32 = 2**31 - 1
_NAMESERVERS, _SEARCHES, _SEARCH_CHARACTERS = 3, 32, 2048
_HOSTNAME_LENGTH = 64


def pod_spec(errors: Errors, path: Path, spec: Obj, metadata: Obj, *, is_pod: bool = False) -> None:
    """Check a spec at `path`; `metadata` is the pod's or the template's."""
    if spec.get("terminationGracePeriodSeconds") is None:
        errors.append(required(path / "terminationGracePeriodSeconds"))
    owner = Owner(metadata.get("name", ""), is_pod)
    good = volumes(errors, path / "volumes", spec.get("volumes") or (), owner)
    if spec.get("resourceClaims"):
        pod_claims(errors, path / "resourceClaims", spec, MIRROR in (metadata.get("annotations") or ()))
    around = Surroundings(
        good,
        {one["name"] for one in spec.get("resourceClaims") or () if one.get("name")},
        spec.get("terminationGracePeriodSeconds"),
        (spec.get("os") or {}).get("name", "") if spec.get("os") is not None else None,
        spec.get("restartPolicy", ""),
        spec.get("hostUsers") is not False,
    )
    regular = spec.get("containers") or ()
    containers(errors, path / "containers", regular, around)
    if spec.get("initContainers"):
        init_containers(errors, path / "initContainers", spec["initContainers"], regular, around)
    if spec.get("ephemeralContainers"):
        ephemeral_containers(errors, path / "ephemeralContainers", spec, around)
    pod_level(errors, path, spec)
    if spec.get("hostNetwork"):
        _host_network(errors, path / "containers", regular, is_pod)
    _settings(errors, path, spec)


def _settings(errors: Errors, path: Path, spec: Obj) -> None:
    """Everything that is not about containers and volumes, in upstream's order."""
    choice(errors, path / "restartPolicy", spec.get("restartPolicy"), _RESTART_POLICIES)
    choice(errors, path / "dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    if spec.get("nodeSelector"):
        labels(errors, path / "nodeSelector", spec["nodeSelector"])
    pod_security(errors, path / "securityContext", spec)
    if spec.get("affinity"):
        affinity(errors, path / "affinity", spec["affinity"])
    _dns_config(errors, path / "dnsConfig", spec)
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        label_key(errors, (path / "readinessGates")[index] / "conditionType", gate.get("conditionType", ""))
    if spec.get("schedulingGates"):
        _scheduling_gates(errors, path / "schedulingGates", spec["schedulingGates"])
    if spec.get("topologySpreadConstraints"):
        topology_spread(errors, path / "topologySpreadConstraints", spec["topologySpreadConstraints"])
    _host_process(errors, path, spec)
    if spec.get("hostUsers") is False:
        _host_users(errors, path, spec)
    if spec.get("hostnameOverride") is not None:
        _hostname_override(errors, path, spec)
    _names(errors, path, spec)
    _late(errors, path, spec)


def _names(errors: Errors, path: Path, spec: Obj) -> None:
    for key in ("serviceAccountName", "nodeName"):
        if spec.get(key):
            name(errors, path / key, spec[key], names.dns1123_subdomain)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _MAX_INT32:
        errors.append(invalid(path / "activeDeadlineSeconds", deadline, names.range_error(1, _MAX_INT32)))
    for key in ("hostname", "subdomain"):
        if spec.get(key):
            name(errors, path / key, spec[key], names.dns1123_label)
    if spec.get("tolerations"):
        tolerations(errors, path / "tolerations", spec["tolerations"])
    if spec.get("hostAliases"):
        _host_aliases(errors, path / "hostAliases", spec["hostAliases"])


def _host_aliases(errors: Errors, path: Path, aliases: Sequence[Obj]) -> None:
    for index, alias in enumerate(aliases):
        at = path[index]
        ip(errors, at / "ip", alias.get("ip", ""))
        for position, hostname in enumerate(alias.get("hostnames") or ()):
            name(errors, (at / "hostnames")[position], hostname, names.dns1123_subdomain)


def _late(errors: Errors, path: Path, spec: Obj) -> None:
    if spec.get("priorityClassName"):
        name(errors, path / "priorityClassName", spec["priorityClassName"], names.dns1123_subdomain)
    if spec.get("runtimeClassName") is not None:
        name(errors, path / "runtimeClassName", spec["runtimeClassName"], names.dns1123_subdomain)
    if spec.get("preemptionPolicy") is not None:
        choice(errors, path / "preemptionPolicy", spec["preemptionPolicy"], _PREEMPTION)
    if spec.get("overhead"):
        container_resources(errors, path / "overhead", {"limits": spec["overhead"]})
    if spec.get("os") is not None:
        operating_system(errors, path, spec, list(every_container(spec, path)))
    if any("fileKeyRef" in (one.get("valueFrom") or ()) for one in _variables(spec)):
        known = {volume.get("name", ""): volume for volume in spec.get("volumes") or ()}
        for key in CONTAINERS:
            file_key_volumes(errors, path / key, spec.get(key) or (), known)


def _variables(spec: Obj) -> Iterator[Obj]:
    for key in CONTAINERS:
        for container in spec.get(key) or ():
            yield from container.get("env") or ()


def every_container(spec: Obj, path: Path) -> Iterator[tuple[Obj, Path]]:
    """Containers of every sort with their paths, in the order of VisitContainersWithPath."""
    for key in CONTAINERS:
        for index, container in enumerate(spec.get(key) or ()):
            yield container, (path / key)[index]


def _host_network(errors: Errors, path: Path, found: Sequence[Obj], is_pod: bool) -> None:
    for index, container in enumerate(found):
        for at, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort", 0)
            if (is_pod or number) and number != port.get("containerPort", 0):
                detail = "must match `containerPort` when `hostNetwork` is true"
                errors.append(invalid((path[index] / "ports")[at] / "hostPort", number, detail))


def _scheduling_gates(errors: Errors, path: Path, gates: Sequence[Obj]) -> None:
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        wanted = gate.get("name", "")
        label_key(errors, path[index], wanted)
        if wanted in seen:
            errors.append(duplicate(path[index], wanted))
        seen.add(wanted)


def _dns_config(errors: Errors, path: Path, spec: Obj) -> None:
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            errors.append(required(path, "must provide `dnsConfig` when `dnsPolicy` is None"))
            return
        if not config.get("nameservers"):
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            errors.append(required(path / "nameservers", detail))
            return
    if config:
        _resolver(errors, path, config)


def _resolver(errors: Errors, path: Path, config: Obj) -> None:
    servers = config.get("nameservers") or ()
    if len(servers) > _NAMESERVERS:
        detail = f"must not have more than {_NAMESERVERS} nameservers"
        errors.append(invalid(path / "nameservers", list(servers), detail))
    for index, server in enumerate(servers):
        ip(errors, (path / "nameservers")[index], server)
    _searches(errors, path / "searches", config.get("searches") or ())
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(required((path / "options")[index], "must not be empty"))


def _searches(errors: Errors, path: Path, searches: Sequence[str]) -> None:
    if len(searches) > _SEARCHES:
        errors.append(invalid(path, list(searches), f"must not have more than {_SEARCHES} search paths"))
    if names.length(" ".join(searches)) > _SEARCH_CHARACTERS:
        detail = f"must not have more than {_SEARCH_CHARACTERS} characters (including spaces) in the search list"
        errors.append(invalid(path, list(searches), detail))
    for index, search in enumerate(searches):
        if search != ".":
            name(errors, path[index], search.removesuffix("."), names.dns1123_subdomain_underscore)


def _host_process(errors: Errors, path: Path, spec: Obj) -> None:
    """Windows: either all containers run on the host or none does."""
    own = _is_host_process(spec)
    found = [(_is_host_process(one), at) for one, at in every_container(spec, path)]
    if own is None and not any(one is not None for one, _ in found):
        return
    count = 0
    for one, at in found:
        if own is not None and one is not None and own != one:
            detail = f"pod hostProcess value must be identical if both are specified, was {str(own).lower()}"
            errors.append(invalid(at.child("securityContext", "windowsOptions", "hostProcess"), one, detail))
        count += bool(own if one is None else one)
    if not count:
        return
    if count != len(found):
        detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        errors.append(invalid(path, "", detail))
    if not spec.get("hostNetwork"):
        detail = "hostNetwork must be true if pod contains any hostProcess containers"
        errors.append(invalid(path / "hostNetwork", False, detail))


def _is_host_process(holder: Obj) -> bool | None:
    context = holder.get("securityContext")
    if not context or not context.get("windowsOptions"):
        return None
    found: bool | None = context["windowsOptions"].get("hostProcess")
    return found


def _host_users(errors: Errors, path: Path, spec: Obj) -> None:
    detail = "when `hostUsers` is false"
    for key, shown in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
        if spec.get(key):
            errors.append(forbidden(path / shown, detail))
    for container, at in every_container(spec, path):
        if container.get("volumeDevices"):
            errors.append(forbidden(at / "volumeDevices", detail))


def _hostname_override(errors: Errors, path: Path, spec: Obj) -> None:
    at, wanted = path / "hostnameOverride", spec["hostnameOverride"]
    if spec.get("setHostnameAsFQDN"):
        errors.append(forbidden(at, "may not be specified when setHostnameAsFQDN is true"))
    if spec.get("hostNetwork"):
        errors.append(forbidden(at, "may not be specified when hostNetwork is true"))
    if names.length(wanted) > _HOSTNAME_LENGTH:
        errors.append(too_long(at, _HOSTNAME_LENGTH))
    name(errors, at, wanted, names.dns1123_subdomain)
