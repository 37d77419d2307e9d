"""What the API server itself keeps in every cluster."""

import pytest

from cluster_core.machinery import pki
from cluster_core.machinery.seed import Seed
from tests.builders import Engine

FLOW = "/apis/flowcontrol.apiserver.k8s.io/v1"


@pytest.fixture(scope="module")
def engine():
    return Engine(bare=True)


def test_every_flow_schema_names_a_priority_level_that_exists(engine):
    levels = {level["metadata"]["name"] for level in engine.api.list("PriorityLevelConfiguration")}
    schemas = engine.api.list("FlowSchema")
    assert len(levels) == 8 and len(schemas) == 11
    assert {schema["spec"]["priorityLevelConfiguration"]["name"] for schema in schemas} == levels
    assert {schema["status"]["conditions"][0]["status"] for schema in schemas} == {"False"}


@pytest.mark.parametrize("plural", ["flowschemas", "prioritylevelconfigurations"])
def test_they_are_valid_and_have_all_their_defaults(engine, plural):
    for found in engine.call("GET", f"{FLOW}/{plural}").json()["items"]:
        name = found["metadata"]["name"]
        whole = engine.call("GET", f"{FLOW}/{plural}/{name}").json()
        answer = engine.call("PUT", f"{FLOW}/{plural}/{name}", whole)
        assert answer.status == 200, answer.json()
        assert answer.json()["metadata"]["generation"] == 1


def test_extension_servers_find_out_how_clients_prove_who_they_are(engine):
    found = engine.api.get("ConfigMap", "kube-system", "extension-apiserver-authentication")["data"]
    assert found["client-ca-file"] == pki.Authority(Seed(engine.cluster.spec.seed), "kubernetes").pem
    assert found["requestheader-client-ca-file"].startswith("-----BEGIN CERTIFICATE-----")
