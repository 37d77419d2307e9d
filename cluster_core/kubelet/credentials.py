"""Image pull secrets: which there are, and whether they open a private registry. Models getPullSecretsForPod of
pkg/kubelet/kubelet_pods.go and pkg/credentialprovider."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

import orjson

from cluster_core.kubelet.work import Work
from cluster_core.machinery.containers import PullError
from cluster_core.machinery.typed import Obj


def tell_missing(work: Work) -> None:
    """Say so when secrets that the pod names are not there."""
    names = [each.get("name", "") for each in work.pod["spec"].get("imagePullSecrets", ())]
    missing = [name for name in names if name and work.fleet.api.get("Secret", work.pod["metadata"]["namespace"], name) is None]
    if missing:
        text = f"Unable to retrieve some image pull secrets ({', '.join(missing)}); attempting to pull the image may not succeed."
        work.event("Warning", "FailedToRetrieveImagePullSecret", text)


def check(work: Work, reference: str) -> None:
    """Raises PullError when the image is in a private registry that the pod has no credentials for."""
    host = reference.partition("/")[0]
    if host in work.fleet.private_registries and not any(_opens(server, host) for server in _servers(work)):
        raise PullError(
            f'rpc error: code = Unknown desc = failed to pull and unpack image "{reference}": failed to resolve reference '
            f'"{reference}": pull access denied, repository does not exist or may require authorization: authorization failed: '
            "no basic auth credentials"
        )


def _opens(server: str, host: str) -> bool:
    return server.removeprefix("https://").removeprefix("http://").partition("/")[0] == host


def _servers(work: Work) -> Iterator[str]:
    """The registries that the pod's secrets have credentials for."""
    for each in work.pod["spec"].get("imagePullSecrets", ()):
        secret = work.fleet.api.get("Secret", work.pod["metadata"]["namespace"], each.get("name", ""))
        if secret is not None:
            yield from _auths(secret)


def _auths(secret: Obj) -> list[str]:
    data = secret.get("data", {})
    try:
        if ".dockerconfigjson" in data:
            found: Any = orjson.loads(base64.b64decode(data[".dockerconfigjson"])).get("auths", {})
        else:
            found = orjson.loads(base64.b64decode(data.get(".dockercfg", "e30=")))
    except (binascii.Error, orjson.JSONDecodeError, AttributeError):
        return []  # the kubelet, too, goes on without what it cannot read
    return [server for server, given in found.items() if isinstance(given, dict) and given]
