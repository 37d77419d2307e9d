"""Admission webhooks: a server in the cluster judges requests, and what happens when it cannot be asked."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.builders import Engine, pod

HOST = "hooks.default.svc"
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/{}webhookconfigurations"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DRY = (("dryRun", "All"),)


class Pair(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def issue(name: str, issuer: Pair | None = None, *hosts: str) -> Pair:
    key, start = ec.generate_private_key(ec.SECP256R1()), datetime(2020, 1, 1, tzinfo=UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key()).serial_number(7)
    builder = builder.issuer_name(issuer.certificate.subject if issuer else subject)
    builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=36500))
    builder = builder.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
    return Pair(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


@cache
def authority() -> Pair:
    return issue("an authority")


class Cluster(Engine):
    """A cluster in which agnhost serves webhooks behind the service "hooks"."""

    def __init__(self, face: str = "webhook", host: str = HOST) -> None:
        super().__init__(nodes=2)
        secret = {"metadata": {"name": "cert"}, "stringData": {"tls.crt": issue("server", authority(), host).pem}}
        self.must("POST", "/api/v1/namespaces/default/secrets", secret)
        server = pod("hooks")
        server["metadata"]["labels"] = {"app": "hooks"}
        server["spec"] = {
            "containers": [
                {
                    "name": "server",
                    "image": "registry.k8s.io/e2e-test-images/agnhost:2.56",
                    "args": [face, "--port=8444", "--tls-cert-file=/certs/tls.crt", "--sidecar-image=busybox"],
                    "ports": [{"containerPort": 8444}],
                    "volumeMounts": [{"name": "certs", "mountPath": "/certs"}],
                }
            ],
            "volumes": [{"name": "certs", "secret": {"secretName": "cert"}}],
        }
        self.must("POST", PODS, server)
        ports = [{"port": 443, "targetPort": 8444}]
        service = {"metadata": {"name": "hooks"}, "spec": {"selector": {"app": "hooks"}, "ports": ports}}
        self.must("POST", "/api/v1/namespaces/default/services", service)
        assert self.settle(120)

    def must(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = self.call(method, path, body, **more)
        assert answer.status < 300, answer.body
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        answer = self.call(method, path, body, **more)
        assert answer.status >= 400, answer.body
        return answer.status, answer.json()["message"]

    def hook(self, path: str, resources: str = "configmaps", *, kind: str = "validating", name: str = "judge", **more: Any) -> None:
        """Register a webhook."""
        client = {
            "service": {"namespace": "default", "name": "hooks", "path": path},
            "caBundle": base64.b64encode(authority().pem.encode()).decode(),
        }
        rule = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": [resources]}
        hook = {
            "name": f"{name}.example.com",
            "clientConfig": client,
            "rules": [rule],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            **more,
        }
        whole = {"metadata": {"name": name}, "webhooks": [hook]}
        self.must("POST", CONFIGURATIONS.format(kind), whole)


def configmap(name: str = "some", **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


# ------------------------------------------------------------------------------------------------ verdicts


def test_a_validating_webhook_refuses_in_its_own_words(cluster: Cluster) -> None:
    cluster.hook("/always-deny")
    text = 'admission webhook "judge.example.com" denied the request: this webhook denies all requests'
    assert cluster.refused("POST", CONFIGMAPS, configmap()) == (400, text)


def test_a_webhook_judges_by_the_object_and_the_operation(cluster: Cluster) -> None:
    cluster.hook("/configmaps")
    cluster.must("POST", CONFIGMAPS, configmap("kept", **{"webhook-e2e-test": "webhook-nondeletable"}))
    status, text = cluster.refused("POST", CONFIGMAPS, configmap(**{"webhook-e2e-test": "webhook-disallow"}))
    assert (status, text.rpartition(": ")[2]) == (400, "the configmap contains unwanted key and value")
    _, text = cluster.refused("DELETE", f"{CONFIGMAPS}/kept")
    assert text.endswith("cannot be deleted because it contains unwanted key and value")


def test_a_mutating_webhook_changes_what_is_stored(cluster: Cluster) -> None:
    cluster.hook("/mutating-pods-sidecar", "pods", kind="mutating")
    made = cluster.must("POST", PODS, pod("web"))
    assert [each["name"] for each in made["spec"]["containers"]] == ["c", "webhook-added-sidecar"]
    assert made["spec"]["containers"][1]["imagePullPolicy"] == "Always"


def test_pods_of_controllers_are_judged_too(cluster: Cluster) -> None:
    cluster.hook("/always-deny", "pods")
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    cluster.must("POST", "/apis/apps/v1/namespaces/default/replicasets", {"metadata": {"name": "web"}, "spec": spec})
    cluster.cluster.advance(5)
    assert "denied the request" in cluster.events("FailedCreate")[0]["message"]


def test_a_hook_that_wants_it_sees_what_later_hooks_changed(cluster: Cluster) -> None:
    cluster.hook("/mutating-configmaps", kind="mutating", name="a-first", reinvocationPolicy="IfNeeded")
    cluster.hook("/add-label", kind="mutating", name="b-second")
    made = cluster.must("POST", CONFIGMAPS, configmap(**{"mutation-start": "yes"}))
    assert set(made["data"]) == {"mutation-start", "mutation-stage-1", "mutation-stage-2"}
    assert made["metadata"]["labels"] == {"added-label": "yes"}


def test_a_hook_is_asked_once_unless_it_wants_more(cluster: Cluster) -> None:
    cluster.hook("/mutating-configmaps", kind="mutating", name="a-first")
    cluster.hook("/add-label", kind="mutating", name="b-second")
    made = cluster.must("POST", CONFIGMAPS, configmap(**{"mutation-start": "yes"}))
    assert set(made["data"]) == {"mutation-start", "mutation-stage-1"}


def test_attaching_can_be_refused(cluster: Cluster) -> None:
    cluster.hook("/pods/attach", "pods/attach")
    target = pod("to-be-attached-pod")
    target["spec"]["containers"][0]["name"] = "container1"
    cluster.must("POST", PODS, target)
    query = (("stdin", "true"), ("stdout", "true"), ("container", "container1"))
    _, text = cluster.refused("GET", f"{PODS}/to-be-attached-pod/attach", query=query, upgrade="websocket")
    assert text.endswith("attaching to pod 'to-be-attached-pod' is not allowed")


# ------------------------------------------------------------------------------------------------ which requests


@pytest.mark.parametrize(
    "more",
    [
        {"namespaceSelector": {"matchLabels": {"judged": "yes"}}},
        {"objectSelector": {"matchLabels": {"judged": "yes"}}},
        {"matchConditions": [{"name": "not-ours", "expression": "object.metadata.name != 'some'"}]},
    ],
    ids=["namespace", "object", "condition"],
)
def test_other_requests_pass_by(cluster: Cluster, more: dict[str, Any]) -> None:
    cluster.hook("/always-deny", **more)
    cluster.must("POST", CONFIGMAPS, configmap())


def test_configurations_are_never_judged(cluster: Cluster) -> None:
    cluster.hook("/always-deny", "*")
    cluster.must("DELETE", CONFIGURATIONS.format("validating") + "/judge")


def test_a_dry_run_does_not_reach_a_hook_with_side_effects(cluster: Cluster) -> None:
    cluster.hook("/configmaps", sideEffects="NoneOnDryRun")
    cluster.must("POST", CONFIGMAPS, configmap(), query=DRY)


# ------------------------------------------------------------------------------------------------ failures


def test_who_trusts_the_wrong_authority_is_told(cluster: Cluster) -> None:
    other = base64.b64encode(issue("another authority").pem.encode()).decode()
    service = {"namespace": "default", "name": "hooks", "path": "/configmaps"}
    cluster.hook("/configmaps", clientConfig={"service": service, "caBundle": other})
    url = f"https://{HOST}:443/configmaps?timeout=10s"
    cause = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    text = f'Internal error occurred: failed calling webhook "judge.example.com": failed to call webhook: Post "{url}": {cause}'
    assert cluster.refused("POST", CONFIGMAPS, configmap()) == (500, text)


def test_a_certificate_for_another_name_does_not_do() -> None:
    cluster = Cluster(host="other.default.svc")
    cluster.hook("/configmaps")
    _, text = cluster.refused("POST", CONFIGMAPS, configmap())
    assert text.endswith(f"certificate is valid for other.default.svc, not {HOST}")


def test_what_speaks_no_tls_is_no_webhook() -> None:
    cluster = Cluster(face="netexec")
    cluster.hook("/configmaps")
    _, text = cluster.refused("POST", CONFIGMAPS, configmap())
    assert text.endswith("http: server gave HTTP response to HTTPS client")


def test_nothing_behind_the_service_refuses_the_connection(cluster: Cluster) -> None:
    cluster.hook("/configmaps")
    cluster.must("DELETE", f"{PODS}/hooks")
    assert cluster.settle(120)
    _, text = cluster.refused("POST", CONFIGMAPS, configmap())
    assert text.endswith(":443: connect: connection refused")


def test_a_service_that_does_not_exist_is_named(cluster: Cluster) -> None:
    cluster.hook("/x", clientConfig={"service": {"namespace": "default", "name": "none", "path": "/x"}})
    _, text = cluster.refused("POST", CONFIGMAPS, configmap())
    assert text.endswith('Post "https://none.default.svc:443/x?timeout=10s": service "none" not found')


def test_ignored_failures_let_requests_pass(cluster: Cluster) -> None:
    cluster.hook("/x", clientConfig={"service": {"namespace": "default", "name": "none"}}, failurePolicy="Ignore")
    cluster.must("POST", CONFIGMAPS, configmap())


def test_a_hook_that_takes_too_long_has_failed(cluster: Cluster) -> None:
    cluster.hook("/always-allow-delay-5s", timeoutSeconds=1)
    _, text = cluster.refused("POST", CONFIGMAPS, configmap())
    assert text.endswith("?timeout=1s\": context deadline exceeded")


def test_a_patient_server_waits_for_a_slow_hook(cluster: Cluster) -> None:
    cluster.hook("/always-allow-delay-5s", timeoutSeconds=15)
    cluster.must("POST", CONFIGMAPS, configmap())


def test_a_path_nobody_serves_is_no_answer(cluster: Cluster) -> None:
    cluster.hook("/nowhere")
    _, text = cluster.refused("POST", CONFIGMAPS, configmap())
    assert text.endswith("failed to call webhook: the server could not find the requested resource")


# ------------------------------------------------------------------------------------------------ conversion

BOXES = "/apis/stable.example.com/{}/namespaces/default/boxes"


def definition(conversion: dict[str, Any]) -> dict[str, Any]:
    """Boxes that have a hostPort in v1, which is stored, and host and port in v2."""

    def version(name: str, *fields: str) -> dict[str, Any]:
        properties = {field: {"type": "string"} for field in fields}
        return {
            "selectableFields": [{"jsonPath": f".{field}"} for field in fields],
            "name": name,
            "served": True,
            "storage": name == "v1",
            "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
        }

    spec = {
        "group": "stable.example.com",
        "scope": "Namespaced",
        "names": {"plural": "boxes", "kind": "Box"},
        "versions": [version("v1", "hostPort"), version("v2", "host", "port")],
        "conversion": conversion,
    }
    return {"metadata": {"name": "boxes.stable.example.com"}, "spec": spec}


def converting(name: str = "hooks") -> dict[str, Any]:
    client = {
        "service": {"namespace": "default", "name": name, "path": "/crdconvert"},
        "caBundle": base64.b64encode(authority().pem.encode()).decode(),
    }
    return {"strategy": "Webhook", "webhook": {"clientConfig": client, "conversionReviewVersions": ["v1"]}}


def box(version: str, **fields: str) -> dict[str, Any]:
    return {"apiVersion": f"stable.example.com/{version}", "kind": "Box", "metadata": {"name": "a"}, **fields}


def with_boxes(cluster: Cluster, conversion: dict[str, Any]) -> Cluster:
    cluster.must("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition(conversion))
    assert cluster.settle(60)
    return cluster


def test_a_webhook_converts_between_versions() -> None:
    cluster = with_boxes(Cluster(face="crd-conversion-webhook"), converting())
    cluster.must("POST", BOXES.format("v1"), box("v1", hostPort="some:80"))
    shown = cluster.must("GET", BOXES.format("v2") + "/a")
    assert (shown["host"], shown["port"], shown["apiVersion"]) == ("some", "80", "stable.example.com/v2")
    cluster.must("PUT", BOXES.format("v2") + "/a", {**shown, "port": "81"})
    assert cluster.must("GET", BOXES.format("v1"))["items"][0]["hostPort"] == "some:81"


def test_a_conversion_that_fails_tells_why() -> None:
    cluster = with_boxes(Cluster(face="crd-conversion-webhook"), converting("none"))
    cluster.must("POST", BOXES.format("v1"), box("v1", hostPort="some:80"))
    head = "conversion webhook for stable.example.com/v1, Kind=Box failed: "
    url = "https://none.default.svc:443/crdconvert?timeout=30s"
    expected = (500, f'{head}Post "{url}": service "none" not found')
    assert cluster.refused("GET", BOXES.format("v2") + "/a") == expected
    assert cluster.refused("GET", BOXES.format("v2")) == expected


def test_a_webhook_may_find_nothing_to_convert_to() -> None:
    cluster = with_boxes(Cluster(face="crd-conversion-webhook"), converting())
    cluster.must("POST", BOXES.format("v1"), box("v1", hostPort="nowhere"))
    _, text = cluster.refused("GET", BOXES.format("v2") + "/a")
    assert text.endswith("Kind=Box failed: invalid hostPort value `nowhere`")


def test_what_was_stored_in_another_version_is_converted_when_that_is_stored_no_more() -> None:
    cluster = with_boxes(Cluster(face="crd-conversion-webhook"), converting())
    cluster.must("POST", BOXES.format("v1"), box("v1", hostPort="some:80"))
    place = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boxes.stable.example.com"
    changed = cluster.must("GET", place)
    for version in changed["spec"]["versions"]:
        version["storage"] = version["name"] == "v2"
    cluster.must("PUT", place, changed)
    assert cluster.settle(60)
    cluster.must("POST", BOXES.format("v1"), {**box("v1", hostPort="other:81"), "metadata": {"name": "b"}})
    assert [each["hostPort"] for each in cluster.must("GET", BOXES.format("v1"))["items"]] == ["some:80", "other:81"]
    assert [each["port"] for each in cluster.must("GET", BOXES.format("v2"))["items"]] == ["80", "81"]


def test_a_hook_that_is_slow_but_in_time_is_heard() -> None:
    cluster = Cluster()
    cluster.hook("/always-allow-delay-5s", timeoutSeconds=6)
    cluster.must("POST", CONFIGMAPS, configmap())


def test_each_version_is_selected_by_its_own_fields() -> None:
    cluster = with_boxes(Cluster(face="crd-conversion-webhook"), converting())
    for name, place in (("a", "some:80"), ("b", "other:81")):
        cluster.must("POST", BOXES.format("v1"), {**box("v1", hostPort=place), "metadata": {"name": name}})

    def names(version: str, selector: str) -> list[str]:
        return [each["metadata"]["name"] for each in cluster.must("GET", BOXES.format(version), query=[("fieldSelector", selector)])["items"]]

    assert names("v1", "hostPort=some:80") == ["a"]
    assert names("v2", "host=other,port=81") == ["b"]
    assert cluster.refused("GET", BOXES.format("v1"), query=[("fieldSelector", "host=other")])[0] == 400
