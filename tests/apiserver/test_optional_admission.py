"""Admission plugins that are off until --enable-admission-plugins names them."""

from __future__ import annotations

import pytest

from cluster_core.machinery.errors import ApiError
from tests.builders import Engine, pod


def engine(*plugins: str) -> Engine:
    engine = Engine(bare=True)
    engine.cluster.server.options = {"enable-admission-plugins": ",".join(plugins)}
    return engine


def test_images_are_always_pulled() -> None:
    assert engine().api.create("Pod", pod(image="nginx:1.27"))["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    made = engine("AlwaysPullImages").api.create("Pod", pod(image="nginx:1.27", initContainers=[{"name": "i", "image": "busybox:1.37"}]))
    assert {each["imagePullPolicy"] for each in (*made["spec"]["containers"], *made["spec"]["initContainers"])} == {"Always"}


def test_a_namespace_that_is_named_is_made() -> None:
    settings = {"metadata": {"name": "settings", "namespace": "new"}}
    with pytest.raises(ApiError, match="not found"):
        engine().api.create("ConfigMap", settings)
    provided = engine("NamespaceAutoProvision")
    provided.api.create("ConfigMap", settings)
    assert provided.api.get("Namespace", "", "new") is not None


def test_a_namespace_says_on_which_nodes_its_pods_run() -> None:
    selecting = engine("PodNodeSelector")
    annotations = {"scheduler.alpha.kubernetes.io/node-selector": "disk=ssd, zone=a"}
    selecting.api.create("Namespace", {"metadata": {"name": "fast", "annotations": annotations}})
    selecting.cluster.advance(5)
    assert selecting.api.create("Pod", pod(namespace="fast"))["spec"]["nodeSelector"] == {"disk": "ssd", "zone": "a"}
    with pytest.raises(ApiError, match="conflicts"):
        selecting.api.create("Pod", pod("other", namespace="fast", nodeSelector={"disk": "hdd"}))


def test_external_addresses_can_be_denied() -> None:
    service = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"ports": [{"port": 80}], "externalIPs": ["1.2.3.4"]}}
    engine().api.create("Service", service)
    with pytest.raises(ApiError, match="denied by admission control"):
        engine("DenyServiceExternalIPs").api.create("Service", service)
