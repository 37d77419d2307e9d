"""Service accounts. Models pkg/registry/core/serviceaccount."""

from __future__ import annotations

from cluster_core.apiserver import tokenrequest
from cluster_core.apiserver.kind import Kind, Subresource
from cluster_core.apiserver.objectmeta_validation import check_metadata
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors
from cluster_core.machinery.typed import Obj


def clean_secrets(account: Obj) -> Obj:
    """References to secrets are names only."""
    secrets = account.get("secrets")
    if not secrets:
        return account
    return {**account, "secrets": [{"name": one["name"]} if one.get("name") else {} for one in secrets]}


def validate_update(new: Obj, old: Obj) -> Errors:
    """Upstream checks the metadata by itself once more."""
    errors: Errors = []
    if new["metadata"] != old["metadata"]:
        check_metadata(errors, new["metadata"], names.dns1123_subdomain)
    return errors


_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"


def warnings(new: Obj, old: Obj | None) -> list[str]:
    before = (old or {"metadata": {}})["metadata"].get("annotations") or {}
    if _MOUNTABLE in before or _MOUNTABLE not in (new["metadata"].get("annotations") or {}):
        return []
    detail = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
    return [f"metadata.annotations[{_MOUNTABLE}]: {detail}"]


KIND = Kind(
    "ServiceAccount",
    plural="serviceaccounts",
    returns_deleted=True,
    short=("sa",),
    prepare_create=clean_secrets,
    prepare_update=lambda new, old: clean_secrets(new),
    validate_update=validate_update,
    warnings=warnings,
    columns=(NAME, AGE),
    subresources=(
        Subresource("token", ("create",), "TokenRequest", "authentication.k8s.io", call=tokenrequest.create),
    ),
)
