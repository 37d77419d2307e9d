"""Approved certificate requests are signed with the cluster's authority. Models pkg/controller/certificates/signer."""

from __future__ import annotations

import base64

from cryptography import x509

from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery import pki_requests
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.pki import Authority
from cluster_core.machinery.timestamps import parse_duration
from cluster_core.machinery.typed import Obj

_SERVING, _CLIENT = "kubernetes.io/kubelet-serving", "kubernetes.io/kube-apiserver-client"
_KUBELET, _LEGACY = "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/legacy-unknown"
_SIGNERS = frozenset({_SERVING, _CLIENT, _KUBELET, _LEGACY})
_SHORTEST = 600
_YEAR = "8760h"
_NODE, _NODES = "system:node:", "system:nodes"
_DIGITAL = "digital signature"


def problem(signer: str, request: x509.CertificateSigningRequest, usages: list[str]) -> str:
    """Why this signer does not sign it; "" when it does."""
    if signer == _CLIENT:
        return _client_problem(usages)
    if signer == _LEGACY:
        return ""
    if pki_requests.organizations(request) != [_NODES]:
        return "subject organization is not system:nodes"
    names, purpose = pki_requests.alternative_names(request), "server auth" if signer == _SERVING else "client auth"
    if signer == _SERVING and names is None:
        return "DNS or IP subjectAltName is required"
    if signer == _KUBELET and names is not None:
        return "DNS subjectAltNames are not allowed"
    wanted = {_DIGITAL, purpose}
    if set(usages) not in (wanted, wanted | {"key encipherment"}):
        return f"usages did not match [{' '.join(sorted(wanted | {'key encipherment'}))}]"
    valid = pki_requests.common_name(request).startswith(_NODE)
    return "" if valid else "subject common name does not begin with system:node:"


def _client_problem(usages: list[str]) -> str:
    for usage in usages:
        if usage not in (_DIGITAL, "key encipherment", "client auth"):
            return f"invalid usage for client certificate: {usage}"
    return "" if "client auth" in usages else "missing required usage for client certificate: client auth"


def _has(request: Obj, type: str) -> bool:
    conditions = (request.get("status") or {}).get("conditions") or ()
    return any(each["type"] == type and each.get("status", "True") == "True" for each in conditions)


def reconcile(context: Context, key: str) -> float | None:
    request = context.api.get("CertificateSigningRequest", "", key)
    if request is None or not _has(request, "Approved") or _has(request, "Failed") or _has(request, "Denied"):
        return None
    spec, status = request["spec"], request.get("status") or {}
    if status.get("certificate") or spec.get("signerName") not in _SIGNERS:
        return None
    parsed = pki_requests.parse(spec["request"])
    trouble = problem(spec["signerName"], parsed, spec.get("usages") or [])
    status = _failed(context, status, trouble) if trouble else {**status, "certificate": _signed(context, spec, parsed)}
    context.api.update_status("CertificateSigningRequest", {**request, "status": status})
    return None


def _failed(context: Context, status: Obj, message: str) -> Obj:
    now = context.world.clock.timestamp()
    times = {"lastUpdateTime": now, "lastTransitionTime": now}
    condition = {"type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": message, **times}
    return {**status, "conditions": [*(status.get("conditions") or ()), condition]}


def _signed(context: Context, spec: Obj, parsed: x509.CertificateSigningRequest) -> str:
    world = context.world
    longest = parse_duration(str(context.options.get("cluster-signing-duration") or _YEAR)) // SECOND
    asked = spec.get("expirationSeconds")
    seconds = longest if asked is None else max(_SHORTEST, min(asked, longest))
    authority = Authority(world.seed, "kubernetes")
    pem = pki_requests.sign(authority, parsed, spec.get("usages") or [], seconds, world.clock.now)
    return base64.b64encode(pem.encode()).decode()


CONTROLLER = Controller(
    "certificatesigningrequest-signing-controller",
    watches={"CertificateSigningRequest": itself},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:certificate-controller",
)
