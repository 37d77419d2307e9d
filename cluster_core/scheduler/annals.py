"""What was on the nodes when, in short: so that every remembered decision can be told as of its moment, also after the cluster was
put away, the scheduler restarted or stopped.

A part of its own: it notes each change of pods and nodes that scheduling sees, as the step back from it. A moment is the number
of steps taken by then. The cluster of a moment is that of now with the steps since then undone. Steps, as JSON, newest last:

    0                                   the pod of the decision made just before got its node
    ["+", node, pod]                    a pod got a node
    ["-", node, pod, remnant, ends]     a pod left its node, or became another; `remnant` is the number of what it was, `ends` 1
                                        when it was being deleted
    ["n", node, facts]                  a node changed; `facts` as in `noderemnants`, null: it came

The number of steps kept is bounded; decisions from before the first of them are told as well as they can be.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from cluster_core.apiserver.parts import Change
from cluster_core.apiserver.world import World
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler import noderemnants, podremnants, recollection
from cluster_core.scheduler.decide import Decision
from cluster_core.scheduler.recollection import MOMENT, NODE, UID, Attempt, Kept, Selectors
from cluster_core.scheduler.snapshot import Snapshot
from cluster_core.scheduler.views import NodeFacts, Shapes, finished, node_facts

KEPT = 1000
"""Decisions remembered."""
MOST_STEPS = 4000
MOST_REMNANTS = 300
MOST_SELECTORS = 100
KEY = 13
"""As much of a pod's uid as tells pods apart: twelve hexadecimal digits."""
Placed = dict[str, tuple[Obj, str]]
"""Pods by the beginning of their uid, and their nodes."""


