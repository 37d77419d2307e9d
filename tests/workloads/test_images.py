"""Which images there are."""

from __future__ import annotations

import pytest

from cluster_core.machinery.containers import InvalidImageName, PullError
from cluster_core.workloads.catalogue import images, programs
from cluster_core.workloads.images import find_image


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


def test_a_strict_cluster_knows_the_catalogue_only():
    assert find_image("redis", False).reference == "docker.io/library/redis:latest"
    with pytest.raises(PullError, match="pull access denied"):
        find_image("somebody/app", False)


@pytest.mark.parametrize("text", ["", "UPPER", "a b", "nginx:", "nginx:::", "-x"])
def test_what_is_no_reference_is_invalid(text):
    with pytest.raises(InvalidImageName, match="invalid reference format"):
        find_image(text, True)


def test_every_image_runs_a_known_program():
    assert {entry.does for entry in images().values()} <= set(programs())
    assert len(images()) >= 80
