"""What lies in etcd, over REST: keys with their revisions, a value now and then, and what happens when etcd is down."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.playground.processes import Playground

PATH = "/api/v1/clusters/etcd-rest/"
KEY = "/registry/configmaps/default/settings"


@pytest.fixture(scope="module")
def client(product: Playground) -> Iterator[httpx.Client]:
    with product.client() as client:
        client.post("/api/v1/clusters/", json={"name": "etcd-rest", "nodes": 1, "seed": 1}).raise_for_status()
        yield client


def apply(client: httpx.Client, mode: str) -> None:
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, namespace: default}}\ndata: {{mode: {mode}}}\n"
    client.post(f"{PATH}apply/", content=text, headers={"Content-Type": "application/yaml"}).raise_for_status()


def test_keys_values_and_versions_are_told(client: httpx.Client) -> None:
    apply(client, "slow")
    apply(client, "fast")
    listed = client.get(f"{PATH}etcd/", params={"prefix": "/registry/configmaps/default/", "limit": 10}).json()
    assert KEY in [each["key"] for each in listed["keys"]] and listed["count"] == len(listed["keys"])
    one = client.get(f"{PATH}etcd/", params={"key": KEY}).json()
    assert '"mode":"fast"' in one["value"]["text"] and one["value"]["version"] == 2
    first = one["versions"][-1]["revision"]
    then = client.get(f"{PATH}etcd/", params={"key": KEY, "revision": first}).json()
    assert '"mode":"slow"' in then["value"]["text"] and then["value"]["modified"] == first


def test_what_cannot_be_is_refused(client: httpx.Client) -> None:
    assert client.get(f"{PATH}etcd/", params={"key": "/nothing"}).json()["value"] is None
    assert client.get(f"{PATH}etcd/", params={"revision": -1}).status_code == 400
    assert client.get(f"{PATH}etcd/", params={"limit": 100_000}).status_code == 400
    future = client.get(f"{PATH}etcd/", params={"key": KEY, "revision": 10**12})
    assert future.status_code == 400 and "required revision is a future revision" in future.text
    assert client.get(f"{PATH}etcd/", params={"prefix": "\U0010ffff"}).json()["keys"] == []
    client.post(f"{PATH}components/etcd/stop/").raise_for_status()
    down = client.get(f"{PATH}etcd/")
    assert down.status_code == 503 and "request timed out" in down.text
    client.post(f"{PATH}components/etcd/start/").raise_for_status()
    assert client.get(f"{PATH}etcd/").status_code == 200