class Annals:
    """The part "decisions"."""

    name = "decisions"
    kinds = ("Pod", "Node")

    def __init__(self, world: World) -> None:
        self._api = world.client("system:kube-scheduler")
        self.kept: OrderedDict[str, Kept] = OrderedDict()
        """The newest decision per pod in short, oldest first."""
        self.moment = 0
        self._steps: deque[Any] = deque(maxlen=MOST_STEPS)
        self._remnants: list[Obj] = []
        self._numbers: dict[bytes, int] = {}
        """Signature -> number of the remnant of such pods."""
        self.selectors = Selectors()
        self._most_selectors = MOST_SELECTORS
        self._assumed: dict[str, str] = {}
        """Uid -> node of pods that count there before they are bound."""

    # ------------------------------------------------------------------------------------------------ hearing

    def observe(self, change: Change) -> None:
        if change.kind.name == "Pod":
            self._pod_changed(change.old, change.new)
        else:
            facts = noderemnants.difference(change.old, change.new)
            if facts is not noderemnants.NOTHING:
                self._note(["n", change.obj["metadata"]["name"], facts])

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        if old is not None and new is not None and _looks_the_same(old, new):
            return
        before, after = self._place(old), self._place(new)
        uid = (new or old or {})["metadata"]["uid"]
        if new is None or new["spec"].get("nodeName"):
            self._assumed.pop(uid, None)
        if before == after and (before == "" or (old is not None and new is not None and podremnants.alike(old, new))):
            return
        if before and old is not None:
            self._left(old, before)
        if after:
            self._came(uid, after)

    def _place(self, pod: Obj | None) -> str:
        """Where the pod takes room, "" when nowhere."""
        if pod is None or finished(pod):
            return ""
        return str(pod["spec"].get("nodeName") or self._assumed.get(pod["metadata"]["uid"], ""))

    def _came(self, uid: str, node: str) -> None:
        decision = self.kept.get(uid)
        decided = decision is not None and decision[NODE] == node and decision[MOMENT] == self.moment and uid not in self._assumed
        self._note(0 if decided else ["+", node, uid[:KEY]])

    def _left(self, pod: Obj, node: str) -> None:
        number = self._number_of(pod)
        self._note(["-", node, pod["metadata"]["uid"][:KEY], number, int("deletionTimestamp" in pod["metadata"])])

    def _note(self, step: Any) -> None:
        self.moment += 1
        self._steps.append(step)

    def _number_of(self, pod: Obj) -> int:
        text = podremnants.signature_of(pod)
        number = self._numbers.get(text)
        if number is None:
            if len(self._remnants) >= MOST_REMNANTS:
                self._forget_remnants()
            number = self._numbers[text] = len(self._remnants)
            self._remnants.append(podremnants.of(pod))
        return number

    def _forget_remnants(self) -> None:
        """Too many kinds of pods have gone: what was before counts as forgotten."""
        self._steps.clear()
        self._remnants, self._numbers = [], {}

    # ------------------------------------------------------------------------------------------------ the scheduler's part

    def keep(self, decision: Decision, now: int, attempt: int, others: bool) -> None:
        """Remember a decision made now; `others`: nominated pods had a say."""
        number = self.selectors.number(decision.selector)
        self._keep(recollection.kept(decision, Attempt(now, attempt, self.moment), number, others))
        if len(self.selectors.written) > self._most_selectors:
            self.selectors.keep_only(self.kept.values())
            self._most_selectors = max(MOST_SELECTORS, 2 * len(self.selectors.written))

    def _keep(self, decision: Kept) -> None:
        uid = decision[UID]
        self.kept[uid] = decision
        self.kept.move_to_end(uid)
        if len(self.kept) > KEPT:
            self.kept.popitem(last=False)

    def assume(self, pod: Obj, node: str) -> None:
        """The pod counts on the node from now on, though it is not bound yet."""
        uid = pod["metadata"]["uid"]
        self._assumed[uid] = node
        self._came(uid, node)

    def give_up(self, pod: Obj) -> None:
        """The pod does not count there any more."""
        node = self._assumed.pop(pod["metadata"]["uid"], "")
        if node:
            self._left(pod, node)

    # ------------------------------------------------------------------------------------------------ going back

    def reaches(self, moment: int) -> bool:
        """Whether all steps since then are known."""
        return self.moment - moment <= len(self._steps)

    def _since(self, moment: int) -> Iterator[tuple[int, Any]]:
        """(moment to which it led, step) from the newest back to the first after `moment`."""
        count = min(self.moment - moment, len(self._steps))
        return zip(range(self.moment, self.moment - count, -1), islice(reversed(self._steps), count), strict=True)

    def before(self, moment: int, shapes: Shapes) -> Snapshot:
        """The cluster of a moment, as the scheduler counted it."""
        nodes = {node["metadata"]["name"]: node_facts(node) for node in self._api.list("Node")}
        pods = self._placed_now()
        decided = {kept[MOMENT]: kept[UID] for kept in self.kept.values() if kept[NODE]}
        for number, step in self._since(moment):
            self._undo(step, decided.get(number - 1, ""), nodes, pods)
        past = Snapshot(remember=1)
        for name in sorted(nodes):
            past.add_node(nodes[name])
        for pod, node in pods.values():
            past.place(shapes.view(pod), node)
        return past

    def _placed_now(self) -> Placed:
        found = ((pod, self._place(pod)) for pod in self._api.list("Pod"))
        return {pod["metadata"]["uid"][:KEY]: (pod, node) for pod, node in found if node}

    def _undo(self, step: Any, decided: str, nodes: dict[str, NodeFacts], pods: Placed) -> None:
        if step == 0 or step[0] == "+":
            pods.pop(decided[:KEY] if step == 0 else step[2], None)
        elif step[0] == "-":
            _, node, key, number, ends = step
            pods[key] = podremnants.revived(self._remnants[number], key, node, bool(ends)), node
        elif step[2] is None:
            nodes.pop(step[1], None)
        else:
            nodes[step[1]] = noderemnants.before(step[2], step[1], nodes.get(step[1]))

    def last_form(self, uid: str, moment: int) -> Obj | None:
        """What a pod was that is gone or another by now: as it was at the moment; None when no step tells."""
        found = None
        for _, step in self._since(moment):
            if step != 0 and step[0] == "-" and step[2] == uid[:KEY]:
                found = self._remnants[step[3]]
        return found

    # ------------------------------------------------------------------------------------------------ a part

    def run(self, key: str) -> None:
        """Nothing is planned under this name."""

    def dump(self) -> Any:
        found: Mapping[str, Any] = {"kept": list(self.kept.values()), "moment": self.moment, "steps": list(self._steps),
                                    "remnants": self._remnants, "assumed": self._assumed, "selectors": self.selectors.written}  # fmt: skip
        return {key: value for key, value in found.items() if value}

    def load(self, state: Any) -> None:
        self.kept = OrderedDict((kept[UID], kept) for kept in state.get("kept", ()))
        self.moment = state.get("moment", 0)
        self._steps = deque(state.get("steps", ()), maxlen=MOST_STEPS)
        self._remnants = state.get("remnants", [])
        self._numbers = {podremnants.signature_of(remnant): number for number, remnant in enumerate(self._remnants)}
        self._assumed = state.get("assumed", {})
        self.selectors = Selectors(state.get("selectors"))


def _looks_the_same(old: Obj, new: Obj) -> bool:
    """Nothing but the status has changed, and not to an end: as most changes are."""
    before, now = old["metadata"], new["metadata"]
    if old["spec"] is not new["spec"] or before.get("labels") is not now.get("labels"):
        return False
    return ("deletionTimestamp" in before) == ("deletionTimestamp" in now) and finished(old) == finished(new)
