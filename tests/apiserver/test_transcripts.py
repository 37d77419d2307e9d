"""The recorded conversations, step by step, against the engine: the rates may rise and never fall."""

import collections

import pytest

from tests.apiserver import replaying

FLOOR = 0.998
"""Of the steps of all conversations."""
EXACT = [
    "apply-errors", "apply-lists", "apply-upgrade", "apply-versions", "component-status", "crd-validation",
    "custom-apply", "custom-crud", "custom-subresources", "custom-versions", "delete-collection", "discovery",
    "field-duplicates", "garbage-collection", "generate-name", "generation", "immutable-misc", "json-patch",
    "list-fields", "list-misc", "list-pages", "malformed-bodies", "metadata-names", "namespace-missing",
    "occ-delete-preconditions", "service-cluster-ip", "status-pod", "strategic-containers", "unknown-methods",
    "unknown-paths", "watch-finalizers", "watch-live", "watch-table",
]
"""Conversations that must be equal in every step."""


@pytest.fixture(scope="module")
def played():
    return {name: replaying.results(name) for name in replaying.names()}


def test_the_conversations_go_as_recorded(played, capsys):
    rates = {name: sum(row["equal"] for row in rows) / len(rows) for name, rows in played.items()}
    totals = collections.Counter()
    for rows in played.values():
        totals.update(steps=len(rows), equal=sum(row["equal"] for row in rows))
    with capsys.disabled():
        print()
        for name, rate in sorted(rates.items(), key=lambda item: item[1]):
            if rate < 1:
                print(f"  {name:32} {rate:.3f}")
        print(f"  transcripts: {totals['equal']}/{totals['steps']} = {totals['equal'] / totals['steps']:.4f}")
    assert totals["equal"] >= FLOOR * totals["steps"]


@pytest.mark.parametrize("name", EXACT)
def test_every_step_is_equal(played, name):
    unequal = {row["id"]: row["differences"][:3] for row in played[name] if not row["equal"]}
    assert not unequal


def test_no_step_fails_inside_the_engine(played):
    recorded = {name: replaying.conversation(name)["steps"] for name in played}
    broken = [
        (name, step["id"])
        for name, rows in played.items()
        for row, step in zip(rows, recorded[name], strict=True)
        if row["got"]["status"] >= 500 > step["response"]["status"]
    ]
    assert not broken
