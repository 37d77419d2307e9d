"""Which images there are."""

from __future__ import annotations

import pytest

from cluster_core.machinery.containers import InvalidImageName, PullError
from cluster_core.workloads.catalogue import images, programs
from cluster_core.workloads.images import find_image
from tests.builders import Engine, pod


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.14.2", "docker.io/library/nginx:1.14.2"),
        ("nginx:1.16.1-alpine", "docker.io/library/nginx:1.16.1-alpine"),
        ("bitnami/redis:7.0", "docker.io/bitnami/redis:7.0"),
        ("localhost:5000/mine", "localhost:5000/mine:latest"),
        ("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"),
        ("example.com/team/app:v1", "example.com/team/app:v1"),
    ],
)
def test_references_are_completed(text, full):
    image = find_image(text, True)
    assert image.reference == full
    assert image.size > 0


@pytest.mark.parametrize("text", ["nginx:1.161", "nginx:doesnotexist", "nginx:nonsense", "redis:99", "registry.k8s.io/pause:4.0"])
def test_tags_that_cannot_be_are_not_found(text):
    with pytest.raises(PullError, match="not found"):
        find_image(text, True)


def test_a_repository_that_says_so_does_not_exist():
    with pytest.raises(PullError, match="pull access denied, repository does not exist"):
        find_image("doesnotexist/app", True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("redis123", "pull access denied, repository does not exist or may require authorization"),
        ("somebody/app:v1", "pull access denied"),
        ("registry.k8s.io/none:1", "registry.k8s.io/none:1: not found"),
        ("ghcr.io/some/body:1", r"https://ghcr.io/token\?scope=repository%3Asome%2Fbody%3Apull&service=ghcr.io: 403 Forbidden"),
        ("quay.io/some/body", "https://quay.io/v2/some/body/manifests/latest: 401 UNAUTHORIZED"),
        ("example.com/app:1", 'Head "https://example.com/v2/app/manifests/1": dial tcp: lookup example.com: no such host'),
        ("localhost:5000/app", "dial tcp 127.0.0.1:5000: connect: connection refused"),
    ],
)
def test_images_that_nobody_knows_fail_as_their_registry_would_say(text, why):
    with pytest.raises(PullError, match=why):
        find_image(text, False)


@pytest.mark.parametrize(
    "text",
    ["index.docker.io/library/nginx:1.27", "public.ecr.aws/docker/library/redis:7-alpine", "k8s.gcr.io/pause:3.1", "kubernetes/pause",
     "us-docker.pkg.dev/google-samples/containers/gke/hello-app:2.0", "gcr.io/google_samples/gb-frontend:v5", "gcr.io/google-samples/cassandra:v13",
     "registry.k8s.io/hpa-example", "registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10", "gcr.io/google-samples/xtrabackup:1.0", "perl:5.34.0",
     "kodekloud/webapp-color:v2", "luksa/kubia", "nigelpoulton/k8sbook:1.0", "gcr.io/kuar-demo/kuard-amd64:blue", "ghcr.io/stefanprodan/podinfo:6.7.1",
     "quay.io/prometheus/prometheus:v3.1.0", "python:3.11-slim-bookworm", "ubuntu:noble", "mysql:5.7", "bitnami/postgresql:16.2.0-debian-12-r5"],
)  # fmt: skip
def test_well_known_images_are_had_under_all_their_names(text):
    assert find_image(text, False) == find_image(text, True)


def test_a_script_of_an_image_runs_unless_the_pod_says_otherwise():
    engine = Engine(nodes=1)
    engine.api.create("Pod", pod("batch", "luksa/batch-job", restartPolicy="Never"))
    engine.cluster.advance(60)
    assert engine.api.get("Pod", "default", "batch")["status"]["phase"] == "Running"
    engine.settle()
    assert engine.api.get("Pod", "default", "batch")["status"]["phase"] == "Succeeded"


@pytest.mark.parametrize("text", ["", "UPPER", "a b", "nginx:", "nginx:::", "-x"])
def test_what_is_no_reference_is_invalid(text):
    with pytest.raises(InvalidImageName, match="invalid reference format"):
        find_image(text, True)


def test_every_image_runs_a_known_program():
    assert {entry.does for entry in images().values()} <= set(programs())
    assert len(images()) >= 80
