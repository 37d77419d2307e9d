"""Pods stay 300 s on nodes that are not ready or unreachable. Models plugin/pkg/admission/defaulttolerationseconds."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery.typed import Obj

_SECONDS = 300
_KEYS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_DEFAULTS: dict[str, dict[str, Any]] = {
    key: {"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": _SECONDS} for key in _KEYS
}


def _tolerates(toleration: Obj, key: str) -> bool:
    return toleration.get("key", "") in ("", key) and toleration.get("effect", "") in ("", "NoExecute")


def _admit(attributes: Attributes) -> Obj | None:
    pod = attributes.obj
    if pod is None or attributes.operation == "DELETE" or not attributes.about("", "Pod"):
        return pod
    given = pod["spec"].get("tolerations", [])
    missing = [_DEFAULTS[key] for key in _KEYS if not any(_tolerates(toleration, key) for toleration in given)]
    if not missing:
        return pod
    return {**pod, "spec": {**pod["spec"], "tolerations": [*given, *missing]}}


PLUGIN = Plugin("DefaultTolerationSeconds", admit=_admit, kinds=frozenset({"Pod"}), subresources=False)
