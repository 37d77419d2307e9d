"""Bootstrap tokens expire, and those that may sign the cluster's address; classes in use are held back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from cluster_core.simulation.assembly import controllers
from cluster_core.simulation.controllernames import is_chosen
from tests.builders import Engine


@pytest.fixture
def engine() -> Engine:
    engine = Engine(nodes=1)
    engine.settle()
    return engine


def token(name: str = "abcdef", **more: str) -> dict[str, Any]:
    data = {"token-id": name, "token-secret": "0123456789abcdef", "usage-bootstrap-signing": "true", **more}
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    metadata = {"name": f"bootstrap-token-{name}", "namespace": "kube-system"}
    return {"metadata": metadata, "type": "bootstrap.kubernetes.io/token", "data": encoded}


def info(engine: Engine) -> dict[str, str]:
    return dict(engine.api.get("ConfigMap", "kube-public", "cluster-info")["data"])


def test_an_expired_token_is_deleted(engine: Engine) -> None:
    engine.api.create("Secret", token(expiration="2026-01-01T02:00:00Z"))
    engine.api.create("Secret", token("stays1"))
    engine.cluster.advance(3600)
    assert engine.api.get("Secret", "kube-system", "bootstrap-token-abcdef") is not None
    engine.cluster.advance(3700)
    assert engine.api.get("Secret", "kube-system", "bootstrap-token-abcdef") is None
    assert engine.api.get("Secret", "kube-system", "bootstrap-token-stays1") is not None


def test_a_token_signs_the_cluster_s_address_as_jws_does(engine: Engine) -> None:
    engine.api.create("Secret", token())
    engine.settle()
    data = info(engine)
    header, nothing, sent = data["jws-kubeconfig-abcdef"].split(".")
    assert nothing == "" and json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "HS256", "kid": "abcdef"}
    payload = base64.urlsafe_b64encode(data["kubeconfig"].encode()).rstrip(b"=").decode()
    digest = hmac.new(b"0123456789abcdef", f"{header}.{payload}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(sent + "=") == digest
    engine.api.delete("Secret", "kube-system", "bootstrap-token-abcdef")
    engine.settle()
    assert "jws-kubeconfig-abcdef" not in info(engine)


@pytest.mark.parametrize("bad", [{"usage-bootstrap-signing": "false"}, {"token-id": "other1"}, {"expiration": "soon"}])
def test_a_token_that_may_not_sign_does_not(engine: Engine, bad: dict[str, str]) -> None:
    engine.api.create("Secret", token(**bad))
    engine.cluster.advance(2)
    assert not [key for key in info(engine) if key.startswith("jws-")]


def test_a_class_in_use_outlasts_its_deletion(engine: Engine) -> None:
    engine.api.create("VolumeAttributesClass", {"metadata": {"name": "gold"}, "driverName": "csi.example.com", "parameters": {"a": "b"}})
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "volumeAttributesClassName": "gold"}
    engine.api.create("PersistentVolumeClaim", {"metadata": {"name": "c", "namespace": "default"}, "spec": claim})
    engine.settle()
    engine.api.delete("VolumeAttributesClass", "", "gold")
    engine.settle()
    assert engine.api.get("VolumeAttributesClass", "", "gold") is not None
    engine.api.delete("PersistentVolumeClaim", "default", "c")
    engine.settle()
    assert engine.api.get("VolumeAttributesClass", "", "gold") is None


def test_every_controller_is_switched_by_its_real_name() -> None:
    for each in controllers():
        name = each.name.removesuffix("-controller") + "-controller"
        assert is_chosen(each.name, each.default_on, [name])
        assert not is_chosen(each.name, each.default_on, ["*", f"-{name}"])
    assert not is_chosen("token-cleaner", False, ["*"]) and is_chosen("token-cleaner", False, ["*", "tokencleaner"])
