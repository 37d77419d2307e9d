"""Delete bootstrap tokens that have expired. Models pkg/controller/bootstrap/tokencleaner.go. Off unless asked for by name, as
kubeadm does."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers.bootstraptokens import NAMESPACE, expiry, is_token
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.typed import Obj


def reconcile(context: Context, key: str) -> float | None:
    secret = context.api.get("Secret", *split_key(key))
    if secret is None or not is_token(secret):
        return None
    expires = expiry(secret)
    if expires is None:
        return None
    left = (expires - context.world.clock.now) / SECOND
    if left > 0:
        return left
    metadata = secret["metadata"]
    context.api.delete("Secret", NAMESPACE, metadata["name"], uid=metadata["uid"])
    return None


def _token(context: Context, secret: Obj) -> Iterable[str]:
    return (object_key(secret),) if is_token(secret) else ()


CONTROLLER = Controller(
    "token-cleaner",
    watches={"Secret": _token},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:token-cleaner",
    default_on=False,
    periodic=True,
)
