"""Why every pod went where it went: the last decisions, told node by node and plugin by plugin.

A decision of the quick way keeps only its moment; when somebody asks, the cluster of that moment is put together again from
the snapshot's log and the pod goes through the plugins the plain way, which gives the same answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from cluster_core.machinery.timestamps import microtime
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler import recollection
from cluster_core.scheduler.decide import Decision
from cluster_core.scheduler.framework import Cycle, Failure, Lookup, Profile, Rejection, Scored
from cluster_core.scheduler.recollection import Kept
from cluster_core.scheduler.snapshot import NodeView, Snapshot
from cluster_core.scheduler.views import PodView, Shapes

KEPT = 1000
"""Decisions remembered."""
LARGE = 200
"""Above so many nodes scores are computed again when asked for, not kept."""


@dataclass(slots=True)
class Entry:
    """One decision and when it was made."""

    decision: Decision
    time: int
    attempt: int


class Past:
    """The lookup of a moment: what counts as the pod's kind is remembered, the rest is asked now."""

    def __init__(self, now: Lookup, selector: Any) -> None:
        self._now = now
        self._selector = selector

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        return self._now.get(kind, namespace, name)

    def list(self, kind: str, namespace: str | None = None) -> list[Obj]:
        return self._now.list(kind, namespace)

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        return self._now.namespace_labels(namespace)

    def default_selector(self, pod: PodView) -> Any:
        return self._now.default_selector(pod) if self._selector is None else self._selector


class Trace:
    """The newest decision per pod, for the last thousand pods decided on."""

    def __init__(self, snapshot: Snapshot, lookup: Lookup, profiles: Mapping[str, Profile], shapes: Shapes) -> None:
        self._snapshot = snapshot
        self._lookup = lookup
        self._profiles = profiles
        self._shapes = shapes
        self._entries: dict[str, Entry] = {}
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        """Every decision in short, as it is saved; those from before a reload have no entry."""

    def record(self, decision: Decision, now: int, attempt: int) -> None:
        uid = decision.pod.uid
        if len(self._snapshot.nodes) > LARGE:
            decision.scored = None
        self._entries[uid] = Entry(decision, now, attempt)
        self._kept[uid] = recollection.kept(decision, now, attempt)
        self._kept.move_to_end(uid)
        if len(self._kept) > KEPT:
            self._entries.pop(self._kept.popitem(last=False)[0], None)

    def __contains__(self, uid: str) -> bool:
        return uid in self._kept

    def dump(self) -> list[Kept]:
        """The decisions as they are saved, oldest first."""
        return list(self._kept.values())

    def load(self, saved: Sequence[Kept]) -> None:
        for found in saved:
            self._kept[found[0]] = found

    def recent(self) -> list[dict[str, Any]]:
        """The decisions in short, newest last."""
        entries = self._entries
        return [_summary(entries[uid]) if uid in entries else recollection.summary(kept) for uid, kept in self._kept.items()]

    def explain(self, uid: str) -> dict[str, Any] | None:
        """The whole story as JSON; "nodes" is empty when the moment can no longer be put together."""
        entry, kept = self._entries.get(uid), self._kept.get(uid)
        if entry is not None:
            return self._tell(entry)
        return None if kept is None else self._recall(kept)

    def _recall(self, kept: Kept) -> dict[str, Any]:
        """A decision from before the cluster was put away."""
        summary = recollection.summary(kept)
        profile, pod = self._profiles.get(kept[2]), recollection.pod_of(kept, self._lookup, self._shapes)
        if profile is None or pod is None:
            return {**summary, "tied": [], "nodes": []}
        earlier = takewhile(lambda uid: uid != kept[0], self._kept)
        past = recollection.cluster_before(kept, earlier, self._lookup, self._shapes)
        decision = Decision(pod, profile, kept[5] or None)
        return {**summary, "weights": _weights(profile), **self._decided_in(past, decision)}

    def tell(self, decision: Decision, now: int, attempt: int) -> dict[str, Any]:
        """A decision that is not remembered, as `explain` tells it."""
        return self._tell(Entry(decision, now, attempt))

    def _tell(self, entry: Entry) -> dict[str, Any]:
        decision = entry.decision
        if decision.no_nodes:
            return {**_summary(entry), "tied": [], "nodes": []}
        if decision.node is None or decision.scored is not None:
            return {**_summary(entry), **_told(decision, decision.failure, decision.scored, decision.skipped)}
        return {**_summary(entry), **self._again(decision)}

    def _decided_in(self, past: Snapshot, decision: Decision) -> dict[str, Any]:
        """Decide in the cluster of a moment."""
        cycle = Cycle(decision.pod, past, Past(self._lookup, decision.selector))
        failure = Failure(len(past.nodes))
        nodes = decision.profile.feasible(cycle, failure)
        scored = decision.profile.score(cycle, nodes) if nodes else None
        return _told(decision, failure, scored, frozenset(cycle.skip_filter))

    def _again(self, decision: Decision) -> dict[str, Any]:
        """Decide once more in the cluster of that moment."""
        past = self._snapshot.at(decision.sequence)
        if past is None:
            return {"tied": [], "nodes": []}
        return self._decided_in(past, decision)


