"""Jobs and what cron jobs make. Models pkg/apis/batch/validation."""

from __future__ import annotations

import re
from typing import Any

from cluster_core.apiserver.internal import internal
from cluster_core.kinds.checks import immutable, label_selector, nonnegatives
from cluster_core.kinds.job_labels import CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME
from cluster_core.kinds.job_policies import failure_policy, success_policy
from cluster_core.kinds.template_validation import MISMATCH, sorted_labels, template, template_labels
from cluster_core.machinery import names, selectors
from cluster_core.machinery.field import Errors, Path, invalid, not_supported, required, too_long
from cluster_core.machinery.names import regex_error
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_NUMBERS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
)
_MODES = ("NonIndexed", "Indexed")
_MOST_INDEXED = 100_000
_MANY_COMPLETIONS = 100_000
_LIMIT_FOR_MANY = 10_000
_MANAGED_BY_LENGTH = 63
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"


def job(obj: Obj) -> Errors:
    errors: Errors = []
    spec = obj["spec"]
    if not spec.get("manualSelector") and spec.get("selector") is not None:
        _generated_selector(errors, obj)
    _spec_with_selector(errors, spec)
    completions = spec.get("completions") or 0
    if spec.get("completionMode") == "Indexed" and completions > 0:
        _last_hostname(errors, obj["metadata"].get("name", ""), completions)
    return errors


def _last_hostname(errors: Errors, name: str, completions: int) -> None:
    hostname = f"{name}-{completions - 1}"
    if names.dns1123_label(hostname):
        detail = f"will not able to create pod with invalid DNS label: {hostname}"
        errors.append(invalid(Path("metadata", "name"), name, detail))


def _generated_selector(errors: Errors, obj: Obj) -> None:
    """A selector that was made for the job must be what was made, labels included."""
    metadata, spec = obj["metadata"], obj["spec"]
    uid, name = metadata.get("uid", ""), metadata.get("name", "")
    expected = {LEGACY_CONTROLLER_UID: uid, LEGACY_JOB_NAME: name, CONTROLLER_UID: uid, JOB_NAME: name}
    found = template_labels(spec["template"]) or {}
    path = Path("spec", "template", "metadata", "labels")
    for key, value in expected.items():
        if key not in found:
            errors.append(required(path[key], f"must be '{value}'"))
        elif found[key] != value:
            errors.append(invalid(path[key], sorted_labels(found), f"must be '{value}'"))
    try:
        selector = selectors.of_object(spec["selector"])
    except selectors.SelectorError:
        return
    if not selector.matches(expected):
        errors.append(invalid(_SPEC / "selector", internal("metav1.LabelSelector", spec["selector"]), "`selector` not auto-generated"))


def _spec_with_selector(errors: Errors, spec: Obj) -> None:
    job_spec(errors, _SPEC, spec)
    if spec.get("selector") is None:
        errors.append(required(_SPEC / "selector"))
    else:
        label_selector(errors, _SPEC / "selector", spec["selector"])
    found = template_labels(spec["template"])
    try:
        selector = selectors.of_object(spec.get("selector"))
    except selectors.SelectorError:
        return
    if not selector.matches(found or {}):
        errors.append(invalid(_SPEC.child("template", "metadata", "labels"), sorted_labels(found), MISMATCH))


