"""Why every pod went where it went: the last decisions, told node by node and plugin by plugin.

What a decision found out is kept as long as the scheduler runs, where that is not too much. Else, when somebody asks, the cluster
of that moment is put together again from the annals and the pod goes through the plugins the plain way, which gives the same
answer as the quick one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cluster_core.machinery.typed import Obj
from cluster_core.scheduler import recollection
from cluster_core.scheduler.annals import Annals
from cluster_core.scheduler.decide import Decision
from cluster_core.scheduler.framework import Cycle, Failure, Lookup, Profile, Rejection, Scored
from cluster_core.scheduler.recollection import Kept
from cluster_core.scheduler.snapshot import NodeView, Snapshot
from cluster_core.scheduler.views import PodView, Shapes

LARGE = 200
"""Above so many nodes scores are computed again when asked for, not kept."""


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


@dataclass(slots=True)
class Told:
    """A pod and what is known of the decision about it."""

    pod: PodView
    exact: bool


class Trace:
    """The newest decision per pod, for the last thousand pods decided on."""

    def __init__(self, annals: Annals, lookup: Lookup, profiles: Mapping[str, Profile], shapes: Shapes) -> None:
        self._annals = annals
        self._lookup = lookup
        self._profiles = profiles
        self._shapes = shapes
        self._decisions: dict[str, Decision] = {}
        """What the decisions made since the scheduler started found out, by pod uid."""

    def record(self, decision: Decision, now: int, attempt: int, others: bool) -> None:
        """Remember the decision; `others`: nominated pods had a say."""
        if decision.scored is not None and len(decision.scored.nodes) > LARGE:
            decision.scored = None
        annals, uid = self._annals, decision.pod.uid
        annals.keep(decision, now, attempt, others)
        self._decisions[uid] = decision
        if len(self._decisions) > len(annals.kept):
            self._decisions = {each: found for each, found in self._decisions.items() if each in annals.kept}

    def __contains__(self, uid: str) -> bool:
        return uid in self._annals.kept

    def recent(self) -> list[dict[str, Any]]:
        """The decisions in short, newest last."""
        return [recollection.summary(kept, self._is_exact(kept)) for kept in self._annals.kept.values()]

    def explain(self, uid: str) -> dict[str, Any] | None:
        """The whole story as JSON; "nodes" is empty when it can no longer be told."""
        kept, decision = self._annals.kept.get(uid), self._decisions.get(uid)
        if kept is None:
            return None
        if decision is None or (decision.node is not None and decision.scored is None):
            return self._recall(kept, decision)
        summary = {**recollection.summary(kept, True), "weights": _weights(decision.profile)}
        if decision.no_nodes:
            return {**summary, "tied": [], "nodes": []}
        return {**summary, **_told(decision, decision.failure, decision.scored, decision.skipped)}

    def tell(self, decision: Decision, now: int, attempt: int) -> dict[str, Any]:
        """A decision that is not remembered, as `explain` tells it."""
        kept = recollection.kept(decision, recollection.Attempt(now, attempt, self._annals.moment), 0, False)
        told: dict[str, Any] = {"tied": [], "nodes": []}
        if not decision.no_nodes:
            told = _told(decision, decision.failure, decision.scored, decision.skipped)
        return {**recollection.summary(kept, True), "weights": _weights(decision.profile), **told}

    # ------------------------------------------------------------------------------------------------ told again

    def _is_exact(self, kept: Kept) -> bool:
        """Whether the reasons can be found again to the point, if the pod can be told as it was."""
        return kept[recollection.UID] in self._decisions or (
            self._annals.reaches(kept[recollection.MOMENT]) and not recollection.field(kept, recollection.OTHERS)
        )

    def _recall(self, kept: Kept, decision: Decision | None) -> dict[str, Any]:
        """Decide once more in the cluster of that moment."""
        profile = self._profiles.get(kept[recollection.SCHEDULER] or recollection.USUAL)
        pod = self._pod_of(kept) if decision is None else Told(decision.pod, True)
        exact = self._is_exact(kept)
        if profile is None or pod is None:
            return {**recollection.summary(kept, exact and profile is not None), "tied": [], "nodes": []}
        past = self._annals.before(kept[recollection.MOMENT], self._shapes)
        again = Decision(pod.pod, profile, kept[recollection.NODE] or None)
        again.selector = self._annals.selectors.get(recollection.field(kept, recollection.SELECTOR))
        summary = {**recollection.summary(kept, exact and pod.exact), "weights": _weights(profile)}
        return {**summary, **(self._decided_in(past, again) if past.nodes else {"tied": [], "nodes": []})}

    def _pod_of(self, kept: Kept) -> Told | None:
        """The pod decided about, as it was before it had a node; None when that cannot be told."""
        uid, (namespace, _, name) = kept[recollection.UID], kept[recollection.KEY].partition("/")
        there = self._lookup.get("Pod", namespace, name)
        found = self._annals.last_form(uid, kept[recollection.MOMENT])
        if found is not None:
            found = {**found, "metadata": {**found["metadata"], "name": name, "uid": uid}}
        elif there is not None and there["metadata"]["uid"] == uid:
            found = there
        else:
            return None
        spec = {key: value for key, value in found["spec"].items() if key != "nodeName"}
        view = self._shapes.view({**found, "spec": spec})
        return Told(view, recollection.is_marked(kept, view.shape.signature))

    def _decided_in(self, past: Snapshot, decision: Decision) -> dict[str, Any]:
        cycle = Cycle(decision.pod, past, Past(self._lookup, decision.selector))
        failure = Failure(len(past.nodes))
        nodes = decision.profile.feasible(cycle, failure)
        scored = decision.profile.score(cycle, nodes) if nodes else None
        return _told(decision, failure, scored, frozenset(cycle.skip_filter))


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
