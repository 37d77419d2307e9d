"""The state hash: equal seeds and commands, equal hashes, whatever the cluster is called and whenever it began."""

from __future__ import annotations

from tests.builders import Engine, workload


def test_name_and_start_do_not_matter() -> None:
    hashes = set()
    for name, start in (("a", 1_767_225_600_000_000), ("b", 1_790_000_000_123_456)):
        engine = Engine(name=name, start=start, seed=7)
        engine.api.create("Deployment", workload("Deployment"))
        engine.cluster.advance(60)
        hashes.add(engine.cluster.state_hash())
    assert len(hashes) == 1


def test_the_seed_matters() -> None:
    assert Engine(seed=1).cluster.state_hash() != Engine(seed=2).cluster.state_hash()
