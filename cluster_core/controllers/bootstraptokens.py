"""Bootstrap tokens: Secrets in kube-system with which new nodes join. Models pkg/controller/bootstrap/util.go and
cluster-bootstrap/token."""

from __future__ import annotations

import base64
import binascii
import re

from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj

NAMESPACE = "kube-system"
TYPE = "bootstrap.kubernetes.io/token"
_PREFIX = "bootstrap-token-"
_ID = re.compile(r"[a-z0-9]{6}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def is_token(secret: Obj) -> bool:
    metadata = secret["metadata"]
    return bool(secret.get("type") == TYPE and metadata.get("namespace") == NAMESPACE and metadata["name"].startswith(_PREFIX))


def value(secret: Obj, key: str) -> str:
    """One of its data, "" when it is not there or no text."""
    try:
        return base64.b64decode(secret.get("data", {}).get(key, "")).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def expiry(secret: Obj) -> int | None:
    """When it expires, in microseconds; None: never. What is no time has expired already."""
    text = value(secret, "expiration")
    if not text:
        return None
    return parse_time(text) if _RFC3339.fullmatch(text) else 0


def signing_token(secret: Obj, now: int) -> tuple[str, str] | None:
    """(id, secret) of a token that may sign, None when it may not."""
    name, token = value(secret, "token-id"), value(secret, "token-secret")
    if not is_token(secret) or not token or not _ID.fullmatch(name) or secret["metadata"]["name"] != f"{_PREFIX}{name}":
        return None
    expires = expiry(secret)
    if value(secret, "usage-bootstrap-signing") != "true" or (expires is not None and expires <= now):
        return None
    return name, token
