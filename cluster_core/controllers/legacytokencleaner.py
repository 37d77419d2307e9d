"""Tokens of service accounts that were made by themselves and that nobody has used for a year: marked as invalid, a year later
deleted. Models legacy_serviceaccount_token_cleaner.go of pkg/controller/serviceaccount.

The real one looks every day; this one looks when the time of a secret has come. How long tokens have been watched at all, the
API server's ConfigMap says.
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.apiserver.legacytokens import INVALID_SINCE, LAST_USED, TRACKING, TYPE, day_of
from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import parse_duration, parse_time
from cluster_core.machinery.typed import Obj

DAY = 24 * 3600 * SECOND
_USUAL = "8760h0m0s"
_ACCOUNT = "kubernetes.io/service-account."


def reconcile(context: Context, key: str) -> float | None:
    secret = context.api.get("Secret", *split_key(key))
    if secret is None or "deletionTimestamp" in secret["metadata"] or not _is_automatic(context, secret):
        return None
    now, period = context.world.clock.now, parse_duration(str(context.options.get("legacy-service-account-token-clean-up-period") or _USUAL))
    begun = _watched_since(context)
    labels = secret["metadata"].get("labels") or {}
    if begun is None or (LAST_USED in labels and day_of(labels[LAST_USED]) is None):
        return None
    used = day_of(labels.get(LAST_USED, ""))
    due = max(begun + period, parse_time(secret["metadata"]["creationTimestamp"]) + period + SECOND, (used + period + DAY) if used is not None else 0)
    if due > now:
        return (due - now) / SECOND
    return _retire(context, secret, now, period)


def _retire(context: Context, secret: Obj, now: int, period: int) -> float | None:
    """Mark the secret, or delete it when the mark is old enough."""
    metadata = secret["metadata"]
    marked = day_of((metadata.get("labels") or {}).get(INVALID_SINCE, ""))
    if _is_mounted(context, secret):
        return DAY / SECOND
    if marked is None:
        today = context.world.clock.timestamp()[:10]
        context.api.patch("Secret", metadata["namespace"], metadata["name"], {"metadata": {"labels": {INVALID_SINCE: today}}})
        return period / SECOND
    if marked + period + DAY > now:
        return (marked + period + DAY - now) / SECOND
    context.api.delete("Secret", metadata["namespace"], metadata["name"], uid=metadata["uid"])
    return None


def _watched_since(context: Context) -> int | None:
    """The day after which all uses are known."""
    found = context.api.get("ConfigMap", "kube-system", TRACKING)
    day = day_of(((found or {}).get("data") or {}).get("since", ""))
    return None if day is None else day + DAY


def _is_automatic(context: Context, secret: Obj) -> bool:
    """Whether it is a token that its service account lists."""
    metadata = secret["metadata"]
    notes = metadata.get("annotations") or {}
    account = context.api.get("ServiceAccount", metadata["namespace"], notes.get(f"{_ACCOUNT}name", ""))
    if secret.get("type") != TYPE or account is None or notes.get(f"{_ACCOUNT}uid", account["metadata"]["uid"]) != account["metadata"]["uid"]:
        return False
    return any(each.get("name") == metadata["name"] for each in account.get("secrets") or ())


def _is_mounted(context: Context, secret: Obj) -> bool:
    name = secret["metadata"]["name"]
    return any(
        (volume.get("secret") or {}).get("secretName") == name
        for pod in context.api.list("Pod", secret["metadata"]["namespace"])
        for volume in pod["spec"].get("volumes") or ()
    )


def _token(context: Context, secret: Obj) -> Iterable[str]:
    return (object_key(secret),) if secret.get("type") == TYPE else ()


def _listed(context: Context, account: Obj) -> Iterable[str]:
    namespace = account["metadata"]["namespace"]
    return [f"{namespace}/{each['name']}" for each in account.get("secrets") or () if each.get("name")]


CONTROLLER = Controller(
    "legacy-serviceaccount-token-cleaner-controller",
    watches={"Secret": _token, "ServiceAccount": _listed},
    reconcile=reconcile,
    periodic=True,
    user="system:serviceaccount:kube-system:legacy-service-account-token-cleaner",
)
