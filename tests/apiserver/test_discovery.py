"""What the server says it serves."""

import importlib
import json
import pkgutil
from types import SimpleNamespace

import pytest

import cluster_core.kinds
from cluster_core.apiserver import discovery
from cluster_core.apiserver.kind import Kind, Scale, Served
from cluster_core.apiserver.request import ApiRequest
from cluster_core.machinery import errors
from tests.apiserver.recordings import load


def built_in():
    modules = [
        importlib.import_module(f"cluster_core.kinds.{m.name}")
        for m in pkgutil.iter_modules(cluster_core.kinds.__path__)
    ]
    return [module.KIND for module in modules if hasattr(module, "KIND")]


@pytest.fixture(scope="module")
def served():
    return discovery.catalogue(built_in())


@pytest.fixture(scope="module")
def server():
    return SimpleNamespace(kinds=built_in())


def get(server, path, accept=""):
    return discovery.answer(server, ApiRequest("GET", path, headers={"accept": accept} if accept else {}), path)


def test_aggregated_discovery_is_the_real_one(served):
    assert discovery.aggregated(served, core=True) == load("discovery/aggregated_api.json")
    assert discovery.aggregated(served, core=False) == load("discovery/aggregated_apis.json")


def test_the_groups_and_their_preferred_versions_are_the_real_ones(served):
    assert discovery.group_list(served) == load("discovery/plain_apis.json")


def test_the_recorded_resource_lists_are_the_real_ones(server):
    for step in load("transcripts/discovery.json")["steps"]:
        if step["path"].count("/") >= 2 and step["path"].startswith("/apis/") and step["response"]["status"] == 200:
            answer = get(server, step["path"])
            assert json.loads(answer.body) == step["response"]["body"], step["path"]


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_clients_choose_the_aggregated_form(server, path):
    answer = get(server, path, f"{discovery.AGGREGATED},application/json")
    assert answer.content_type == discovery.AGGREGATED
    assert answer.json()["kind"] == "APIGroupDiscoveryList"
    assert get(server, path).json()["kind"] in ("APIVersions", "APIGroupList")


def test_an_unknown_form_is_not_acceptable(server):
    with pytest.raises(errors.NotAcceptable):
        get(server, "/apis", "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList")


def test_unknown_groups_and_versions_are_told_apart(server):
    assert get(server, "/apis/nothing").body == b"404 page not found\n"
    assert get(server, "/nothing").status == 404
    for path in ("/apis/apps/v9", "/api/v2"):
        with pytest.raises(errors.NotFound, match="could not find the requested resource"):
            get(server, path)


def test_a_custom_kind_is_listed_after_the_built_in_ones_with_its_versions_in_order(served):
    versions = [Served("example.com", version) for version in ("v1beta1", "v2", "v0", "zeta")]
    widget = Kind(
        "Widget", plural="widgets", group="example.com", served=tuple(versions), scale=Scale(), facts={"types": {}}
    )
    found = discovery.catalogue([*built_in(), widget])
    assert list(found)[-1] == "example.com"
    assert list(found["example.com"]) == ["v2", "v1", "v0", "v1beta1", "zeta"]
    [resource] = discovery.aggregated(found, core=False)["items"][-1]["versions"][0]["resources"]
    assert resource["responseKind"] == {"group": "example.com", "version": "v2", "kind": "Widget"}
    assert resource["subresources"][0]["responseKind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
