"""ingress-nginx as its manifest installs it: jobs that make the webhook's certificate, and a webhook that judges Ingresses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.network.stage import Town, service

NS = "ingress-nginx"
ADMISSION = "ingress-nginx-admission"
CERTGEN = "registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.6.2"
CONTROLLER = "registry.k8s.io/ingress-nginx/controller:v1.13.2"
WEBHOOKS = "admissionregistration.k8s.io"


def named(name: str = ADMISSION, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": NS, **more}}


def bound(kind: str, rules: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The role of the jobs' account, and its binding."""
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": ADMISSION}
    subject = {"kind": "ServiceAccount", "name": ADMISSION, "namespace": NS}
    place = {} if kind == "ClusterRole" else {"namespace": NS}
    metadata = {"metadata": {"name": ADMISSION, **place}}
    return [(kind, {**metadata, "rules": rules}), (f"{kind}Binding", {**metadata, "roleRef": ref, "subjects": [subject]})]


def job(verb: str, *args: str) -> dict[str, Any]:
    env = [{"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}]
    words = [verb, "--namespace=$(POD_NAMESPACE)", f"--secret-name={ADMISSION}", *args]
    container = {"name": verb, "image": CERTGEN, "args": words, "env": env}
    spec = {"containers": [container], "restartPolicy": "OnFailure", "serviceAccountName": ADMISSION}
    return {**named(f"{ADMISSION}-{verb}"), "spec": {"template": {"spec": spec}}}


def controller() -> dict[str, Any]:
    paths = [f"--validating-webhook-{what}=/usr/local/certificates/{file}" for what, file in (("certificate", "cert"), ("key", "key"))]
    container = {
        "name": "controller", "image": CONTROLLER, "args": ["/nginx-ingress-controller", "--validating-webhook=:8443", *paths],
        "ports": [{"name": "http", "containerPort": 80}, {"name": "webhook", "containerPort": 8443}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": 10254}},
        "volumeMounts": [{"name": "cert", "mountPath": "/usr/local/certificates/"}],
    }  # fmt: skip
    spec = {"containers": [container], "serviceAccountName": ADMISSION, "volumes": [{"name": "cert", "secret": {"secretName": ADMISSION}}]}
    return {**named("controller", labels={"app": "controller"}), "spec": spec}


def webhook() -> dict[str, Any]:
    client = {"service": {"name": "admission", "namespace": NS, "path": "/networking/v1/ingresses"}}
    rules = [{"apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["ingresses"]}]
    hook = {"name": "validate.nginx.ingress.kubernetes.io", "clientConfig": client, "rules": rules, "sideEffects": "None", "admissionReviewVersions": ["v1"]}
    return {"metadata": {"name": ADMISSION}, "webhooks": [hook]}


def install(town: Town, may_patch: bool = True) -> None:
    town.put("Namespace", {"metadata": {"name": NS}})
    town.put("ServiceAccount", named())
    hooks = {"apiGroups": [WEBHOOKS], "resources": ["validatingwebhookconfigurations"], "verbs": ["get", "update"] if may_patch else ["get"]}
    ingresses = {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": ["list"]}
    secrets = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create"]}
    for kind, obj in (*bound("Role", [secrets]), *bound("ClusterRole", [hooks, ingresses])):
        town.put(kind, obj)
    ports = [{"port": 80, "targetPort": "http"}]
    town.put("Service", {**named("controller"), "spec": {"selector": {"app": "controller"}, "ports": ports, "type": "LoadBalancer", "externalTrafficPolicy": "Local"}})
    town.put("Service", {**named("admission"), "spec": {"selector": {"app": "controller"}, "ports": [{"port": 443, "targetPort": "webhook"}]}})
    town.put("Pod", controller())
    town.put("Job", job("create", f"--host=admission,admission.{NS}.svc"))
    town.put("Job", job("patch", f"--webhook-name={ADMISSION}", "--patch-mutating=false", "--patch-failure-policy=Fail"))
    town.put("IngressClass", {"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}})
    town.put("ValidatingWebhookConfiguration", webhook())


def ingress(name: str, host: str, path: str = "/") -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    rule = {"host": host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {"ingressClassName": "nginx", "rules": [rule]}}


def create(town: Town, obj: dict[str, Any]) -> tuple[int, str]:
    made = town.engine.call("POST", "/apis/networking.k8s.io/v1/namespaces/default/ingresses", {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", **obj})
    return made.status, made.body.decode()


@pytest.fixture
def town() -> Town:
    return Town(nodes=1)


def test_the_jobs_make_the_certificate_that_the_api_server_trusts(town: Town) -> None:
    install(town)
    town.cluster.advance(2)
    assert "connect: connection refused" in create(town, ingress("early", "shop.example"))[1]
    town.cluster.advance(120)
    assert {each["metadata"]["name"]: each["status"].get("succeeded") for each in town.api.list("Job", NS)} == {f"{ADMISSION}-create": 1, f"{ADMISSION}-patch": 1}
    assert create(town, ingress("shop", "shop.example"))[0] == 201


def test_who_may_not_patch_is_told_so_and_the_certificate_is_not_trusted(town: Town) -> None:
    install(town, may_patch=False)
    town.cluster.advance(120)
    pod = next(each for each in town.api.list("Pod", NS) if each["metadata"]["name"].startswith(f"{ADMISSION}-patch"))
    log = town.engine.call("GET", f"/api/v1/namespaces/{NS}/pods/{pod['metadata']['name']}/log").body.decode()
    assert f"serviceaccount:{NS}:{ADMISSION}" in log and "cannot update resource" in log
    assert "certificate signed by unknown authority" in create(town, ingress("shop", "shop.example"))[1]


def test_a_path_of_a_host_belongs_to_one_ingress(town: Town) -> None:
    install(town)
    town.cluster.advance(120)
    assert create(town, ingress("shop", "shop.example"))[0] == 201
    status, told = create(town, ingress("thief", "shop.example"))
    assert status == 400 and 'host \\"shop.example\\" and path \\"/\\" is already defined in ingress default/shop' in told
    assert create(town, ingress("other", "shop.example", "/other"))[0] == 201


def test_a_load_balancer_without_healthy_nodes_leads_nowhere(town: Town) -> None:
    """And not to somebody outside who happens to have its address."""
    town.put("Service", service("lonely", type="LoadBalancer", externalTrafficPolicy="Local"))
    town.settle()
    town.cluster.advance(30)
    found = town.api.get("Service", "default", "lonely")
    assert found is not None
    address = found["status"]["loadBalancer"]["ingress"][0]["ip"]
    assert town.outside(f"http://{address}/").outcome == "timeout"
    assert "none passes the health check" in town.outside(f"http://{address}/").why
