"""CertificateSigningRequest objects. Models pkg/registry/certificates/certificatesigningrequest."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Subresource
from cluster_core.machinery.typed import Obj


def _approve(new: Obj, old: Obj) -> Obj:
    """An approval changes the conditions only."""
    conditions = (new.get("status") or {}).get("conditions") or []
    return {**old, "metadata": new["metadata"], "status": {**(old.get("status") or {}), "conditions": conditions}}


KIND = Kind(
    "CertificateSigningRequest",
    plural="certificatesigningrequests",
    group="certificates.k8s.io",
    namespaced=False,
    short=("csr",),
    status=True,
    fields=lambda obj: {"spec.signerName": obj.get("spec", {}).get("signerName", "")},
    subresources=(Subresource("approval", ("get", "patch", "update"), "CertificateSigningRequest", prepare=_approve),),
)
