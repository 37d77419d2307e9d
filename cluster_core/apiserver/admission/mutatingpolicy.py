"""Policies in CEL change objects: JSON patches and applied configurations.

Models apiserver/pkg/admission/plugin/policy/mutating. When a policy has changed something, all mutating plugins look at the
object once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster_core.apiserver import decode
from cluster_core.apiserver.admission.chain import REINVOKED, Attributes, Plugin
from cluster_core.apiserver.admission.policy_evaluation import ConfigurationError, Evaluation, Settings, parameters
from cluster_core.apiserver.admission.validatingpolicy import bindings_of
from cluster_core.apiserver.body import type_of
from cluster_core.machinery import cel, errors, structured_merge
from cluster_core.machinery.patch import NotApplicable, TestFailed, json_patched
from cluster_core.machinery.typed import Obj

_NEVER_CHANGED = ("apiVersion", "kind")


def _admit(attributes: Attributes) -> Obj | None:
    if attributes.obj is None:
        return None
    again = REINVOKED in attributes.context.options
    denied: list[tuple[str, str]] = []
    for policy, binding in bindings_of(attributes, "MutatingAdmissionPolicy"):
        if again and policy["spec"].get("reinvocationPolicy") != "IfNeeded":
            continue
        attributes = _changed(attributes, policy, binding, denied)
    if denied:
        raise _refusal(attributes, denied)
    return attributes.obj


def _refusal(attributes: Attributes, denied: list[tuple[str, str]]) -> errors.ApiError:
    """403, with the reason of what went wrong first."""
    causes = [{"message": text} for text, _ in denied]
    error = errors.forbidden(attributes.kind.group, attributes.kind.plural, attributes.name, "", causes)
    text, reason = denied[0]
    return errors.ApiError(text, error.details, code=403, reason=reason)


def _changed(attributes: Attributes, policy: Obj, binding: Obj, denied: list[tuple[str, str]]) -> Attributes:
    """The request with the object as the policy wants it."""
    spec = policy["spec"]
    settings = Settings(spec, bool(spec.get("paramKind")))
    names = f"policy '{policy['metadata']['name']}' with binding '{binding['metadata']['name']}' denied request"
    try:
        for params in parameters(attributes, spec, binding):
            attributes = _mutated(attributes, settings, params)
    except ConfigurationError as error:
        if not settings.ignores_failures:
            denied.append((f"{names}: {error}", "Forbidden"))
    except cel.CelError as error:
        if not settings.ignores_failures:
            denied.append((f"{names}: {error}", "Invalid"))
    return attributes


def _mutated(attributes: Attributes, settings: Settings, params: Obj | None) -> Attributes:
    evaluation = Evaluation(attributes, settings, params)
    if not evaluation.applies():
        return attributes
    for mutation in settings.spec.get("mutations") or ():
        evaluation = Evaluation(attributes, settings, params)
        evaluation.compute_variables()
        obj = _one(attributes, evaluation, mutation)
        if obj != attributes.obj:
            attributes = attributes.with_obj(obj)
    return attributes


def _one(attributes: Attributes, evaluation: Evaluation, mutation: Obj) -> Obj:
    """The object after one mutation, normal and with its defaults."""
    obj = attributes.obj
    assert obj is not None
    if mutation.get("patchType") == "ApplyConfiguration":
        config = evaluation.value(mutation["applyConfiguration"]["expression"])
        new = _applied(attributes, obj, config)
    else:
        new = _patched(obj, evaluation.value(mutation["jsonPatch"]["expression"]))
    whole: Obj = {**decode.normalize(type_of(attributes.context), new), **{key: obj[key] for key in _NEVER_CHANGED}}
    defaulted: Obj = attributes.kind.default(whole)
    return defaulted


def _patched(obj: Obj, operations: Any) -> Obj:
    if not isinstance(operations, list):
        raise cel.CelError("type mismatch: JSONPatchType.expression should evaluate to array")
    try:
        patched: Obj = json_patched(obj, list(_operations(operations)))
    except TestFailed:
        return obj  # a patch whose test fails is not applied, and nobody is refused
    except NotApplicable as error:
        raise cel.CelError(f"JSON Patch: {error}") from None
    except errors.ApiError as error:
        raise cel.CelError(f"JSON Patch: {error.message}") from None
    return patched


def _operations(found: list[Any]) -> Iterator[dict[str, Any]]:
    for operation in found:
        if not isinstance(operation, dict):
            raise cel.CelError("type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch")
        yield operation


def _applied(attributes: Attributes, obj: Obj, config: Any) -> Obj:
    if not isinstance(config, dict):
        raise cel.CelError("unsupported return type from ApplyConfiguration expression")
    type = type_of(attributes.context)
    problem = structured_merge.problems(type, config)
    if problem:
        raise cel.CelError(f"error applying patch: failed to convert patch object to typed object: {problem}")
    merged: Obj = structured_merge.merge(type, obj, config)
    return merged


PLUGIN = Plugin("MutatingAdmissionPolicy", admit=_admit, reinvokes=True)
