"""CertificateSigningRequest objects. Models pkg/registry/certificates/certificatesigningrequest."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Subresource

KIND = Kind(
    "CertificateSigningRequest",
    plural="certificatesigningrequests",
    group="certificates.k8s.io",
    namespaced=False,
    short=("csr",),
    status=True,
    subresources=(
        Subresource("approval", ("get", "patch", "update"), "CertificateSigningRequest"),
    ),
)
