"""Policies in CEL refuse, warn or note. Models apiserver/pkg/admission/plugin/policy/validating."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cluster_core.apiserver.admission import policy_matching
from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.apiserver.admission.policy_evaluation import ConfigurationError, Evaluation, Settings, parameters
from cluster_core.machinery import cel, errors
from cluster_core.machinery.typed import Obj

_GROUP = "admissionregistration.k8s.io"
_CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413, "Invalid": 422}
_LONGEST_MESSAGE = 5 * 1024


class Decision(NamedTuple):
    """Why a request is not as the policy wants it."""

    message: str
    reason: str = "Invalid"
    misconfigured: bool = False
    """Denies whatever the binding's actions are."""


def bindings_of(attributes: Attributes, policy_kind: str) -> Iterator[tuple[Obj, Obj]]:
    """(policy, binding) pairs that are about the request."""
    server = attributes.context.server
    bindings = server.storage.list(server.kinds.named(f"{policy_kind}Binding", _GROUP))
    if not bindings or policy_matching.exempt(attributes):
        return
    kind = server.kinds.named(policy_kind, _GROUP)
    for policy in server.storage.list(kind):
        name = policy["metadata"]["name"]
        mine = [binding for binding in bindings if binding["spec"]["policyName"] == name]
        if mine and policy_matching.matches(attributes, policy["spec"].get("matchConstraints") or {}):
            for binding in mine:
                criteria = binding["spec"].get("matchResources") or {}
                if policy_matching.matches(attributes, criteria, with_rules=False):
                    yield policy, binding


def _validate(attributes: Attributes) -> None:
    denied: list[tuple[str, Decision]] = []
    for policy, binding in bindings_of(attributes, "ValidatingAdmissionPolicy"):
        names = f"ValidatingAdmissionPolicy '{policy['metadata']['name']}' with binding '{binding['metadata']['name']}'"
        actions = binding["spec"].get("validationActions") or ()
        for decision in _decisions(attributes, policy, binding):
            if decision.misconfigured or "Deny" in actions:
                denied.append((names, decision))
            if "Warn" in actions and not decision.misconfigured:
                attributes.context.warnings.append(f"Validation failed for {names}: {decision.message}")
    if denied:
        raise _refusal(attributes, *denied[0])


def _refusal(attributes: Attributes, names: str, decision: Decision) -> errors.ApiError:
    text = f"{names} denied request: {decision.message}"
    error = errors.forbidden(attributes.kind.group, attributes.kind.plural, attributes.name, text, [{"message": text}])
    return errors.ApiError(error.message, error.details, code=_CODES[decision.reason], reason=decision.reason)


def _decisions(attributes: Attributes, policy: Obj, binding: Obj) -> Iterator[Decision]:
    spec = policy["spec"]
    settings = Settings(spec, bool(spec.get("paramKind")))
    try:
        found = parameters(attributes, spec, binding)
    except ConfigurationError as error:
        if not settings.ignores_failures:
            yield Decision(str(error), misconfigured=True)
        return
    for params in found:
        yield from _about(Evaluation(attributes, settings, params), settings)


def _about(evaluation: Evaluation, settings: Settings) -> Iterator[Decision]:
    """What the policy says with one parameter object."""
    try:
        if not evaluation.applies():
            return
    except cel.CelError as error:
        if not settings.ignores_failures:
            yield Decision(str(error))
        return
    evaluation.compute_variables()
    for validation in settings.spec.get("validations") or ():
        decision = _checked(evaluation, validation, settings)
        if decision is not None:
            yield decision
    yield from _annotations(evaluation, settings)


def _checked(evaluation: Evaluation, validation: Obj, settings: Settings) -> Decision | None:
    try:
        if evaluation.value(validation["expression"]) is True:
            return None
    except cel.CelError as error:
        return None if settings.ignores_failures else Decision(str(error))
    return Decision(_message(evaluation, validation), validation.get("reason") or "Invalid")


def _message(evaluation: Evaluation, validation: Obj) -> str:
    expression, found = validation.get("messageExpression"), ""
    if expression:
        try:
            found = str(evaluation.value(expression)).strip()
        except cel.CelError:
            found = ""  # As upstream: the plain message stands in.
    if not found or "\n" in found or len(found) > _LONGEST_MESSAGE:
        found = (validation.get("message") or "").strip()
    return found or f"failed expression: {validation['expression'].strip()}"


def _annotations(evaluation: Evaluation, settings: Settings) -> Iterator[Decision]:
    """Audit annotations are written nowhere, but one without a value fails the request."""
    for annotation in settings.spec.get("auditAnnotations") or ():
        try:
            evaluation.value(annotation["valueExpression"])
        except cel.CelError as error:
            if not settings.ignores_failures:
                yield Decision(str(error), misconfigured=True)


PLUGIN = Plugin("ValidatingAdmissionPolicy", validate=_validate)
