"""Pods when they are created. Models ValidatePodCreate of pkg/apis/core/validation."""

from __future__ import annotations

from cluster_core.kinds.container_validation import image_of_pod
from cluster_core.kinds.pod_annotations import fields_match, pod_annotations
from cluster_core.kinds.pod_known_good import Faultless, key_of
from cluster_core.kinds.podspec_validation import pod_spec
from cluster_core.machinery.field import Errors, Path, forbidden
from cluster_core.machinery.typed import Obj

SPEC = Path("spec")
_ANNOTATIONS = Path("metadata", "annotations")


def pod_itself(errors: Errors, pod: Obj) -> None:
    """validatePodMetadataAndSpec without the metadata every object has."""
    spec, annotations = pod["spec"], pod["metadata"].get("annotations")
    if annotations:
        pod_annotations(errors, _ANNOTATIONS, annotations, spec)
    pod_spec(errors, SPEC, spec, pod["metadata"], is_pod=True)
    if not spec.get("serviceAccountName"):
        _no_tokens(errors, spec)
    for key in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(key) or ()):
            image_of_pod(errors, (SPEC / key)[index], container)


def _no_tokens(errors: Errors, spec: Obj) -> None:
    for index, volume in enumerate(spec.get("volumes") or ()):
        for at, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            if source.get("serviceAccountToken") is not None:
                where = (SPEC / "volumes")[index].child("projected", "sources")[at] / "serviceAccountToken"
                errors.append(forbidden(where, "must not be specified when serviceAccountName is not set"))


_FAULTLESS = Faultless()


def validate(pod: Obj) -> Errors:
    key = key_of(pod)
    if key in _FAULTLESS:
        return []
    errors = _problems(pod)
    if not errors:
        _FAULTLESS.add(key)
    return errors


def _problems(pod: Obj) -> Errors:
    errors: Errors = []
    spec = pod["spec"]
    pod_itself(errors, pod)
    if spec.get("ephemeralContainers"):
        errors.append(forbidden(SPEC / "ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        errors.append(forbidden(SPEC / "nodeName", "cannot be set until all schedulingGates have been cleared"))
    if pod["metadata"].get("annotations"):
        fields_match(errors, SPEC, pod["metadata"]["annotations"], spec)
    return errors
