"""Service accounts. Models pkg/registry/core/serviceaccount."""

from __future__ import annotations

from cluster_core.apiserver import tokenrequest
from cluster_core.apiserver.kind import Kind, Subresource
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.machinery.typed import Obj


def clean_secrets(account: Obj) -> Obj:
    """References to secrets are names only."""
    secrets = account.get("secrets")
    if not secrets:
        return account
    return {**account, "secrets": [{"name": one["name"]} if one.get("name") else {} for one in secrets]}


KIND = Kind(
    "ServiceAccount",
    plural="serviceaccounts",
    returns_deleted=True,
    short=("sa",),
    prepare_create=clean_secrets,
    prepare_update=lambda new, old: clean_secrets(new),
    columns=(NAME, AGE),
    subresources=(Subresource("token", ("create",), "TokenRequest", "authentication.k8s.io", call=tokenrequest.create),),
)
