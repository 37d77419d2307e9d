"""Sign kube-public/cluster-info with every bootstrap token that may, so that a joining node knows whom it talks to.

Models pkg/controller/bootstrap/bootstrapsigner.go and cluster-bootstrap/token/jws. Off unless asked for by name, as kubeadm does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

import orjson

from cluster_core.controllers.bootstraptokens import NAMESPACE, is_token, signing_token
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.typed import Obj

_KEY = "cluster-info"
_PLACE = ("kube-public", _KEY)
_SIGNATURE = "jws-kubeconfig-"


def reconcile(context: Context, key: str) -> float | None:
    info = context.api.get("ConfigMap", *_PLACE)
    kubeconfig = (info or {}).get("data", {}).get("kubeconfig", "")
    if info is None or not kubeconfig:
        return None
    now = context.world.clock.now
    found = (signing_token(secret, now) for secret in context.api.list("Secret", NAMESPACE) if is_token(secret))
    kept = {name: text for name, text in info["data"].items() if not name.startswith(_SIGNATURE)}
    data = {**kept, **{f"{_SIGNATURE}{token[0]}": signature(kubeconfig, *token) for token in found if token is not None}}
    if data != info["data"]:
        context.api.update("ConfigMap", {**info, "data": data})
    return None


def signature(content: str, token_id: str, secret: str) -> str:
    """A detached JWS of the content, as ComputeDetachedSignature makes it: HS256 with the token's secret."""
    header = _encoded(orjson.dumps({"alg": "HS256", "kid": token_id}))
    digest = hmac.new(secret.encode(), f"{header}.{_encoded(content.encode())}".encode(), hashlib.sha256).digest()
    return f"{header}..{_encoded(digest)}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _of_info(context: Context, info: Obj) -> Iterable[str]:
    metadata = info["metadata"]
    return (_KEY,) if (metadata.get("namespace"), metadata["name"]) == _PLACE else ()


def _of_token(context: Context, secret: Obj) -> Iterable[str]:
    return (_KEY,) if is_token(secret) else ()


CONTROLLER = Controller(
    "bootstrap-signer",
    watches={"ConfigMap": _of_info, "Secret": _of_token},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:bootstrap-signer",
    default_on=False,
)
