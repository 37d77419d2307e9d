"""Posts recorded manifests to a cluster in this process and compares, with golden's own compare.py doing the masking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from playground.kubeapi.responses import warning_header
from tests import golden
from tests.apiserver.recordings import gvk_of, load
from tests.builders import Engine

_STRICTLY = (("dryRun", "All"), ("fieldValidation", "Strict"))


@cache
def tool() -> ModuleType:
    """golden/compare.py."""
    return golden.load_tool(golden.GOLDEN / "compare.py")


@dataclass
class Case:
    label: str
    kind: str
    path: str
    request: Any
    status: int
    response: Any
    """None: accepted, and what was made is not recorded."""
    warnings: list[str]


@dataclass
class Outcome:
    """How one case came out."""

    case: Case
    status: bool
    equal: bool
    warnings: bool
    differences: list[str]


@dataclass
class Rates:
    outcomes: list[Outcome] = field(default_factory=list)

    def of(self, what: str) -> float:
        return sum(1 for outcome in self.outcomes if getattr(outcome, what)) / len(self.outcomes)

    def failures(self) -> str:
        rows = []
        for outcome in self.outcomes:
            if not (outcome.status and outcome.equal and outcome.warnings):
                rows.append(f"{outcome.case.kind} {outcome.case.label}: " + "; ".join(outcome.differences[:3]))
        return "\n".join(rows[:20])


def creates() -> Iterator[Case]:
    for label, row in sorted(load("create.json").items()):
        yield _case(label, row)


def mutations() -> Iterator[Case]:
    for row in load("mutations.json"):
        yield _case(f"{row['mutation']} {'.'.join(map(str, row['at']))} of {row['base']}", row)


def _case(label: str, row: Mapping[str, Any]) -> Case:
    kind = gvk_of(row["path"])[2]
    return Case(label, kind, row["path"], row["request"], row["status"], row.get("response"), row["warnings"])


class Recorder:
    """A cluster that has the namespaces of the recordings."""

    def __init__(self) -> None:
        self.engine = Engine(nodes=0)
        self.namespaces = {"default", "kube-system"}

    def post(self, case: Case) -> Outcome:
        self._make_namespace(case.path)
        answer = self.engine.call("POST", case.path, case.request, query=_STRICTLY)
        differences = []
        if case.response is not None:
            want, got = (tool().normal(body, case.request) for body in (case.response, answer.json()))
            differences = list(tool().differences(want, got))
        warned = [warning_header(each) for each in answer.warnings] == case.warnings
        return Outcome(case, answer.status == case.status, not differences, warned, differences)

    def _make_namespace(self, path: str) -> None:
        parts = path.split("/")
        if "namespaces" not in parts[:-1]:
            return
        name = parts[parts.index("namespaces") + 1]
        if name in self.namespaces:
            return
        self.namespaces.add(name)
        self.engine.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        self.engine.call("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})


def by_kind(recorder: Recorder, cases: Iterable[Case]) -> dict[str, Rates]:
    found: dict[str, Rates] = defaultdict(Rates)
    for case in cases:
        found[case.kind].outcomes.append(recorder.post(case))
    return found
