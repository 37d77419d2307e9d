"""Containers, init containers and ephemeral containers. Models those parts of pkg/apis/core/validation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cluster_core.kinds.checks import name, port_number
from cluster_core.kinds.env_validation import env, env_from
from cluster_core.kinds.mounts_validation import Volumes, volume_devices, volume_mounts
from cluster_core.kinds.probe_validation import lifecycle, probes
from cluster_core.kinds.resources_validation import container_resources
from cluster_core.kinds.security_validation import container_security, pull_policy
from cluster_core.machinery import names
from cluster_core.machinery.field import (
    Errors,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
    too_many,
)
from cluster_core.machinery.typed import Obj

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_RESTART = ("Always", "Never", "OnFailure")
_RULE_ACTIONS = ("Restart", "RestartAllContainers")
_RULE_OPERATORS = ("In", "NotIn")
_MOST_RULES, _MOST_CODES = 20, 255
_NOT_IN_INIT = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_EPHEMERAL_ORDER = (
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)


@dataclass(slots=True)
class Surroundings:
    """What of its pod a container's validation depends on."""

    volumes: Volumes
    claims: Collection[str]
    grace: int | None
    os: str | None
    restart_policy: str
    host_users: bool


def containers(errors: Errors, path: Path, found: Sequence[Obj], pod: Surroundings) -> None:
    if not found:
        errors.append(required(path))
        return
    seen: set[str] = set()
    for index, container in enumerate(found):
        at = path[index]
        _common(errors, at, container, pod)
        wanted = container.get("name", "")
        if wanted in seen:
            errors.append(duplicate(at / "name", wanted))
        seen.add(wanted)
        if container.get("lifecycle") is not None:
            lifecycle(errors, at / "lifecycle", container["lifecycle"], pod.grace, pod.os)
        probes(errors, at, container)
        _restart_policy(errors, at, container)
    host_ports(errors, path, found, set())


def init_containers(
    errors: Errors, path: Path, found: Sequence[Obj], regular: Sequence[Obj], pod: Surroundings
) -> None:
    seen = {container.get("name", "") for container in regular}
    for index, container in enumerate(found):
        at = path[index]
        _common(errors, at, container, pod)
        _init_restart_policy(errors, at, container)
        wanted = container.get("name", "")
        if wanted in seen:
            errors.append(duplicate(at / "name", wanted))
        elif wanted:
            seen.add(wanted)
        # Upstream checks each alone and reports at the first index.
        host_ports(errors, path, [container], set())
        sidecar = container.get("restartPolicy") == "Always"
        if sidecar:
            if container.get("lifecycle") is not None:
                lifecycle(errors, at / "lifecycle", container["lifecycle"], pod.grace, pod.os)
            probes(errors, at, container)
            continue
        detail = "may not be set for init containers without restartPolicy=Always"
        errors.extend(forbidden(at / key, detail) for key in _NOT_IN_INIT if container.get(key) is not None)
        _resize_of_init(errors, at, container.get("resizePolicy") or ())


def _resize_of_init(errors: Errors, path: Path, policies: Sequence[Obj]) -> None:
    for index, policy in enumerate(policies):
        if policy.get("restartPolicy") == "RestartContainer":
            detail = "must not be set to 'RestartContainer' for non-sidecar initContainers"
            errors.append(invalid((path / "resizePolicy")[index] / "restartPolicy", "RestartContainer", detail))


def ephemeral_containers(errors: Errors, path: Path, spec: Obj, pod: Surroundings) -> None:
    """spec.ephemeralContainers, which must not be named like any other container."""
    others = {one.get("name", "") for key in ("containers", "initContainers") for one in spec.get(key) or ()}
    seen = set(others)
    for index, container in enumerate(spec.get("ephemeralContainers") or ()):
        at = path[index]
        _common(errors, at, container, pod)
        image_of_pod(errors, at, container)
        wanted, target = container.get("name", ""), container.get("targetContainerName", "")
        if wanted in seen:
            errors.append(duplicate(at / "name", wanted))
        seen.add(wanted)
        if target and target not in others:
            errors.append(not_found(at / "targetContainerName", target))
        detail = "cannot be set for an Ephemeral Container"
        errors.extend(forbidden(at / key, detail) for key in _EPHEMERAL_ORDER if container.get(key) or (key in _POINTERS and key in container))
        for position, mount in enumerate(container.get("volumeMounts") or ()):
            where = (at / "volumeMounts")[position]
            errors.extend(forbidden(where / key, detail) for key in ("subPath", "subPathExpr") if mount.get(key))


_POINTERS = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
"""Set when they are empty, too."""


def image_of_pod(errors: Errors, path: Path, container: Obj) -> None:
    """Templates may pad an image's name, pods may not."""
    image = container.get("image", "")
    if image != image.strip():
        errors.append(invalid(path / "image", image, "must not have leading or trailing whitespace"))


