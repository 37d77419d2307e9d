"""What the API server does to a pod before it is stored. Models pkg/registry/core/pod/strategy.go and the features that
are off by default in pkg/api/pod (their fields are dropped unless the old object had them)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cluster_core.kinds.qos import qos_class
from cluster_core.machinery.typed import Obj

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_AFFINITIES = ("podAffinity", "podAntiAffinity")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
APP_ARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_LOCALHOST = "localhost/"
_GATED = "Scheduling is blocked due to non-empty scheduling gates"


def prepare_create(pod: Obj) -> Obj:
    labels = pod["metadata"].get("labels") or {}
    spec = with_app_armor(with_label_keys(without_disabled(pod["spec"]), labels), pod["metadata"])
    status: dict[str, Any] = {"phase": "Pending", "qosClass": qos_class(pod)}
    if spec.get("schedulingGates"):
        status["conditions"] = [_gated(pod["metadata"].get("creationTimestamp"))]
    return {**pod, "spec": spec, "status": status}


def _gated(now: str | None) -> dict[str, Any]:
    return {
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "reason": "SchedulingGated",
        "message": _GATED,
    }


def prepare_update(new: Obj, old: Obj) -> Obj:
    spec = without_disabled(new["spec"], old["spec"])
    return new if spec is new["spec"] else {**new, "spec": spec}


def prepare_status(new: Obj, old: Obj) -> Obj:
    """Owners stay, as does the QoS class of a pod whose kubelet forgot it."""
    metadata = {key: value for key, value in new["metadata"].items() if key != "ownerReferences"}
    if "ownerReferences" in old["metadata"]:
        metadata["ownerReferences"] = old["metadata"]["ownerReferences"]
    status = dict(new.get("status") or {})
    before = old.get("status") or {}
    for key in ("qosClass", "observedGeneration"):
        if not status.get(key) and before.get(key):
            status[key] = before[key]
    if status.get("conditions"):
        status["conditions"] = _with_generations(status["conditions"], before.get("conditions") or ())
    return {**new, "metadata": metadata, "status": with_pod_ips(status)}


def _with_generations(conditions: Sequence[Obj], before: Sequence[Obj]) -> list[Obj]:
    """A condition that says no observedGeneration keeps the one it had."""
    known: dict[str, list[int]] = {}
    for one in before:
        known.setdefault(one.get("type", ""), []).append(one.get("observedGeneration", 0))
    result = []
    for one in conditions:
        generations = known.get(one.get("type", ""))
        old = generations.pop(0) if generations else 0
        result.append({**one, "observedGeneration": old} if old and not one.get("observedGeneration") else one)
    return result


def with_pod_ips(status: Obj) -> Obj:
    """podIP is the first of podIPs; the single one wins."""
    single, every = status.get("podIP"), status.get("podIPs")
    if single and (not every or every[0].get("ip") != single):
        return {**status, "podIPs": [{"ip": single}]}
    if every and not single and every[0].get("ip"):
        return {**status, "podIP": every[0]["ip"]}
    return status


# ------------------------------------------------------------------------------------------------ label keys


def with_label_keys(spec: Obj, labels: Mapping[str, str]) -> Obj:
    """matchLabelKeys and mismatchLabelKeys become expressions of the selector, with the pod's own values."""
    affinity = spec.get("affinity")
    if affinity:
        changed = {key: _affinity(affinity[key], labels) for key in _AFFINITIES if affinity.get(key)}
        if changed:
            spec = {**spec, "affinity": {**affinity, **changed}}
    constraints = spec.get("topologySpreadConstraints")
    if constraints:
        spec = {**spec, "topologySpreadConstraints": [_term(one, labels) for one in constraints]}
    return spec


def _affinity(affinity: Obj, labels: Mapping[str, str]) -> Obj:
    result = dict(affinity)
    if result.get(_REQUIRED):
        result[_REQUIRED] = [_term(term, labels) for term in result[_REQUIRED]]
    if result.get(_PREFERRED):
        result[_PREFERRED] = [
            {**one, "podAffinityTerm": _term(one["podAffinityTerm"], labels)} if one.get("podAffinityTerm") else one
            for one in result[_PREFERRED]
        ]
    return result


