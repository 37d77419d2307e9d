"""CertificateSigningRequest objects. Models pkg/registry/certificates/certificatesigningrequest."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind, Subresource
from cluster_core.apiserver.schema import type_of
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds import certificate_validation
from cluster_core.machinery.timestamps import human_duration
from cluster_core.machinery.typed import Obj


def _approve(new: Obj, old: Obj) -> Obj:
    """An approval changes the conditions only."""
    conditions = (new.get("status") or {}).get("conditions") or []
    status = {key: value for key, value in (old.get("status") or {}).items() if key != "conditions"}
    return {**old, "metadata": new["metadata"], "status": {**status, "conditions": conditions} if conditions else status}


def _keep_decisions(new: Obj, old: Obj) -> Obj:
    """A change of the status leaves what was decided as it was decided."""
    decided = {each["type"]: each for each in (old.get("status") or {}).get("conditions") or () if each["type"] in ("Approved", "Denied")}
    conditions = (new.get("status") or {}).get("conditions")
    if not decided or not conditions:
        return new
    kept = [decided.get(each.get("type"), each) for each in conditions]
    return {**new, "status": {**new["status"], "conditions": kept}}


def _condition(request: Obj, now: int) -> str:
    status = request.get("status") or {}
    types = {condition["type"] for condition in status.get("conditions") or ()}
    shown = "Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"
    return shown + (",Failed" if "Failed" in types else "") + (",Issued" if status.get("certificate") else "")


def _duration(request: Obj, now: int) -> str:
    seconds = request["spec"].get("expirationSeconds")
    return "<none>" if seconds is None else human_duration(seconds)


def _described(name: str) -> str:
    return (
        type_of("certificates.k8s.io", "v1", "CertificateSigningRequest").fields["spec"].type.fields[name].description
    )


_SIGNER = (
    "Requested signer for the request. It is a qualified name in the form: `scope-hostname.io/name`. "
    "If empty, it will be defaulted:\n"
    " 1. If it's a kubelet client certificate, it is assigned\n"
    '    "kubernetes.io/kube-apiserver-client-kubelet".\n'
    " 2. If it's a kubelet serving certificate, it is assigned\n"
    '    "kubernetes.io/kubelet-serving".\n'
    ' 3. Otherwise, it is assigned "kubernetes.io/legacy-unknown".\n'
    "Distribution of trust for signers happens out of band. You can select on this field using `spec.signerName`."
)
"""As the older version of the API describes it: that is what the printer still shows."""
COLUMNS = (
    NAME,
    AGE,
    Column(
        "SignerName",
        lambda request, now: request["spec"].get("signerName", "<none>"),
        description=_SIGNER,
    ),
    Column(
        "Requestor",
        lambda request, now: request["spec"].get("username", ""),
        description="Base64-encoded PKCS#10 CSR data",
    ),
    Column("RequestedDuration", _duration, description=_described("expirationSeconds")),
    Column("Condition", _condition, description="Conditions applied to the request, such as approval or denial."),
)

KIND = Kind(
    "CertificateSigningRequest",
    plural="certificatesigningrequests",
    group="certificates.k8s.io",
    namespaced=False,
    short=("csr",),
    status=True,
    resets=("spec",),
    prepare_status=_keep_decisions,
    validate_status=certificate_validation.status,
    fields=lambda obj: {"spec.signerName": obj.get("spec", {}).get("signerName", "")},
    subresources=(
        Subresource(
            "approval",
            ("get", "patch", "update"),
            "CertificateSigningRequest",
            prepare=_approve,
            validate=certificate_validation.approval,
        ),
    ),
    validate=certificate_validation.request,
    validate_name=lambda name: [],
    prepare_create=lambda request: {**request, "status": {}},
    prepare_update=lambda new, old: {**new, "spec": old["spec"]},
    columns=COLUMNS,
)
