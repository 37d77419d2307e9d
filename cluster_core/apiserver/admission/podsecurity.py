"""Namespaces choose by labels how careful their pods must be. Models pod-security-admission/admission.

Modes: "enforce" refuses pods, "warn" warns about pods and templates, "audit" tells the audit log (kept nowhere here).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.apiserver.admission.podsecurity_levels import LATEST, violations
from cluster_core.apiserver.parts import controller_of
from cluster_core.machinery import errors, field
from cluster_core.machinery.typed import Obj

_PREFIX = "pod-security.kubernetes.io/"
_LEVELS = ("privileged", "baseline", "restricted")
_VERSION = re.compile(r"v1\.(0|[1-9][0-9]*)\Z")
_IGNORED = frozenset({"exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"})
_MOST_PODS = 3000
_TEMPLATES = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "PodTemplate": ("template",),
    **dict.fromkeys(
        ("DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"), ("spec", "template")
    ),
}


class Standard(NamedTuple):
    """A level at a version; `text` is the version as given."""

    level: str = "privileged"
    text: str = "latest"

    @property
    def minor(self) -> int:
        return LATEST if self.text == "latest" else int(self.text.removeprefix("v1."))

    def __str__(self) -> str:
        return f"{self.level}:{self.text}"


class Policy(NamedTuple):
    """What a namespace asks for."""

    enforce: Standard
    warn: Standard
    audit: Standard
    problems: tuple[Any, ...] = ()


_OPEN = Policy(Standard(), Standard(), Standard())


def policy_of(labels: Mapping[str, str] | None) -> Policy:
    """The policy in a namespace's labels."""
    relevant = tuple(sorted((key, value) for key, value in (labels or {}).items() if key.startswith(_PREFIX)))
    return _parsed(relevant) if relevant else _OPEN


@lru_cache(1024)
def _parsed(labels: tuple[tuple[str, str], ...]) -> Policy:
    given, problems, standards = dict(labels), list[Any](), dict[str, Standard]()
    for mode, otherwise in (("enforce", "restricted"), ("audit", "privileged"), ("warn", "privileged")):
        level = _checked(
            given, f"{_PREFIX}{mode}", _LEVELS.__contains__, f"must be one of {', '.join(_LEVELS)}", problems
        )
        version = _checked(given, f"{_PREFIX}{mode}-version", _is_version, 'must be "latest" or "v1.x"', problems)
        level = "privileged" if level is None else level or otherwise
        standards[mode] = Standard(level, version or "latest")
    return Policy(standards["enforce"], _warned(given, standards), standards["audit"], tuple(problems))


def _is_version(text: str) -> bool:
    return text == "latest" or bool(_VERSION.match(text))


def _checked(given: dict[str, str], label: str, valid: Any, message: str, problems: list[Any]) -> str | None:
    """The label's value, None when absent, "" when wrong."""
    value = given.get(label)
    if value is None or valid(value):
        return value
    problems.append(field.invalid(field.Path("metadata").child("labels").key(label), value, message))
    return ""


def _warned(given: dict[str, str], standards: dict[str, Standard]) -> Standard:
    """Who enforces and says nothing of warnings is warned about what is enforced."""
    enforce, warn = standards["enforce"], standards["warn"]
    if f"{_PREFIX}warn" in given or given.get(f"{_PREFIX}enforce") not in _LEVELS or enforce.level == "privileged":
        return warn
    return Standard(enforce.level, warn.text if f"{_PREFIX}warn-version" in given else enforce.text)


# ------------------------------------------------------------------------------------------------ admission


def _validate(attributes: Attributes) -> None:
    if attributes.obj is None:
        return
    if attributes.kind.name == "Namespace":
        _validate_namespace(attributes, attributes.obj)
        return
    server = attributes.context.server
    namespace = server.storage.get(server.kinds.named("Namespace", ""), "", attributes.namespace)
    policy = policy_of(namespace["metadata"].get("labels")) if namespace else _OPEN
    if policy is not _OPEN:
        _validate_pods(attributes, attributes.obj, policy)