def _term(term: Obj, labels: Mapping[str, str]) -> Obj:
    selector = term.get("labelSelector")
    if selector is None:
        return term
    more = [
        {"key": key, "operator": operator, "values": [labels[key]]}
        for keys, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
        for key in term.get(keys) or ()
        if key in labels
    ]
    if not more:
        return term
    expressions = [*(selector.get("matchExpressions") or ()), *more]
    return {**term, "labelSelector": {**selector, "matchExpressions": expressions}}


# ------------------------------------------------------------------------------------------------ AppArmor


def with_app_armor(spec: Obj, metadata: Obj) -> Obj:
    """The old annotations become fields where they say something else than the pod's own profile."""
    annotations = metadata.get("annotations")
    if not annotations or not any(key.startswith(APP_ARMOR_ANNOTATION) for key in annotations):
        return spec
    if (spec.get("os") or {}).get("name") == "windows":
        return spec
    own = (spec.get("securityContext") or {}).get("appArmorProfile")
    changed = {
        key: [_armored(container, annotations, own) for container in spec[key]] for key in _CONTAINERS if spec.get(key)
    }
    return {**spec, **changed}


def _armored(container: Obj, annotations: Mapping[str, str], own: Obj | None) -> Obj:
    value = annotations.get(APP_ARMOR_ANNOTATION + container.get("name", ""))
    context = container.get("securityContext") or {}
    profile = None if value is None or "appArmorProfile" in context else app_armor_profile(value)
    if profile is None or profile == own:
        return container
    return {**container, "securityContext": {**context, "appArmorProfile": profile}}


def app_armor_profile(annotation: str) -> dict[str, str] | None:
    """The field an annotation's value stands for."""
    if annotation in ("unconfined", "runtime/default"):
        return {"type": "Unconfined" if annotation == "unconfined" else "RuntimeDefault"}
    profile = annotation.removeprefix(_LOCALHOST) if annotation.startswith(_LOCALHOST) else ""
    return {"type": "Localhost", "localhostProfile": profile} if profile.strip() else None


# ------------------------------------------------------------------------------------------------ disabled features


def without_disabled(spec: Obj, old: Obj | None = None) -> Obj:
    """The spec without the fields of features that are off: GenericWorkload, ContainerStopSignals,
    ClusterTrustBundleProjection, PodCertificateRequest."""
    if "schedulingGroup" in spec and "schedulingGroup" not in (old or {}):
        spec = {key: value for key, value in spec.items() if key != "schedulingGroup"}
    for key in _CONTAINERS:
        containers = spec.get(key) or ()
        if any("stopSignal" in (one.get("lifecycle") or ()) for one in containers) and not _has_stop_signal(old):
            spec = {**spec, key: [_without_stop_signal(one) for one in containers]}
    for source in ("clusterTrustBundle", "podCertificate"):
        if _projects(spec, source) and not _projects(old, source):
            spec = {**spec, "volumes": [_without_source(volume, source) for volume in spec["volumes"]]}
    return spec


def _has_stop_signal(spec: Obj | None) -> bool:
    containers = (one for key in _CONTAINERS for one in (spec or {}).get(key) or ())
    return any("stopSignal" in (one.get("lifecycle") or ()) for one in containers)


def _without_stop_signal(container: Obj) -> Obj:
    """A lifecycle that held nothing else goes with it."""
    lifecycle = {key: value for key, value in (container.get("lifecycle") or {}).items() if key != "stopSignal"}
    rest = {key: value for key, value in container.items() if key != "lifecycle"}
    return {**rest, "lifecycle": lifecycle} if lifecycle else rest


def _sources(volume: Obj) -> Sequence[Obj]:
    found: Sequence[Obj] = (volume.get("projected") or {}).get("sources") or ()
    return found


def _projects(spec: Obj | None, source: str) -> bool:
    return any(source in one for volume in (spec or {}).get("volumes") or () for one in _sources(volume))


def _without_source(volume: Obj, source: str) -> Obj:
    if not any(source in one for one in _sources(volume)):
        return volume
    kept = [{key: value for key, value in one.items() if key != source} for one in _sources(volume)]
    return {**volume, "projected": {**volume["projected"], "sources": kept}}


def in_template(prepare: Callable[[Obj, Obj | None], Obj], new: Obj, old: Obj | None) -> Obj:
    """A template whose pod spec went through `prepare` (new spec, old spec)."""
    before = (old or {}).get("spec")
    return {**new, "spec": prepare(new.get("spec") or {}, before)}
