"""A kopf operator: a ConfigMap for every Box, its size in the status, a finalizer while it cleans up."""

from __future__ import annotations

from typing import Any

import kopf
from kubernetes import client, config

config.load_kube_config()
GROUP, VERSION, PLURAL = "test.example.com", "v1", "boxes"


@kopf.on.startup()
def settle(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.loggers = True
    settings.persistence.finalizer = "test.example.com/cleaning"
    settings.networking.request_timeout = 20


@kopf.on.create(GROUP, VERSION, PLURAL)
def create(name: str, namespace: str, spec: kopf.Spec, **_: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"metadata": {"name": f"box-{name}"}, "data": {"size": str(spec["size"])}}
    kopf.adopt(body)
    client.CoreV1Api().create_namespaced_config_map(namespace, body)
    return {"size": spec["size"]}


@kopf.on.field(GROUP, VERSION, PLURAL, field="spec.size", old=kopf.PRESENT, new=kopf.PRESENT)
def resize(name: str, namespace: str, new: int, **_: Any) -> None:
    client.CoreV1Api().patch_namespaced_config_map(f"box-{name}", namespace, {"data": {"size": str(new)}})


@kopf.on.delete(GROUP, VERSION, PLURAL)
def clean(name: str, namespace: str, **_: Any) -> None:
    client.CoreV1Api().create_namespaced_config_map(namespace, {"metadata": {"name": f"cleaned-{name}"}})
