"""The recordings of the kinds around networks, storage, devices and the API itself; see test_recordings."""

from __future__ import annotations

import pytest

from cluster_core.apiserver.kind import Served
from cluster_core.apiserver.table import columns_of, definitions
from cluster_core.simulation import assembly
from tests.apiserver.recordings import load
from tests.kinds.recorded import Case, Rates, Recorder, by_kind, creates, mutations

HELD = frozenset(
    [
        "APIService",
        "CSIDriver",
        "CustomResourceDefinition",
        "DeviceClass",
        "EndpointSlice",
        "Endpoints",
        "Ingress",
        "IngressClass",
        "NetworkPolicy",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "ResourceClaim",
        "ResourceClaimTemplate",
        "Service",
        "StorageClass",
    ]
)
EVERY = 9


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    """The recorded cluster had no storage class."""
    found = Recorder()
    for storage_class in found.engine.api.list("StorageClass"):
        found.engine.api.delete("StorageClass", "", storage_class["metadata"]["name"])
    return found


def rates_of(recorder: Recorder, cases: list[Case]) -> Rates:
    found = by_kind(recorder, cases)
    for kind, each in sorted(found.items()):
        print(kind, len(each.outcomes), *(f"{what} {each.of(what):.3f}" for what in ("status", "equal", "warnings")))
    return Rates([outcome for each in found.values() for outcome in each.outcomes])


def created() -> list[Case]:
    return [case for case in creates() if case.kind in HELD]


def broken() -> list[Case]:
    return [case for case in mutations() if case.kind in HELD]


def hold(rates: Rates, equal: float) -> None:
    assert rates.of("status") == 1, rates.failures()
    assert rates.of("equal") >= equal, rates.failures()
    assert rates.of("warnings") >= 0.99, rates.failures()


def test_a_sample_of_manifests_is_created_as_recorded(recorder: Recorder) -> None:
    hold(rates_of(recorder, created()[::EVERY]), 1)


def test_a_sample_of_broken_manifests_is_refused_as_recorded(recorder: Recorder) -> None:
    hold(rates_of(recorder, broken()[::EVERY]), 0.98)


@pytest.mark.slow
def test_every_manifest_is_created_as_recorded(recorder: Recorder) -> None:
    hold(rates_of(recorder, created()), 1)


@pytest.mark.slow
def test_every_broken_manifest_is_refused_as_recorded(recorder: Recorder) -> None:
    hold(rates_of(recorder, broken()), 0.995)


def served() -> list[tuple[str, Served]]:
    places = {
        (one.group, one.version, kind.plural): (kind, one) for kind in assembly.kinds() for one in kind.all_served()
    }
    recorded = []
    for place in load("discovery/table_columns.json"):
        *group, version, plural = place.split("/")
        recorded.append((place, places["".join(group), version, plural]))
    return recorded


@pytest.mark.parametrize("place", [place for place, _ in served()])
def test_tables_have_the_recorded_columns(place: str) -> None:
    kind, one = dict(served())[place]
    assert definitions(columns_of(kind, one)) == load("discovery/table_columns.json")[place]
