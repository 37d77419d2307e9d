"""Old certificate requests go away. Models pkg/controller/certificates/cleaner.

The real one looks every hour; this one looks when the time of a request has come.
"""

from __future__ import annotations

from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj

_DECIDED, _PENDING = 3600, 24 * 3600
"""Seconds that a request is kept after its approval and signature or its denial; and without a decision."""


def _end(request: Obj) -> int:
    """When it is to be removed, in microseconds."""
    status = request.get("status") or {}
    for condition in status.get("conditions") or ():
        signed = bool(status.get("certificate"))
        if condition["type"] in ("Denied", "Failed") or (condition["type"] == "Approved" and signed):
            moment = condition.get("lastUpdateTime") or request["metadata"]["creationTimestamp"]
            return parse_time(moment) + _DECIDED * SECOND
    return parse_time(request["metadata"]["creationTimestamp"]) + _PENDING * SECOND


def reconcile(context: Context, key: str) -> float | None:
    request = context.api.get("CertificateSigningRequest", "", key)
    if request is None:
        return None
    left = _end(request) - context.world.clock.now
    if left > 0:
        return left / SECOND
    context.api.delete("CertificateSigningRequest", "", key, uid=request["metadata"]["uid"])
    return None


CONTROLLER = Controller(
    "certificatesigningrequest-cleaner-controller",
    watches={"CertificateSigningRequest": itself},
    reconcile=reconcile,
    periodic=True,
    user="system:serviceaccount:kube-system:certificate-controller",
)
