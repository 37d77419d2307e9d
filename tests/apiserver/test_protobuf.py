"""kubectl's typed clients send protobuf: it must mean the same as JSON."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_core.apiserver import protobuf
from cluster_core.apiserver.request import ApiRequest
from cluster_core.machinery.errors import BadRequest


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value % (1 << 64))
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def envelope(api_version: str, kind: str, body: bytes) -> bytes:
    meta = field(1, api_version.encode()) + field(2, kind.encode())
    return protobuf.MAGIC + field(1, meta) + field(2, body)


def test_a_deployment_reads_like_its_json() -> None:
    labels = field(1, field(1, b"app") + field(2, b"web"))
    port = field(2, -1) + field(3, 80)
    container = field(1, b"c") + field(2, b"nginx") + field(6, port)
    template = field(2, field(2, container))
    spec = field(1, 3) + field(2, labels) + field(3, template)
    body = field(1, field(1, b"web") + field(8, b"")) + field(2, spec)
    found = protobuf.decode(envelope("apps/v1", "Deployment", body))
    assert found == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "spec": {
                    "containers": [
                        {"name": "c", "image": "nginx", "ports": [{"hostPort": -1, "containerPort": 80}]}
                    ]
                }
            },
        },
    }


def test_embedded_structures_and_odd_capitals_read_as_their_json() -> None:
    reference = field(1, field(1, b"settings"))
    volume = field(1, b"v") + field(2, field(19, reference))
    pod = field(2, field(1, volume))
    found = protobuf.decode(envelope("v1", "Pod", pod))
    assert found["spec"] == {"volumes": [{"name": "v", "configMap": {"name": "settings"}}]}
    ingress = field(2, field(3, field(1, b"example.com") + field(2, field(1, field(1, field(3, b"Prefix"))))))
    rules = protobuf.decode(envelope("networking.k8s.io/v1", "Ingress", ingress))["spec"]["rules"]
    assert rules == [{"host": "example.com", "http": {"paths": [{"pathType": "Prefix"}]}}]
    token = protobuf.decode(envelope("authentication.k8s.io/v1", "TokenRequest", field(2, field(3, field(4, b"u1")))))
    assert token["spec"]["boundObjectRef"] == {"uid": "u1"}


def test_bytes_times_and_quantities_take_their_json_form() -> None:
    secret = field(1, field(1, b"s") + field(8, field(1, 1_767_225_600))) + field(2, field(1, b"k") + field(2, b"v"))
    assert protobuf.decode(envelope("v1", "Secret", secret)) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "data": {"k": "dg=="},
    }
    limits = field(1, field(1, b"cpu") + field(2, field(1, b"500m")))
    quota = field(2, limits)
    assert protobuf.decode(envelope("v1", "ResourceQuota", quota))["spec"] == {"hard": {"cpu": "500m"}}


@given(st.binary(max_size=60))
@settings(max_examples=400)
def test_garbage_is_a_bad_request(data: bytes) -> None:
    body = envelope("v1", "Pod", data)
    request = ApiRequest("POST", "/api/v1/namespaces/default/pods", headers={"content-type": protobuf.MEDIA}, body=body)
    try:
        protobuf.as_json(request)
    except BadRequest as error:
        assert error.code == 400


def test_an_unknown_kind_is_a_bad_request() -> None:
    request = ApiRequest("POST", "/x", headers={"content-type": protobuf.MEDIA}, body=envelope("v1", "Nothing", b""))
    with pytest.raises(BadRequest, match='no kind "Nothing"'):
        protobuf.as_json(request)
