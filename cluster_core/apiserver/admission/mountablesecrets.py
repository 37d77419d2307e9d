"""Service accounts that say so let their pods use no secrets but their own. Part of plugin/pkg/admission/serviceaccount."""

from __future__ import annotations

from collections.abc import Iterator

from cluster_core.machinery.typed import Obj

ENFORCE = "kubernetes.io/enforce-mountable-secrets"
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})


def problem(account: Obj, spec: Obj) -> str:
    """The first use of a secret that the account does not name; "" when there is none or nobody cares."""
    if account["metadata"].get("annotations", {}).get(ENFORCE) not in _TRUE:
        return ""
    name, own = account["metadata"]["name"], {each.get("name") for each in account.get("secrets") or ()}
    for what, secret in _uses(spec):
        if secret not in own:
            return f'{what}secret.secretName="{secret}" is not allowed because service account {name} does not reference that secret'
    pulls = {each.get("name") for each in account.get("imagePullSecrets") or ()}
    for number, each in enumerate(spec.get("imagePullSecrets") or ()):
        if each.get("name") not in pulls:
            text = f'imagePullSecrets[{number}].name="{each.get("name")}" is not allowed because service account {name}'
            return f"{text} does not reference that imagePullSecret"
    return ""


def _uses(spec: Obj) -> Iterator[tuple[str, str]]:
    for volume in spec.get("volumes") or ():
        if "secret" in volume:
            yield "volume with ", volume["secret"].get("secretName", "")
    for key, label in (("initContainers", "init container"), ("containers", "container")):
        for container in spec.get(key) or ():
            yield from _of_container(container, f"{label} {container['name']}")


def _of_container(container: Obj, label: str) -> Iterator[tuple[str, str]]:
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
        if reference is not None:
            yield f"{label} with envVar {variable['name']} referencing ", reference.get("name", "")
    for source in container.get("envFrom") or ():
        if source.get("secretRef") is not None:
            yield f"{label} with envFrom referencing ", source["secretRef"].get("name", "")
