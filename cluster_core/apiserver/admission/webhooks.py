"""Admission webhooks: there is no network to call them over, so that their failure policy decides.

Models apiserver/pkg/admission/plugin/webhook: which webhooks a request would be sent to, and what a call that fails means.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster_core.apiserver.admission import policy_matching
from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.apiserver.admission.policy_evaluation import Evaluation, Settings
from cluster_core.machinery import cel, errors
from cluster_core.machinery.typed import Obj

_GROUP = "admissionregistration.k8s.io"


def _relevant(attributes: Attributes, kind: str) -> Iterator[Obj]:
    """The webhooks a request is sent to, in the order of their configurations' names."""
    server = attributes.context.server
    configurations = server.storage.list(server.kinds.named(kind, _GROUP))
    if not configurations or policy_matching.exempt(attributes):
        return
    for configuration in configurations:
        for webhook in configuration.get("webhooks") or ():
            criteria = {**webhook, "resourceRules": webhook.get("rules") or ()}
            if policy_matching.matches(attributes, criteria) and _conditions_hold(attributes, webhook):
                yield webhook


def _conditions_hold(attributes: Attributes, webhook: Obj) -> bool:
    if not webhook.get("matchConditions"):
        return True
    try:
        return Evaluation(attributes, Settings(webhook, False), None).applies()
    except cel.CelError as error:
        if webhook.get("failurePolicy") == "Ignore":
            return False
        raise errors.forbidden(attributes.kind.group, attributes.kind.plural, attributes.name, str(error)) from None


def _call(attributes: Attributes, webhook: Obj) -> None:
    """What comes of calling it: nothing reaches it. Raises InternalError unless failures are to be ignored."""
    name = webhook["name"]
    if attributes.context.dry_run and webhook.get("sideEffects") not in ("None", "NoneOnDryRun"):
        raise errors.bad_request(f'admission webhook "{name}" does not support dry run')
    if webhook.get("failurePolicy") == "Ignore":
        return
    url, trouble = _destination(attributes, webhook["clientConfig"])
    seconds = webhook.get("timeoutSeconds", 10)
    reason = f'failed to call webhook: Post "{url}?timeout={seconds}s": {trouble}'
    raise errors.internal_error(f'failed calling webhook "{name}": {reason}')


def _destination(attributes: Attributes, config: Obj) -> tuple[str, str]:
    """(URL, why nothing answers there)."""
    service: dict[str, Any] | None = config.get("service")
    if not service:
        host = config["url"].split("://", 1)[-1].split("/", 1)[0].rsplit(":", 1)[0]
        return config["url"], f"dial tcp: lookup {host}: no such host"
    server, namespace, name = attributes.context.server, service["namespace"], service["name"]
    port = service.get("port", 443)
    url = f"https://{name}.{namespace}.svc:{port}{service.get('path') or ''}"
    found = server.storage.get(server.kinds.named("Service", ""), namespace, name)
    if found is None:
        return url, f'service "{name}" not found'
    return url, f"dial tcp {found['spec'].get('clusterIP', '')}:{port}: connect: connection refused"


def _admit(attributes: Attributes) -> Obj | None:
    for webhook in _relevant(attributes, "MutatingWebhookConfiguration"):
        _call(attributes, webhook)
    return attributes.obj


def _validate(attributes: Attributes) -> None:
    for webhook in _relevant(attributes, "ValidatingWebhookConfiguration"):
        _call(attributes, webhook)


MUTATING = Plugin("MutatingAdmissionWebhook", admit=_admit)
VALIDATING = Plugin("ValidatingAdmissionWebhook", validate=_validate)
