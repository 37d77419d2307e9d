"""Pod templates and the selectors of the workloads that own them. Models ValidatePodTemplateSpec of
pkg/apis/core/validation and ValidatePodTemplateSpecForReplicaSet of pkg/apis/apps/validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.kinds.checks import annotation_keys, is_empty_selector, label_selector, labels
from cluster_core.kinds.pod_annotations import fields_match, pod_annotations
from cluster_core.kinds.podspec_validation import pod_spec
from cluster_core.machinery import selectors
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

MISMATCH = "`selector` does not match template `labels`"
_NO_METADATA: Mapping[str, Any] = {}


def template_labels(template: Obj) -> Mapping[str, str] | None:
    found: Mapping[str, str] | None = (template.get("metadata") or {}).get("labels")
    return found


def template(errors: Errors, path: Path, found: Obj) -> None:
    """A PodTemplateSpec. Upstream leaves "metadata" out of the paths of its labels and annotations."""
    metadata, spec = found.get("metadata") or {}, found.get("spec") or {}
    if metadata.get("labels"):
        labels(errors, path / "labels", metadata["labels"])
    notes = metadata.get("annotations")
    if notes:
        annotation_keys(errors, path / "annotations", notes)
        pod_annotations(errors, path / "annotations", notes, spec)
    pod_spec(errors, path / "spec", spec, _NO_METADATA)
    if notes:
        fields_match(errors, path / "spec", notes, spec)
    if spec.get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        errors.append(forbidden(path.child("spec", "ephemeralContainers"), detail))


def always_restarted(errors: Errors, path: Path, found: Obj, owner: str) -> None:
    """Pods that go on for ever: restarted always, without a deadline. `path` is the template's."""
    spec = found.get("spec") or {}
    if spec.get("restartPolicy") != "Always":
        policy = spec.get("restartPolicy", "")
        errors.append(not_supported(path.child("spec", "restartPolicy"), policy, ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        detail = f"activeDeadlineSeconds in {owner} is not Supported"
        errors.append(forbidden(path.child("spec", "activeDeadlineSeconds"), detail))


def selector_of(errors: Errors, path: Path, selector: Obj | None, owner: str) -> None:
    """The selector a workload must have; `path` is the spec's."""
    if selector is None:
        errors.append(required(path / "selector"))
        return
    label_selector(errors, path / "selector", selector)
    if is_empty_selector(selector):
        errors.append(invalid(path / "selector", dict(selector), f"empty selector is invalid for {owner}"))


def matches(errors: Errors, path: Path, spec: Obj, detail: str = "invalid label selector") -> bool:
    """The selector selects the template's labels; False when it cannot be used at all. `path` is the spec's."""
    try:
        selector = selectors.of_object(spec.get("selector"))
    except selectors.SelectorError:
        errors.append(invalid(path / "selector", spec["selector"], detail))
        return False
    found = template_labels(spec["template"])
    if not selector.empty() and not selector.matches(found or {}):
        errors.append(invalid(path.child("template", "metadata", "labels"), sorted_labels(found), MISMATCH))
    return True


def sorted_labels(found: Mapping[str, str] | None) -> dict[str, str] | None:
    """A map as Go prints it: by key."""
    return None if found is None else {key: found[key] for key in sorted(found)}
