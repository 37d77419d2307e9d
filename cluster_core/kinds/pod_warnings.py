"""What the API server warns of in pods and templates, in Warning headers. Models pkg/api/pod/warnings.go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cluster_core.kinds.node_labels import deprecated, term_warnings
from cluster_core.kinds.pod_known_good import Faultless, key_of
from cluster_core.kinds.pod_strategy import APP_ARMOR_ANNOTATION, app_armor_profile
from cluster_core.kinds.podspec_validation import every_container
from cluster_core.kinds.volume_warnings import volume_warnings
from cluster_core.machinery import addresses, names, quantity
from cluster_core.machinery.field import Path
from cluster_core.machinery.gofmt import quote
from cluster_core.machinery.typed import Obj

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_APP_ARMOR = 'deprecated since v1.30; use the "appArmorProfile" field instead'
_NO_SELECTOR = "a null labelSelector results in matching no pod"
_FRACTION = "fractional byte value {} is invalid, must be an integer"
_NAME_OF_PODS = "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: "
_NAME_OF_POD = "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: "
Warnings = Iterator[str]


def name_warnings(obj: Obj, text: str = _NAME_OF_PODS) -> list[str]:
    """A name that makes a bad hostname."""
    problems = names.dns1123_label(obj["metadata"].get("name", ""))
    return [f"{text}[{' '.join(problems)}]"] if problems else []


def pod_warnings(new: Obj, old: Obj | None) -> list[str]:
    """Pods are warned of when they are created; people rarely update them."""
    if old is not None:
        return []
    key = key_of(new)
    of_name = name_warnings(new, _NAME_OF_POD)
    if key in _UNREMARKABLE:
        return of_name
    of_spec = [*_of_pod(Path(), new["spec"], new["metadata"])]
    if not of_spec:
        _UNREMARKABLE.add(key)
    return [*of_name, *of_spec]


_UNREMARKABLE = Faultless()


def app_armor_warnings(pod: Obj) -> list[str]:
    """The annotation has been made a field by now unless it made no sense."""
    annotations = pod["metadata"].get("annotations") or {}
    if not any(key.startswith(APP_ARMOR_ANNOTATION) for key in annotations):
        return []
    return list(_app_armor_of_pod(pod["spec"], annotations))


def _app_armor_of_pod(spec: Obj, annotations: Mapping[str, str]) -> Warnings:
    own = (spec.get("securityContext") or {}).get("appArmorProfile")
    for container, _ in every_container(spec, Path("spec")):
        key = APP_ARMOR_ANNOTATION + container.get("name", "")
        if key in annotations:
            profile = app_armor_profile(annotations[key])
            field = (container.get("securityContext") or {}).get("appArmorProfile")
            if profile is None or (profile == field and profile != own):
                yield f"metadata.annotations[{key}]: {_APP_ARMOR}"


def template_warnings(path: Path, template: Obj) -> list[str]:
    """The same for a pod template at `path`."""
    spec, metadata = template.get("spec") or {}, template.get("metadata") or {}
    return [*_of_pod(path, spec, metadata, is_template=True)]


def workload_warnings(new: Obj, old: Obj | None, *, named: bool = True) -> list[str]:
    """Warnings of a workload with spec.template: on creation, and when an update changes its generation."""
    if old is None:
        own = name_warnings(new) if named else []
        return [*own, *template_warnings(Path("spec", "template"), new["spec"].get("template") or {})]
    if new["metadata"].get("generation") == old["metadata"].get("generation"):
        return []
    return template_warnings(Path("spec", "template"), new["spec"].get("template") or {})


def _of_pod(path: Path, spec: Obj, metadata: Obj, *, is_template: bool = False) -> Warnings:
    annotations = metadata.get("annotations") or {}
    yield from _placement(path / "spec", spec)
    for key, message in _ANNOTATIONS.items():
        if key in annotations:
            yield f"{path.child('metadata', 'annotations')[key]}: {message}"
    if spec.get("volumes"):
        yield from volume_warnings(path.child("spec", "volumes"), spec["volumes"])
    yield from _lists(path / "spec", spec)
    if annotations:
        yield from _seccomp_of_pod(path, spec, annotations)
    for container, at in every_container(spec, path / "spec"):
        if annotations:
            yield from _profiles(path, container, spec, (annotations, is_template))
        yield from _amounts(at, container)
        yield from _variables(at / "env", container.get("env") or ())
    yield from _ports(path / "spec", spec)
    yield from _late(path / "spec", spec)


def _placement(path: Path, spec: Obj) -> Warnings:
    for key in spec.get("nodeSelector") or ():
        if deprecated(key):
            yield f"{(path / 'nodeSelector')[key]}: {deprecated(key)}"
    node = (spec.get("affinity") or {}).get("nodeAffinity")
    if node:
        at = path.child("affinity", "nodeAffinity")
        for index, term in enumerate((node.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()):
            yield from term_warnings(at.child(_REQUIRED, "nodeSelectorTerms")[index], term)
        for index, one in enumerate(node.get(_PREFERRED) or ()):
            preference = one.get("preference") or {}
            yield from term_warnings((at / _PREFERRED)[index] / "preference", preference, values=True)
    yield from _spread(path, spec)


def _spread(path: Path, spec: Obj) -> Warnings:
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        at, key = (path / "topologySpreadConstraints")[index], constraint.get("topologyKey", "")
        if deprecated(key):
            yield f"{at / 'topologyKey'}: {key} is {deprecated(key)}"
        if constraint.get("labelSelector") is None:
            yield f"{at / 'labelSelector'}: {_NO_SELECTOR}"


def _lists(path: Path, spec: Obj) -> Warnings:
    seen: set[str] = set()
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        if alias.get("ip", "") in seen:
            yield f"{(path / 'hostAliases')[index] / 'ip'}: duplicate ip {quote(alias.get('ip', ''))}"
        seen.add(alias.get("ip", ""))
    secrets = spec.get("imagePullSecrets") or ()
    known: set[str] = set()
    for index, secret in enumerate(secrets):
        if secret.get("name", "") in known:
            yield f"{(path / 'imagePullSecrets')[index] / 'name'}: duplicate name {quote(secret.get('name', ''))}"
        known.add(secret.get("name", ""))
    for index, secret in enumerate(secrets):
        if not secret.get("name"):
            yield f'{(path / "imagePullSecrets")[index] / "name"}: invalid empty name ""'
    yield from _fractions(path / "overhead", spec.get("overhead"))


def _is_fraction(text: str) -> bool:
    return not text.isdigit() and quantity.milli(text) % 1000 != 0


def _fractions(
    path: Path, amounts: Mapping[str, str] | None, keys: Sequence[str] = ("memory", "ephemeral-storage")
) -> Warnings:
    for key in keys:
        if amounts and key in amounts and _is_fraction(amounts[key]):
            yield f"{path[key]}: {_FRACTION.format(quote(amounts[key]))}"


def _amounts(path: Path, container: Obj) -> Warnings:
    resources = container.get("resources") or {}
    if not resources:
        return
    for key in ("memory", "ephemeral-storage"):
        for which in ("limits", "requests"):
            yield from _fractions(path.child("resources", which), resources.get(which), (key,))


def _seccomp_of_pod(path: Path, spec: Obj, annotations: Mapping[str, str]) -> Warnings:
    if _SECCOMP_POD in annotations and not (spec.get("securityContext") or {}).get("seccompProfile"):
        yield f"{path.child('metadata', 'annotations')[_SECCOMP_POD]}: {_SECCOMP}"


def _profiles(path: Path, container: Obj, spec: Obj, notes: tuple[Mapping[str, str], bool]) -> Warnings:
    annotations, is_template = notes
    context, name = container.get("securityContext") or {}, container.get("name", "")
    at = path.child("metadata", "annotations")
    if _SECCOMP_CONTAINER + name in annotations and not context.get("seccompProfile"):
        yield f"{at[_SECCOMP_CONTAINER + name]}: {_SECCOMP}"
    key = APP_ARMOR_ANNOTATION + name
    if is_template and key in annotations and not context.get("appArmorProfile"):
        own = (spec.get("securityContext") or {}).get("appArmorProfile")
        if own is None or own != app_armor_profile(annotations[key]):
            yield f"{at[key]}: {_APP_ARMOR}"


def _variables(path: Path, variables: Sequence[Obj]) -> Warnings:
    """A name twice is fine only where the later value is made from the earlier one."""
    seen: set[str] = set()
    for index, variable in enumerate(variables):
        name, value = variable.get("name", ""), variable.get("value", "")
        reference = f"$({name})"
        if name in seen and (variable.get("valueFrom") is not None or value == reference or reference not in value):
            yield f"{path[index]}: hides previous definition of {quote(name)}, which may be dropped when using apply"
        seen.add(name)


# ------------------------------------------------------------------------------------------------ ports


def _ports(path: Path, spec: Obj) -> Warnings:
    found = [
        (port, (at / "ports")[index])
        for container, at in every_container(spec, path)
        for index, port in enumerate(container.get("ports") or ())
    ]
    if not found:
        return
    groups: dict[tuple[int, str], list[tuple[Obj, Path]]] = {}
    for port, at in found:
        if port.get("hostIP") and not port.get("hostPort"):
            yield f"{at}: hostIP set without hostPort: {_internal(port)}"
        others = groups.setdefault((port.get("containerPort", 0), port.get("protocol", "")), [])
        for other, where in others:
            problem = _clash(port, other)
            if problem:
                yield f"{at}: {problem} port definition with {where}"
        others.append((port, at))
    yield from _same_names(found)


def _same_names(found: Sequence[tuple[Obj, Path]]) -> Warnings:
    by_name: dict[str, Path] = {}
    for port, at in found:
        name = port.get("name")
        if name and name in by_name:
            detail = f"services and probes that select ports by name will use {by_name[name]}"
            yield f"{at}: duplicate port name {quote(name)} with {by_name[name]}, {detail}"
        elif name:
            by_name[name] = at


def _internal(port: Obj) -> str:
    """As Go prints the struct with %+v."""
    return (
        f"{{Name:{port.get('name', '')} HostPort:{port.get('hostPort', 0)} ContainerPort:{port.get('containerPort', 0)}"
        f" Protocol:{port.get('protocol', '')} HostIP:{port.get('hostIP', '')}}}"
    )


def _clash(port: Obj, other: Obj) -> str:
    mine, theirs = ((one.get("hostIP", ""), one.get("hostPort", 0)) for one in (port, other))
    if mine == theirs:
        return "duplicate"
    if not mine[1] or not theirs[1]:
        return "overlapping"
    return "dangerously ambiguous" if mine[1] == theirs[1] and (not mine[0]) != (not theirs[0]) else ""


def _matching_none(path: Path, terms: Obj) -> Warnings:
    for index, term in enumerate(terms.get(_REQUIRED) or ()):
        if term.get("labelSelector") is None:
            yield f"{(path / _REQUIRED)[index] / 'labelSelector'}: {_NO_SELECTOR}"
    for index, one in enumerate(terms.get(_PREFERRED) or ()):
        if (one.get("podAffinityTerm") or {}).get("labelSelector") is None:
            yield f"{(path / _PREFERRED)[index].child('podAffinityTerm', 'labelSelector')}: {_NO_SELECTOR}"


def _late(path: Path, spec: Obj) -> Warnings:
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        detail = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{path / 'terminationGracePeriodSeconds'}: {detail}"
    for key in ("podAffinity", "podAntiAffinity"):
        yield from _matching_none(path.child("affinity", key), (spec.get("affinity") or {}).get(key) or {})
    for index, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        yield from addresses.ip_warnings(path.child("dnsConfig", "nameservers")[index], server)
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        yield from addresses.ip_warnings((path / "hostAliases")[index] / "ip", alias.get("ip", ""))