def job_spec(errors: Errors, path: Path, spec: Obj) -> None:
    """validateJobSpec: everything but the selector."""
    nonnegatives(errors, spec, path, *_NUMBERS)
    if spec.get("maxFailedIndexes") is not None:
        nonnegatives(errors, spec, path, "maxFailedIndexes")
        if spec.get("backoffLimitPerIndex") is None:
            errors.append(required(path / "backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if spec.get("managedBy") is not None:
        _managed_by(errors, path / "managedBy", spec["managedBy"])
    _completion_mode(errors, path, spec)
    if spec.get("podFailurePolicy") is not None:
        failure_policy(errors, path / "podFailurePolicy", spec)
    if spec.get("successPolicy") is not None:
        success_policy(errors, path / "successPolicy", spec)
    _replacement_policy(errors, path / "podReplacementPolicy", spec)
    template(errors, path / "template", spec.get("template") or {})
    _restart_policy(errors, path.child("template", "spec", "restartPolicy"), spec)


def _managed_by(errors: Errors, path: Path, text: str) -> None:
    domain, slash, rest = text.partition("/")
    if not text:
        errors.append(required(path))
    elif not slash or not domain or not rest:
        errors.append(invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    else:
        errors.extend(invalid(path, domain, message) for message in names.dns1123_subdomain(domain))
        if not re.fullmatch(_HTTP_PATH, rest):
            errors.append(invalid(path, rest, regex_error("Invalid path", _HTTP_PATH)))
    if names.length(text) > _MANAGED_BY_LENGTH:
        errors.append(too_long(path, _MANAGED_BY_LENGTH))


def _completion_mode(errors: Errors, path: Path, spec: Obj) -> None:
    mode = spec.get("completionMode")
    if mode is not None and mode not in _MODES:
        errors.append(not_supported(path / "completionMode", mode, _MODES))
    if mode == "Indexed":
        _indexed(errors, path, spec)
    if mode in (None, "NonIndexed"):
        for key in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(key) is not None:
                errors.append(invalid(path / key, spec[key], "requires indexed completion mode"))


def _indexed(errors: Errors, path: Path, spec: Obj) -> None:
    completions, parallelism = spec.get("completions"), spec.get("parallelism") or 0
    failed = spec.get("maxFailedIndexes")
    if completions is None:
        errors.append(required(path / "completions", "when completion mode is Indexed"))
    if parallelism > _MOST_INDEXED:
        detail = f"must be less than or equal to {_MOST_INDEXED} when completion mode is Indexed"
        errors.append(invalid(path / "parallelism", parallelism, detail))
    if failed is not None:
        if completions is not None and failed > completions:
            errors.append(invalid(path / "maxFailedIndexes", failed, "must be less than or equal to completions"))
        if failed > _MOST_INDEXED:
            detail = f"must be less than or equal to {_MOST_INDEXED}"
            errors.append(invalid(path / "maxFailedIndexes", failed, detail))
    if (completions or 0) > _MANY_COMPLETIONS and spec.get("backoffLimitPerIndex") is not None:
        _many_completions(errors, path, parallelism, failed)


def _many_completions(errors: Errors, path: Path, parallelism: int, failed: int | None) -> None:
    if failed is None:
        detail = f"must be specified when completions is above {_MANY_COMPLETIONS}"
        errors.append(required(path / "maxFailedIndexes", detail))
    limit = f"must be less than or equal to {_LIMIT_FOR_MANY} when completions are above {_MANY_COMPLETIONS} "
    limit += "and used with backoff limit per index"
    for key, value in (("parallelism", parallelism), ("maxFailedIndexes", failed or 0)):
        if value > _LIMIT_FOR_MANY:
            errors.append(invalid(path / key, value, limit))


def _replacement_policy(errors: Errors, path: Path, spec: Obj) -> None:
    policy = spec.get("podReplacementPolicy")
    known = ("Failed",) if spec.get("podFailurePolicy") is not None else ("Failed", "TerminatingOrFailed")
    if policy is not None and policy not in known:
        errors.append(not_supported(path, policy, known))


def _restart_policy(errors: Errors, path: Path, spec: Obj) -> None:
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy", "")
    if policy in ("", "Always"):
        errors.append(required(path, 'valid values: "OnFailure", "Never"'))
    elif policy not in ("OnFailure", "Never"):
        errors.append(not_supported(path, policy, ("OnFailure", "Never")))
    elif spec.get("podFailurePolicy") is not None and policy != "Never":
        detail = 'only "Never" is supported when podFailurePolicy is specified'
        errors.append(invalid(path, policy, detail))


# ------------------------------------------------------------------------------------------------ updates

_IMMUTABLE = {
    "completionMode": "*string",
    "podFailurePolicy": "*batch.PodFailurePolicy",
    "backoffLimitPerIndex": "*int32",
    "managedBy": "*string",
    "successPolicy": "*batch.SuccessPolicy",
}


def job_update(new: Obj, old: Obj) -> Errors:
    """The job by itself, then, as upstream, its spec again together with what may not change."""
    errors = job(new)
    spec, before = new["spec"], old["spec"]
    _spec_with_selector(errors, spec)
    _completions(errors, spec, before)
    immutable(errors, _SPEC / "selector", spec.get("selector"), before.get("selector"))
    _template(errors, new, old)
    for key, type in _IMMUTABLE.items():
        if spec.get(key) != before.get(key):
            errors.append(invalid(_SPEC / key, internal(type, spec.get(key)), "field is immutable"))
    return errors


def _completions(errors: Errors, spec: Obj, before: Obj) -> None:
    """An indexed job may grow or shrink as long as completions and parallelism stay equal."""
    completions = spec.get("completions")
    if spec.get("completionMode") != "Indexed":
        immutable(errors, _SPEC / "completions", completions, before.get("completions"))
    elif completions is not None and completions not in (before.get("completions"), spec.get("parallelism")):
        detail = "can only be modified in tandem with spec.parallelism"
        errors.append(invalid(_SPEC / "completions", completions, detail))


_SCHEDULING = ("nodeSelector", "tolerations", "schedulingGates")


def _template(errors: Errors, new: Obj, old: Obj) -> None:
    """Only a suspended job that runs no pods may change where its pods go and what they get."""
    after, before = new["spec"]["template"], old["spec"]["template"]
    if after == before:
        return
    if not old["spec"].get("suspend"):
        errors.append(invalid(_SPEC / "template", internal("core.PodTemplateSpec", after), "field is immutable"))
        return
    if not (old.get("status") or {}).get("active"):
        before = _with_resources(_with_directives(before, after), after)
        if after.get("spec") != before.get("spec"):
            errors.append(
                invalid(_SPEC / "template.spec", internal("core.PodSpec", after.get("spec")), "field is immutable")
            )
    else:
        errors.append(invalid(_SPEC / "template", internal("core.PodTemplateSpec", after), "field is immutable"))


def _with_directives(before: Obj, after: Obj) -> Obj:
    """The old template with the new one's scheduling directives, labels and annotations."""
    spec, wanted = dict(before.get("spec") or {}), after.get("spec") or {}
    for key in _SCHEDULING:
        spec.pop(key, None)
        if key in wanted:
            spec[key] = wanted[key]
    affinity = {key: value for key, value in (spec.get("affinity") or {}).items() if key != "nodeAffinity"}
    node = (wanted.get("affinity") or {}).get("nodeAffinity")
    if node is not None:
        affinity["nodeAffinity"] = node
    spec.pop("affinity", None)
    if affinity or wanted.get("affinity") is not None:
        spec["affinity"] = affinity
    return {**before, "metadata": after.get("metadata") or {}, "spec": spec}


def _with_resources(before: Obj, after: Obj) -> Obj:
    spec, wanted = dict(before.get("spec") or {}), after.get("spec") or {}
    for key in ("containers", "initContainers"):
        found, new = spec.get(key) or (), wanted.get(key) or ()
        if found and len(found) == len(new):
            spec[key] = [
                {**one, "resources": other.get("resources", {})} if one.get("name") == other.get("name") else one
                for one, other in zip(found, new, strict=True)
            ]
    return {**before, "spec": spec}


def job_template(errors: Errors, path: Path, found: Obj) -> None:
    """The job that a cron job makes: its selector is not to be chosen."""
    spec: dict[str, Any] = dict(found.get("spec") or {})
    job_spec(errors, path / "spec", spec)
    if spec.get("selector") is not None:
        detail = "`selector` will be auto-generated"
        errors.append(invalid(path.child("spec", "selector"), dict(spec["selector"]), detail))
    if spec.get("manualSelector"):
        errors.append(not_supported(path.child("spec", "manualSelector"), True, ("nil", "false")))
