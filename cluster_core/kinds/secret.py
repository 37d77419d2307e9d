"""Secrets. Models pkg/registry/core/secret."""

from __future__ import annotations

import base64

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import documented
from cluster_core.kinds.data_validation import secret, secret_update
from cluster_core.machinery import pki_pairs
from cluster_core.machinery.typed import Obj


def default(secret: Obj) -> Obj:
    """Opaque unless typed; stringData goes into data and is never read back."""
    result = {"type": "Opaque", **secret}
    texts = result.pop("stringData", None)
    if texts:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        result["data"] = {**(secret.get("data") or {}), **encoded}
    return result


def warnings(secret: Obj, old: Obj | None) -> list[str]:
    """A certificate and a key that do not make a pair are stored all the same."""
    if secret.get("type") != "kubernetes.io/tls":
        return []
    found = (base64.b64decode((secret.get("data") or {}).get(key) or "") for key in ("tls.crt", "tls.key"))
    text = pki_pairs.trouble(*found)
    return [text] if text else []


COLUMNS = (
    NAME,
    Column("Type", lambda obj, now: obj.get("type", ""), description=documented("core.v1.Secret", "type")),
    Column("Data", lambda obj, now: len(obj.get("data") or ()), description=documented("core.v1.Secret", "data")),
    AGE,
)

KIND = Kind(
    "Secret",
    plural="secrets",
    default=default,
    prepare_update=lambda new, old: new if new.get("type") else {**new, "type": old.get("type", "")},
    fields=lambda obj: {"type": obj.get("type", "")},
    validate=secret,
    validate_update=secret_update,
    warnings=warnings,
    columns=COLUMNS,
)
