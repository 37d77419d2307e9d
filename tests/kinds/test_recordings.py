"""What a real control plane answered to thousands of manifests, good and broken, against what this one answers.

The quick part posts every so many case; the slow one posts them all and prints the rates of each kind.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.kinds.recorded import Case, Rates, Recorder, by_kind, creates, mutations

HELD = frozenset(
    [
        "ClusterRole",
        "ClusterRoleBinding",
        "ConfigMap",
        "ControllerRevision",
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Event",
        "HorizontalPodAutoscaler",
        "Job",
        "Lease",
        "LimitRange",
        "Namespace",
        "Node",
        "Pod",
        "PodDisruptionBudget",
        "PodTemplate",
        "PriorityClass",
        "ReplicaSet",
        "ReplicationController",
        "ResourceQuota",
        "Role",
        "RoleBinding",
        "RuntimeClass",
        "Secret",
        "ServiceAccount",
        "StatefulSet",
        "SubjectAccessReview",
        "TokenReview",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ]
)
"""Kinds whose answers are held to the floors."""
CREATED = 0.999
REFUSED = 0.999
IN_THE_SAME_WORDS = 0.9995
WARNED = 0.999
EVERY = 12


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


def held(cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.kind in HELD]


def together(rates: Mapping[str, Rates]) -> Rates:
    return Rates([outcome for each in rates.values() for outcome in each.outcomes])


def show(title: str, rates: Mapping[str, Rates]) -> None:
    for kind, each in sorted(rates.items()):
        parts = " ".join(f"{what} {each.of(what):.3f}" for what in ("status", "equal", "warnings"))
        print(f"{title} {kind} ({len(each.outcomes)}): {parts}")


def hold(rates: Mapping[str, Rates], status: float, equal: float) -> None:
    every = together(rates)
    assert every.of("status") >= status, every.failures()
    assert every.of("equal") >= equal, every.failures()
    assert every.of("warnings") >= WARNED, every.failures()


def test_a_sample_of_manifests_is_created_as_recorded(recorder: Recorder) -> None:
    hold(by_kind(recorder, held(list(creates()))[::EVERY]), CREATED, CREATED - 0.05)


def test_a_sample_of_broken_manifests_is_refused_as_recorded(recorder: Recorder) -> None:
    hold(by_kind(recorder, held(list(mutations()))[::EVERY]), REFUSED - 0.02, IN_THE_SAME_WORDS - 0.03)


@pytest.mark.slow
def test_every_manifest_is_created_as_recorded(recorder: Recorder) -> None:
    rates = by_kind(recorder, held(list(creates())))
    show("create", rates)
    hold(rates, CREATED, CREATED)


@pytest.mark.slow
def test_every_broken_manifest_is_refused_as_recorded(recorder: Recorder) -> None:
    rates = by_kind(recorder, held(list(mutations())))
    show("mutations", rates)
    hold(rates, REFUSED, IN_THE_SAME_WORDS)


@pytest.mark.slow
def test_no_manifest_at_all_breaks_the_server(recorder: Recorder) -> None:
    rates = by_kind(recorder, [case for case in creates() if case.kind not in HELD])
    show("create, not held", rates)