def _common(errors: Errors, path: Path, container: Obj, pod: Surroundings) -> None:
    """validateContainerCommon."""
    wanted = container.get("name", "")
    if not wanted:
        errors.append(required(path / "name"))
    else:
        name(errors, path / "name", wanted, names.dns1123_label)
    if not container.get("image"):
        errors.append(required(path / "image"))
    if container.get("terminationMessagePolicy") not in _MESSAGE_POLICIES:
        _message_policy(errors, path / "terminationMessagePolicy", container.get("terminationMessagePolicy", ""))
    _inputs(errors, path, container, pod)
    if container.get("imagePullPolicy") not in _PULL_POLICIES:
        pull_policy(errors, path / "imagePullPolicy", container.get("imagePullPolicy"))
    if container.get("resources"):
        container_resources(errors, path / "resources", container["resources"], pod.claims)
    if container.get("resizePolicy"):
        _resize_policy(errors, path / "resizePolicy", container["resizePolicy"], pod.restart_policy)
    if container.get("securityContext"):
        container_security(errors, path / "securityContext", container["securityContext"], pod.host_users)


def _message_policy(errors: Errors, path: Path, policy: str) -> None:
    if not policy:
        errors.append(required(path))
    else:
        errors.append(not_supported(path, policy, _MESSAGE_POLICIES))


def _inputs(errors: Errors, path: Path, container: Obj, pod: Surroundings) -> None:
    if container.get("ports"):
        _ports(errors, path / "ports", container["ports"])
    if container.get("env"):
        env(errors, path / "env", container["env"])
    if container.get("envFrom"):
        env_from(errors, path / "envFrom", container["envFrom"])
    if container.get("volumeMounts"):
        volume_mounts(errors, path / "volumeMounts", container, pod.volumes)
    if container.get("volumeDevices"):
        volume_devices(errors, path / "volumeDevices", container, pod.volumes)


def _ports(errors: Errors, path: Path, ports: Sequence[Obj]) -> None:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        _port_name(errors, path[index] / "name", port.get("name", ""), seen)
        number = port.get("containerPort", 0)
        if not number:
            errors.append(required(path[index] / "containerPort"))
        else:
            port_number(errors, path[index] / "containerPort", number)
        if port.get("hostPort"):
            port_number(errors, path[index] / "hostPort", port["hostPort"])
        protocol = port.get("protocol", "")
        if not protocol:
            errors.append(required(path[index] / "protocol"))
        elif protocol not in _PROTOCOLS:
            errors.append(not_supported(path[index] / "protocol", protocol, _PROTOCOLS))


def _port_name(errors: Errors, path: Path, wanted: str, seen: set[str]) -> None:
    if not wanted:
        return
    problems = names.port_name(wanted)
    errors.extend(invalid(path, wanted, message) for message in problems)
    if not problems:
        if wanted in seen:
            errors.append(duplicate(path, wanted))
        seen.add(wanted)


def host_ports(errors: Errors, path: Path, found: Sequence[Obj], taken: set[str]) -> None:
    """Ports of the host are taken once per protocol and address."""
    for index, container in enumerate(found):
        for at, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            text = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if text in taken:
                errors.append(duplicate((path[index] / "ports")[at] / "hostPort", text))
            taken.add(text)


def _resize_policy(errors: Errors, path: Path, policies: Sequence[Obj], pod_restart: str) -> None:
    seen: set[str] = set()
    for index, policy in enumerate(policies):
        resource, restart = policy.get("resourceName", ""), policy.get("restartPolicy", "")
        if resource in seen:
            errors.append(duplicate(path[index], resource))
        seen.add(resource)
        for value, known in ((resource, ("cpu", "memory")), (restart, ("NotRequired", "RestartContainer"))):
            if not value:
                errors.append(required(path))
            elif value not in known:
                errors.append(not_supported(path, value, known))
        if pod_restart == "Never" and restart != "NotRequired":
            detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            errors.append(invalid(path, restart, detail))


# ------------------------------------------------------------------------------------------------ restarts


def _restart_policy(errors: Errors, path: Path, container: Obj) -> None:
    """A container's own restart policy and its rules."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or ()
    if policy is None:
        if rules:
            errors.append(required(path / "restartPolicy", "must specify restartPolicy when restart rules are used"))
    elif policy not in _RESTART:
        errors.append(not_supported(path / "restartPolicy", policy, _RESTART))
    if len(rules) > _MOST_RULES:
        errors.append(too_many(path / "restartPolicyRules", len(rules), _MOST_RULES))
    for index, rule in enumerate(rules):
        _rule(errors, (path / "restartPolicyRules")[index], rule)


def _init_restart_policy(errors: Errors, path: Path, container: Obj) -> None:
    if container.get("restartPolicy") is not None:
        _restart_policy(errors, path, container)
    elif container.get("restartPolicyRules"):
        errors.append(required(path / "restartPolicy", "must specify restartPolicy when restart rules are used"))


def _rule(errors: Errors, path: Path, rule: Obj) -> None:
    if rule.get("action", "") not in _RULE_ACTIONS:
        errors.append(not_supported(path / "action", rule.get("action", ""), _RULE_ACTIONS))
    codes = rule.get("exitCodes")
    if codes is None:
        errors.append(required(path / "exitCodes", "must be specified"))
        return
    if codes.get("operator", "") not in _RULE_OPERATORS:
        errors.append(not_supported(path.child("exitCodes", "operator"), codes.get("operator", ""), _RULE_OPERATORS))
    if len(codes.get("values") or ()) > _MOST_CODES:
        errors.append(too_many(path.child("exitCodes", "values"), len(codes["values"]), _MOST_CODES))