def _validate_pods(attributes: Attributes, obj: Obj, policy: Policy) -> None:
    """A pod, or something with a template of pods."""
    if attributes.kind.name == "Pod":
        if attributes.subresource in _IGNORED or not _significant(attributes):
            return
        _enforce(attributes, policy.enforce, obj)
        _warn(attributes, policy.warn, obj)
    elif not attributes.subresource:
        template: Any = obj
        for step in _TEMPLATES[attributes.kind.name]:
            template = (template or {}).get(step)
        if template:
            _warn(attributes, policy.warn, template)


def _found(standard: Standard, pod: Obj) -> list[tuple[str, str]]:
    return violations(standard.level, standard.minor, pod.get("metadata") or {}, pod.get("spec") or {})


def _text(found: list[tuple[str, str]]) -> str:
    return ", ".join(f"{reason} ({detail})" if detail else reason for reason, detail in found)


def _enforce(attributes: Attributes, standard: Standard, pod: Obj) -> None:
    found = _found(standard, pod)
    if found:
        text = f'violates PodSecurity "{standard}": {_text(found)}'
        raise errors.forbidden("", "pods", attributes.name, text)


def _warn(attributes: Attributes, standard: Standard, pod: Obj) -> None:
    found = _found(standard, pod)
    if found:
        attributes.context.warnings.append(f'would violate PodSecurity "{standard}": {_text(found)}')


def _significant(attributes: Attributes) -> bool:
    """Whether an update of a pod changes what the standards look at: images and the set of containers."""
    new, old = attributes.obj, attributes.old
    return new is None or old is None or _images(new) != _images(old)


def _images(pod: Obj) -> list[list[tuple[str, str]]]:
    keys = ("containers", "initContainers", "ephemeralContainers")
    return [[(each["name"], each.get("image", "")) for each in pod["spec"].get(key) or ()] for key in keys]


# ------------------------------------------------------------------------------------------------ namespaces


def _validate_namespace(attributes: Attributes, namespace: Obj) -> None:
    if attributes.subresource:
        return
    new = policy_of(namespace["metadata"].get("labels"))
    old = policy_of(attributes.old["metadata"].get("labels")) if attributes.old else None
    if new.problems and (old is None or [*map(str, new.problems)] != [*map(str, old.problems)]):
        raise errors.invalid("", "Namespace", namespace["metadata"]["name"], new.problems)
    if old is not None and _stricter(new.enforce, old.enforce):
        attributes.context.warnings.extend(_existing(attributes, namespace["metadata"]["name"], new.enforce))


def _stricter(new: Standard, old: Standard) -> bool:
    if new == old or new.level == "privileged":
        return False
    return new.text != old.text or _LEVELS.index(new.level) > _LEVELS.index(old.level)


def _existing(attributes: Attributes, name: str, standard: Standard) -> list[str]:
    """Warnings about the pods that are there already: of each controller's pods only one is looked at."""
    server = attributes.context.server
    pods = list(
        {_group(pod): pod for pod in reversed(server.storage.list(server.kinds.named("Pod", ""), name))}.values()
    )
    broken: dict[str, list[str]] = {}
    for pod in pods[:_MOST_PODS]:
        found = _found(standard, pod)
        if found:
            broken.setdefault(", ".join(reason for reason, _ in found), []).append(pod["metadata"]["name"])
    if not broken:
        return []
    head = f'existing pods in namespace "{name}" violate the new PodSecurity enforce level "{standard}"'
    return [head, *sorted(_listed(sorted(names), reasons) for reasons, names in broken.items())]


def _group(pod: Obj) -> str:
    owner = controller_of(pod)
    return str(owner["uid"] if owner else pod["metadata"]["uid"])


def _listed(names: list[str], reasons: str) -> str:
    more = len(names) - 1
    others = f" (and {more} other pod{'' if more == 1 else 's'})" if more else ""
    return f"{names[0]}{others}: {reasons}"


PLUGIN = Plugin("PodSecurity", validate=_validate, kinds=frozenset({"Namespace", "Pod", *_TEMPLATES}))
