"""Admission webhooks: which ones a request is sent to, what a call that fails means, and what an answer does.

Models apiserver/pkg/admission/plugin/webhook: mutating hooks one after the other in the order of their configurations'
names, validating ones all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cluster_core.apiserver import body, decode, hooks
from cluster_core.apiserver.admission import policy_matching, webhook_review
from cluster_core.apiserver.admission.chain import REINVOKED, Attributes, Plugin
from cluster_core.apiserver.admission.policy_evaluation import Evaluation, Settings
from cluster_core.apiserver.admission.webhook_review import BadAnswer, Verdict
from cluster_core.machinery import cel, errors, gofmt
from cluster_core.machinery.patch import json_patch
from cluster_core.machinery.typed import Obj

_GROUP = "admissionregistration.k8s.io"
_HARMLESS = ("None", "NoneOnDryRun")
_ROUNDS = "webhooks"


@dataclass
class _Rounds:
    """What the second round of mutations must know of the first: hooks by (configuration, name)."""

    eligible: set[tuple[str, str]] = field(default_factory=set)
    """Called, and willing to be called again."""
    due: set[tuple[str, str]] = field(default_factory=set)
    """To be called again: something has changed after them."""
    last: Obj | None = None

    def changed(self) -> None:
        self.due |= self.eligible
        self.eligible.clear()


def _hooks(attributes: Attributes, kind: str) -> Iterator[tuple[str, Obj]]:
    """(configuration, hook) of all there are, in order."""
    server = attributes.context.server
    configurations = server.storage.list(server.kinds.named(kind, _GROUP))
    if not configurations or policy_matching.exempt(attributes):
        return
    for configuration in configurations:
        for hook in configuration.get("webhooks") or ():
            yield configuration["metadata"]["name"], hook


def _is_about(attributes: Attributes, hook: Obj) -> bool:
    criteria = {**hook, "resourceRules": hook.get("rules") or ()}
    return policy_matching.matches(attributes, criteria) and _conditions_hold(attributes, hook)


def _conditions_hold(attributes: Attributes, hook: Obj) -> bool:
    if not hook.get("matchConditions"):
        return True
    try:
        return Evaluation(attributes, Settings(hook, False), None).applies()
    except cel.CelError as error:
        if hook.get("failurePolicy") == "Ignore":
            return False
        raise errors.forbidden(attributes.kind.group, attributes.kind.plural, attributes.name, str(error)) from None


# ------------------------------------------------------------------------------------------------ calling


def _ask(attributes: Attributes, configuration: str, hook: Obj, mutating: bool) -> Verdict | None:
    """The hook's verdict; None when it fails and that is to be ignored. Raises ApiError."""
    name = hook["name"]
    if attributes.context.dry_run and hook.get("sideEffects") not in _HARMLESS:
        raise errors.bad_request(f"admission webhook {gofmt.quote(name)} does not support dry run")
    try:
        found = _answered(attributes, configuration, hook, mutating)
    except BadAnswer as error:
        if hook.get("failurePolicy") == "Ignore":
            return None
        raise errors.internal_error(f"failed calling webhook {gofmt.quote(name)}: {error}") from None
    attributes.context.warnings.extend(found.warnings)
    if not found.allowed:
        raise _denied(name, found.result)
    return found


def _answered(attributes: Attributes, configuration: str, hook: Obj, mutating: bool) -> Verdict:
    """Raises BadAnswer, for an answer that never came too."""
    server = attributes.context.server
    version = webhook_review.version_for(hook)
    uid = server.world.seed.uid("admission-review", configuration, hook["name"], attributes.name, server.storage.revision)
    review = webhook_review.review(attributes, version, uid)
    try:
        answer = hooks.post(server, hook["clientConfig"], review, hook.get("timeoutSeconds", 10))
    except hooks.HookError as error:
        raise BadAnswer(f"failed to call webhook: {error}") from None
    try:
        return webhook_review.verdict(answer, version, uid, mutating)
    except BadAnswer as error:
        text = str(error)
        known = text.startswith(("unsupported patch", "received undecodable"))
        raise BadAnswer(text if known else f"received invalid webhook response: {text}") from None


def _denied(name: str, result: Any) -> errors.ApiError:
    """The refusal, in the webhook's words."""
    said = result.get("message") or result.get("reason")
    text = f"admission webhook {gofmt.quote(name)} denied the request" + (f": {said}" if said else " without explanation")
    code = result.get("code")
    code = code if isinstance(code, int) and code >= 400 else 400
    return errors.ApiError(text, result.get("details"), code=code, reason=str(result.get("reason") or ""))


# ------------------------------------------------------------------------------------------------ the plugins


def _admit(attributes: Attributes) -> Obj | None:
    options = attributes.context.options
    again = REINVOKED in options
    rounds: _Rounds | None = options.get(_ROUNDS)
    if again and rounds is not None and rounds.last is not attributes.obj:
        rounds.changed()
    for configuration, hook in _hooks(attributes, "MutatingWebhookConfiguration"):
        rounds = rounds or options.setdefault(_ROUNDS, _Rounds())
        place = (configuration, hook["name"])
        if (again and place not in rounds.due) or not _is_about(attributes, hook):
            continue
        found = _ask(attributes, configuration, hook, True)
        obj = _patched(attributes, hook, found)
        if obj is not attributes.obj and obj is not None:
            attributes = attributes.with_obj(obj)
            rounds.changed()
        if hook.get("reinvocationPolicy") == "IfNeeded":
            rounds.eligible.add(place)
    if rounds is not None:
        rounds.last = attributes.obj
    return attributes.obj


def _patched(attributes: Attributes, hook: Obj, found: Verdict | None) -> Obj | None:
    """The object as the hook wants it, itself when nothing changes. Raises ApiError."""
    obj = attributes.obj
    if found is None or not found.patch:
        return obj
    if obj is None:
        name = gofmt.quote(hook["name"])
        raise errors.internal_error(
            f"admission webhook {name} attempted to modify the object, which is not supported for this operation"
        )
    try:
        new = json_patch(webhook_review.shown(attributes, obj), found.patch)
    except errors.ApiError as error:
        raise errors.internal_error(error.message) from None
    context = attributes.context
    changed = body.inward(context, decode.normalize(body.type_of(context), new))
    return obj if changed == obj else changed


def _validate(attributes: Attributes) -> None:
    for configuration, hook in _hooks(attributes, "ValidatingWebhookConfiguration"):
        if _is_about(attributes, hook):
            _ask(attributes, configuration, hook, False)


MUTATING = Plugin("MutatingAdmissionWebhook", admit=_admit, reinvokes=True)
VALIDATING = Plugin("ValidatingAdmissionWebhook", validate=_validate)