def _summary(entry: Entry) -> dict[str, Any]:
    decision, pod = entry.decision, entry.decision.pod
    result = "unschedulable" if decision.node is None else "scheduled"
    return {
        "pod": {"namespace": pod.shape.namespace, "name": pod.name, "uid": pod.uid},
        "scheduler": decision.profile.name,
        "time": microtime(entry.time),
        "attempt": entry.attempt,
        "result": result,
        "node": decision.node,
        "message": decision.message,
        "nominatedNode": decision.rescue.nominate or None,
        "victims": [victim.key for victim in decision.rescue.victims],
        "weights": _weights(decision.profile),
        "exact": True,
    }


def _weights(profile: Profile) -> dict[str, int]:
    return {plugin.name: profile.weights.get(plugin.name, 1) for plugin in profile.scores}


def _told(decision: Decision, failure: Failure, scored: Scored | None, skipped: frozenset[str]) -> dict[str, Any]:
    told = []
    if failure.prefilter and failure.absent is not None:
        told.append({"name": "*", "fits": False, "filters": [_verdict(failure.absent)], "scores": {}, "total": None})
    for name in sorted(failure.verdicts):
        filters = _filters(decision.profile, skipped, failure.verdicts[name])
        told.append({"name": name, "fits": False, "filters": filters, "scores": {}, "total": None})
    if scored is not None:
        told += [_scored(decision, scored, i, node, skipped) for i, node in enumerate(scored.nodes)]
    elif decision.node is not None:
        filters = _filters(decision.profile, skipped, None)
        told.append({"name": decision.node, "fits": True, "filters": filters, "scores": {}, "total": None})
    tied = [node.name for node in scored.best()] if scored is not None and decision.node is not None else []
    return {"tied": tied if len(tied) > 1 else [], "nodes": sorted(told, key=lambda node: str(node["name"]))}


def _verdict(rejection: Rejection) -> dict[str, Any]:
    return {
        "plugin": rejection.plugin,
        "verdict": "rejected",
        "reasons": list(rejection.reasons),
        "final": rejection.final,
    }


def _filters(profile: Profile, skipped: frozenset[str], rejection: Rejection | None) -> list[dict[str, Any]]:
    """The filters in running order: passed, skipped (nothing to say about this pod), rejected, or not run any more."""
    told: list[dict[str, Any]] = []
    verdict = "passed"
    for plugin in profile.filters:
        if rejection is not None and plugin.name == rejection.plugin:
            told.append(_verdict(rejection))
            verdict = "not run"
        else:
            told.append({"plugin": plugin.name, "verdict": "skipped" if plugin.name in skipped else verdict})
    return told


def _scored(decision: Decision, scored: Scored, i: int, node: NodeView, skipped: frozenset[str]) -> dict[str, Any]:
    weights = decision.profile.weights
    scores = {
        name: {"raw": raw[i], "normalized": scored.weighted[name][i] // (weights.get(name, 1) or 1),
               "weighted": scored.weighted[name][i]}
        for name, raw in scored.raw.items()
    }  # fmt: skip
    filters = _filters(decision.profile, skipped, None)
    return {"name": node.name, "fits": True, "filters": filters, "scores": scores, "total": scored.totals[i]}
