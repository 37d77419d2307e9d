"""Who asks for a certificate is written down; who approves and signs must be allowed to for that signer.

Models plugin/pkg/admission/certificates and the strategies of pkg/registry/certificates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.apiserver.authorization import MASTERS, Action
from cluster_core.machinery import errors, pki_requests
from cluster_core.machinery.typed import Obj

GROUP = "certificates.k8s.io"
_KIND = frozenset({"CertificateSigningRequest"})
_CLIENT = "kubernetes.io/kube-apiserver-client"


def _refusal(attributes: Attributes, text: str) -> errors.ApiError:
    return errors.forbidden(GROUP, "certificatesigningrequests", attributes.name, text)


# ------------------------------------------------------------------------------------------------ strategy


def _fill(attributes: Attributes) -> Obj | None:
    """The requester's identity in a new request, the moments in changed conditions."""
    obj = attributes.obj
    if obj is None:
        return None
    if attributes.operation == "CREATE":
        return {**obj, "spec": {**_without_identity(obj.get("spec") or {}), **_identity(attributes)}}
    if attributes.subresource in ("approval", "status"):
        return _with_times(attributes, obj)
    return obj


def _without_identity(spec: Obj) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in ("username", "uid", "groups", "extra")}


def _identity(attributes: Attributes) -> dict[str, Any]:
    user = attributes.context.user
    found: dict[str, Any] = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        found["uid"] = user.uid
    if user.extra:
        found["extra"] = {key: list(values) for key, values in user.extra.items()}
    return found


def _with_times(attributes: Attributes, obj: Obj) -> Obj:
    conditions = (obj.get("status") or {}).get("conditions")
    if not conditions:
        return obj
    now = attributes.context.server.world.clock.timestamp()
    before = ((attributes.old or {}).get("status") or {}).get("conditions") or ()
    since = {(each["type"], each.get("status")): each.get("lastTransitionTime") for each in before}
    filled = [_dated(condition, since, now) for condition in conditions]
    return {**obj, "status": {**obj["status"], "conditions": filled}}


def _dated(condition: Obj, since: dict[tuple[str, str | None], str | None], now: str) -> Obj:
    updated = condition.get("lastUpdateTime") or now
    moved = (
        condition.get("lastTransitionTime") or since.get((condition.get("type", ""), condition.get("status"))) or now
    )
    return {**condition, "lastUpdateTime": updated, "lastTransitionTime": moved}


# ------------------------------------------------------------------------------------------------ permissions


def _may(attributes: Attributes, verb: str, signer: str) -> bool:
    """For the signer by its name, or for all of its domain."""
    if attributes.context.trusted:
        return True
    authorizer, user = attributes.context.server.authorizer, attributes.context.user
    return any(authorizer.decide(user, Action(verb, GROUP, "signers", name=name)).allowed for name in _names(signer))


def _names(signer: str) -> Iterator[str]:
    yield signer
    yield f"{signer.partition('/')[0]}/*"


def _check_approval(attributes: Attributes) -> None:
    if attributes.subresource != "approval" or attributes.old is None:
        return
    signer = attributes.old["spec"].get("signerName", "")
    if not _may(attributes, "approve", signer):
        raise _refusal(attributes, f'user not permitted to approve requests with signerName "{signer}"')


def _check_signing(attributes: Attributes) -> None:
    if attributes.subresource != "status" or attributes.old is None or attributes.obj is None:
        return
    old, new = attributes.old.get("status") or {}, attributes.obj.get("status") or {}
    if all(old.get(key) == new.get(key) for key in ("certificate", "conditions")):
        return
    signer = attributes.old["spec"].get("signerName", "")
    if not _may(attributes, "sign", signer):
        raise _refusal(attributes, f'user not permitted to sign requests with signerName "{signer}"')


def _check_subject(attributes: Attributes) -> None:
    """Nobody becomes a master by certificate."""
    obj = attributes.obj
    if attributes.operation != "CREATE" or obj is None or obj["spec"].get("signerName") != _CLIENT:
        return
    try:
        organizations = pki_requests.organizations(pki_requests.parse(obj["spec"].get("request", "")))
    except ValueError as error:
        raise _refusal(attributes, f"failed to parse CSR: {error}") from None
    if MASTERS in organizations:
        raise _refusal(attributes, f"use of {_CLIENT} signer with {MASTERS} group is not allowed")


STRATEGY = Plugin("CertificateRequestStrategy", admit=_fill, kinds=_KIND, always=True)
APPROVAL = Plugin("CertificateApproval", validate=_check_approval, kinds=_KIND)
SIGNING = Plugin("CertificateSigning", validate=_check_signing, kinds=_KIND)
SUBJECT = Plugin("CertificateSubjectRestriction", validate=_check_subject, kinds=_KIND)
