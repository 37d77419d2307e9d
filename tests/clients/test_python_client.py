"""The official Python client, `kubernetes`: typed APIs, watch, dynamic client, errors, by HTTPS with a token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import NotFoundError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def api(secure_kubeconfig: Path) -> Iterator[client.ApiClient]:
    with config.new_client_from_config(str(secure_kubeconfig)) as made:
        yield made


@pytest.fixture(scope="module")
def namespace(api: client.ApiClient) -> Iterator[str]:
    core, name = client.CoreV1Api(api), "python-client"
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))
    yield name
    core.delete_namespace(name)


def pod(name: str) -> client.V1Pod:
    container = client.V1Container(name="web", image="nginx")
    metadata = client.V1ObjectMeta(name=name, labels={"app": name})
    return client.V1Pod(metadata=metadata, spec=client.V1PodSpec(containers=[container]))


def deployment(name: str, replicas: int) -> client.V1Deployment:
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels={"app": name}), spec=pod(name).spec)
    selector = client.V1LabelSelector(match_labels={"app": name})
    spec = client.V1DeploymentSpec(replicas=replicas, selector=selector, template=template)
    return client.V1Deployment(metadata=client.V1ObjectMeta(name=name), spec=spec)


def test_versions_groups_and_nodes_are_read_typed(api: client.ApiClient) -> None:
    assert client.VersionApi(api).get_code().minor == "36"
    assert "apps" in {group.name for group in client.ApisApi(api).get_api_versions().groups}
    nodes = client.CoreV1Api(api).list_node().items
    assert "node-1" in {node.metadata.name for node in nodes}
    assert nodes[0].status.node_info.kubelet_version == "v1.36.2"


def test_a_pod_is_created_watched_patched_and_deleted(api: client.ApiClient, namespace: str) -> None:
    core = client.CoreV1Api(api)
    made = core.create_namespaced_pod(namespace, pod("watched"))
    stream = watch.Watch()
    seen = []
    events = stream.stream(
        core.list_namespaced_pod, namespace, resource_version=made.metadata.resource_version, timeout_seconds=30
    )
    for event in events:
        seen.append(event["type"])
        if event["object"].status.phase == "Running":
            stream.stop()
    assert set(seen) == {"MODIFIED"}
    labels = {"metadata": {"labels": {"tier": "front"}}}
    assert core.patch_namespaced_pod("watched", namespace, labels).metadata.labels["tier"] == "front"
    assert core.list_namespaced_pod(namespace, label_selector="tier=front").items[0].metadata.name == "watched"
    assert "start worker" in core.read_namespaced_pod_log("watched", namespace)
    assert core.delete_namespaced_pod("watched", namespace, grace_period_seconds=0) is not None
    with pytest.raises(ApiException) as gone:
        core.read_namespaced_pod("watched", namespace)
    assert gone.value.status == 404


def scaled(apps: client.AppsV1Api, namespace: str, replicas: int) -> bool:
    """Read, change, replace: False when a controller has written in between, which every client must expect."""
    scale = apps.read_namespaced_deployment_scale("web", namespace)
    scale.spec.replicas = replicas
    try:
        apps.replace_namespaced_deployment_scale("web", namespace, scale)
    except ApiException as error:
        if error.status != 409:
            raise
        return False
    return True


def test_a_deployment_is_scaled_and_rolled_out(api: client.ApiClient, namespace: str) -> None:
    apps = client.AppsV1Api(api)
    apps.create_namespaced_deployment(namespace, deployment("web", 1))
    end = time.monotonic() + 30
    while not scaled(apps, namespace, 3):
        assert time.monotonic() < end
    while apps.read_namespaced_deployment_status("web", namespace).status.ready_replicas != 3:
        assert time.monotonic() < end
        time.sleep(0.1)
    apps.delete_namespaced_deployment("web", namespace, propagation_policy="Foreground")


def test_long_lists_come_in_pages(api: client.ApiClient, namespace: str) -> None:
    core = client.CoreV1Api(api)
    for number in range(7):
        core.create_namespaced_config_map(namespace, {"metadata": {"name": f"page-{number}"}})
    names, token = [], None
    while token != "":
        page = core.list_namespaced_config_map(namespace, limit=3, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue or ""
    assert [name for name in names if name.startswith("page-")] == [f"page-{number}" for number in range(7)]
    core.delete_collection_namespaced_config_map(namespace)


def test_refusals_arrive_as_the_client_expects_them(api: client.ApiClient, namespace: str) -> None:
    core = client.CoreV1Api(api)
    with pytest.raises(ApiException) as invalid:
        core.create_namespaced_pod(namespace, pod("Bad_Name"))
    assert (invalid.value.status, invalid.value.reason) == (422, "Unprocessable Entity")
    kept = core.create_namespaced_config_map(namespace, {"metadata": {"name": "kept"}, "data": {"a": "1"}})
    core.patch_namespaced_config_map("kept", namespace, {"data": {"a": "2"}})
    with pytest.raises(ApiException) as conflict:
        core.replace_namespaced_config_map("kept", namespace, kept)
    assert conflict.value.status == 409


def test_a_watch_from_before_the_history_is_told_so(api: client.ApiClient, namespace: str) -> None:
    core = client.CoreV1Api(api)
    kept = core.list_namespaced_config_map(namespace).metadata.resource_version
    with pytest.raises(ApiException) as future:
        core.list_namespaced_config_map(namespace, resource_version=str(int(kept) + 10**9), resource_version_match="Exact")
    assert future.value.status in (410, 504)


def test_the_dynamic_client_finds_applies_and_watches_any_kind(api: client.ApiClient, namespace: str) -> None:
    found = dynamic.DynamicClient(api)
    maps = found.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dyn", "namespace": namespace}, "data": {"a": "1"}}
    applied = maps.server_side_apply(body=body, name="dyn", namespace=namespace, field_manager="test")
    assert applied.metadata.managedFields[0].manager == "test"
    watched = maps.watch(namespace=namespace, name="dyn", timeout=3)
    assert next(iter(watched))["type"] == "ADDED"
    patched = maps.patch(body=[{"op": "add", "path": "/data/b", "value": "2"}], name="dyn", namespace=namespace,
                         content_type="application/json-patch+json")  # fmt: skip
    assert patched.data.b == "2"
    maps.delete(name="dyn", namespace=namespace)
    with pytest.raises(NotFoundError):
        maps.get(name="dyn", namespace=namespace)
    assert found.resources.get(api_version="apps/v1", kind="Deployment").subresources["scale"].kind == "Scale"


def test_a_manifest_is_created_from_a_dictionary(api: client.ApiClient, namespace: str) -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "made", "namespace": namespace},
           "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox",
                                                                              "command": ["echo", "hello"]}]}}}}  # fmt: skip
    utils.create_from_dict(api, job)
    batch, end = client.BatchV1Api(api), time.monotonic() + 30
    while not batch.read_namespaced_job_status("made", namespace).status.succeeded:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_custom_objects_follow_their_definition(api: client.ApiClient, namespace: str) -> None:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "pyboxes", "singular": "pybox", "kind": "PyBox", "listKind": "PyBoxList"}
    definition = {"metadata": {"name": "pyboxes.test.example.com"},
                  "spec": {"group": "test.example.com", "scope": "Namespaced", "names": names, "versions": [version]}}  # fmt: skip
    extensions, custom = client.ApiextensionsV1Api(api), client.CustomObjectsApi(api)
    extensions.create_custom_resource_definition(definition)
    end = time.monotonic() + 20
    while not any(c.type == "Established" and c.status == "True" for c in
                  (extensions.read_custom_resource_definition("pyboxes.test.example.com").status.conditions or [])):  # fmt: skip
        assert time.monotonic() < end
        time.sleep(0.1)
    where = ("test.example.com", "v1", namespace, "pyboxes")
    body = {"apiVersion": "test.example.com/v1", "kind": "PyBox", "metadata": {"name": "one"}, "spec": {}}
    assert custom.create_namespaced_custom_object(*where, body)["spec"] == {"size": 3}
    with pytest.raises(ApiException) as wrong:
        custom.patch_namespaced_custom_object(*where, "one", {"spec": {"size": "big"}})
    assert wrong.value.status == 422
    assert len(custom.list_namespaced_custom_object(*where)["items"]) == 1
    extensions.delete_custom_resource_definition("pyboxes.test.example.com")
