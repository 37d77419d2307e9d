"""Kubelets' requests for client certificates are approved. Models pkg/controller/certificates/approver."""

from __future__ import annotations

from cryptography import x509

from cluster_core.apiserver.authorization import Action
from cluster_core.apiserver.request import User
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery import pki_requests
from cluster_core.machinery.typed import Obj

KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
_GROUP = "certificates.k8s.io"
_USAGES = (
    frozenset({"digital signature", "client auth"}),
    frozenset({"digital signature", "key encipherment", "client auth"}),
)
NODE, NODES = "system:node:", "system:nodes"


def is_decided(request: Obj) -> bool:
    conditions = (request.get("status") or {}).get("conditions") or ()
    return any(each["type"] in ("Approved", "Denied") for each in conditions)


def kubelet_client_problem(parsed: x509.CertificateSigningRequest, usages: list[str]) -> str:
    """Why it is no kubelet's request for a client certificate; "" when it is one."""
    if pki_requests.organizations(parsed) != [NODES]:
        return "subject organization is not system:nodes"
    if pki_requests.alternative_names(parsed) is not None:
        return "DNS subjectAltNames are not allowed"
    if not pki_requests.common_name(parsed).startswith(NODE):
        return "subject common name does not begin with system:node:"
    return "" if set(usages) in _USAGES else f"usages did not match [{' '.join(sorted(_USAGES[1]))}]"


def reconcile(context: Context, key: str) -> float | None:
    request = context.api.get("CertificateSigningRequest", "", key)
    if request is None or is_decided(request) or request["spec"].get("signerName") != KUBELET_CLIENT:
        return None
    spec = request["spec"]
    parsed = pki_requests.parse(spec["request"])
    if kubelet_client_problem(parsed, spec.get("usages") or []):
        return None
    message = _approval(context, spec, pki_requests.common_name(parsed))
    if message:
        now = context.world.clock.timestamp()
        times = {"lastUpdateTime": now, "lastTransitionTime": now}
        condition = {"type": "Approved", "status": "True", "reason": "AutoApproved", "message": message, **times}
        status = {**(request.get("status") or {}), "conditions": [condition]}
        context.api.update("CertificateSigningRequest", {**request, "status": status}, subresource="approval")
    return None


def _approval(context: Context, spec: Obj, name: str) -> str:
    """The message of the approval; "" when the requester may not have it."""
    user = User(spec.get("username", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""))
    ways = [("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview.")]
    if user.name == name:
        ways.insert(0, ("selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview."))
    authorizer = context.api.server.authorizer
    for subresource, message in ways:
        if authorizer.decide(user, Action("create", _GROUP, "certificatesigningrequests", subresource)).allowed:
            return message
    return ""


CONTROLLER = Controller(
    "certificatesigningrequest-approving-controller",
    watches={"CertificateSigningRequest": itself},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:certificate-controller",
)
