"""Fill secrets of type kubernetes.io/service-account-token with their account's token; remove them with the account.

Models pkg/controller/serviceaccount/tokens_controller.go. Keys: "namespace/name" is a secret, "account/namespace/name" an
account that has gone, "reference/namespace/account/secret" a secret that has gone.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.parts import object_key
from cluster_core.controllers.rootcacertificatepublisher import authority
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.controllers.volumes import notes, with_notes
from cluster_core.machinery.typed import Obj

TYPE = "kubernetes.io/service-account-token"
NAME, UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"


def reconcile(context: Context, key: str) -> float | None:
    first, *rest = key.split("/")
    if len(rest) == 1:
        _sync_secret(context, first, rest[0])
    elif first == "account":
        for secret in _token_secrets(context, rest[0], rest[1]):
            _sync_secret(context, rest[0], secret["metadata"]["name"])
    else:
        _drop_reference(context, *rest)
    return None


def _token_secrets(context: Context, namespace: str, account: str) -> list[Obj]:
    secrets = context.api.list("Secret", namespace)
    return [secret for secret in secrets if secret.get("type") == TYPE and notes(secret).get(NAME) == account]


def _sync_secret(context: Context, namespace: str, name: str) -> None:
    secret = context.api.get("Secret", namespace, name)
    if secret is None or secret.get("type") != TYPE:
        return
    marks = notes(secret)
    account = context.api.get("ServiceAccount", namespace, marks.get(NAME, ""))
    if account is None or marks.get(UID) not in (None, "", account["metadata"]["uid"]):
        context.api.delete("Secret", namespace, name, uid=secret["metadata"]["uid"])
        return
    data = _data(context, secret, account)
    if data != secret.get("data"):
        marked = with_notes(secret, **{NAME: account["metadata"]["name"], UID: account["metadata"]["uid"]})
        context.api.update("Secret", {**marked, "data": data})


def _data(context: Context, secret: Obj, account: Obj) -> dict[str, Any]:
    data = dict(secret.get("data") or {})
    data["ca.crt"] = _encoded(authority(context).pem)
    if not data.get("namespace"):
        data["namespace"] = _encoded(secret["metadata"]["namespace"])
    if not data.get("token"):
        data["token"] = _encoded(context.api.server.tokens.issue_lasting(account, secret["metadata"]["name"]))
    return data


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _drop_reference(context: Context, namespace: str, account: str, secret: str) -> None:
    found = context.api.get("ServiceAccount", namespace, account)
    if found is None or context.api.get("Secret", namespace, secret) is not None:
        return
    secrets = [each for each in found.get("secrets") or () if each.get("name") != secret]
    if len(secrets) < len(found.get("secrets") or ()):
        kept = {key: value for key, value in found.items() if key != "secrets"}
        context.api.update("ServiceAccount", {**kept, "secrets": secrets} if secrets else kept)


def _secret(context: Context, secret: Obj) -> Iterable[str]:
    if secret.get("type") != TYPE:
        return ()
    metadata = secret["metadata"]
    if context.api.get("Secret", metadata["namespace"], metadata["name"]) is None:
        return (f"reference/{metadata['namespace']}/{notes(secret).get(NAME, '')}/{metadata['name']}",)
    return (object_key(secret),)


def _account(context: Context, account: Obj) -> Iterable[str]:
    """An account that has gone, or has come again under its name."""
    return (f"account/{object_key(account)}",)


CONTROLLER = Controller(
    "serviceaccount-token-controller",
    watches={"Secret": _secret, "ServiceAccount": _account},
    reconcile=reconcile,
    user="system:kube-controller-manager",
)
