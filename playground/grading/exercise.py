"""What an exercise is, once read: facts only. `loading` makes them from YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DEFAULT_LIMIT = 600.0
DEFAULT_BUDGET = 200_000

Mode = Literal["end", "eventually", "within", "always"]


def seconds(value: str | float) -> float:
    """A Go duration, or seconds as a number."""
    if isinstance(value, (int, float)):
        return float(value)
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(value))


@dataclass(frozen=True, slots=True)
class Answer:
    """Something handed in: files by their path, in the order of their paths, and kubectl commands run after them."""

    name: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    commands: Sequence[str] = ()
    fails: Sequence[str] = ()
    refused: bool = False
    form: str = "manifests"

    def as_files(self) -> dict[str, str]:
        """As they could be handed in: commands in a file of their own."""
        commands = {"commands.txt": "".join(f"{line}\n" for line in self.commands)} if self.commands else {}
        return {**self.files, **commands}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens to the cluster `at` seconds after the hand-in; `step` as `ground.do` takes it."""

    name: str
    at: float
    step: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Timing:
    """When a check counts. `seconds`: the length of within, or of always (None: to the end)."""

    mode: Mode = "end"
    seconds: float | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """`kind` is a name of `checks.KINDS`, `spec` what it is given."""

    name: str
    kind: str
    spec: Any
    points: float = 1
    timing: Timing = Timing()
    hint: str = ""
    hidden: bool = False
    extra: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Forbidden:
    kinds: Sequence[str] = ()
    only_kinds: Sequence[str] = ()
    namespaces: Sequence[str] = ()
    fields: Sequence[str] = ()
    objects: Sequence[str] = ()
    verbs: Sequence[str] = ()
    forging: bool = False

    @property
    def names_anything(self) -> bool:
        """That can be seen in a cluster."""
        return bool(self.kinds or self.only_kinds or self.namespaces or self.fields or self.objects)


@dataclass(frozen=True)
class Exercise:
    """`digest` identifies its text; `duration` None: until the cluster settles, at most `limit` seconds."""

    name: str
    title: str
    digest: str
    checks: Sequence[Check]
    description: str = ""
    difficulty: int = 1
    topics: Sequence[str] = ()
    cluster: Mapping[str, Any] = field(default_factory=dict)
    setup: str = ""
    prepare: Sequence[Mapping[str, Any]] = ()
    """Steps after the set-up, as `ground.do` takes them."""
    forms: Sequence[str] = ("manifests", "directory", "commands", "cluster")
    forbidden: Forbidden = Forbidden()
    faults: Sequence[Fault] = ()
    duration: float | None = None
    limit: float = DEFAULT_LIMIT
    budget: int = DEFAULT_BUDGET
    pass_points: float | None = None
    reference: Answer | None = None
    starter: Answer | None = None
    wrong: Sequence[Answer] = ()
    source: str = ""
    translations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By language, as `wording.texts` has them: for reading only, no verdict depends on them."""

    @property
    def seed(self) -> int:
        return int(self.cluster.get("seed", 1))

    @property
    def max_points(self) -> float:
        return sum(check.points for check in self.checks if not check.extra)

    @property
    def takes_commands_only(self) -> bool:
        """Of texts; a cluster may be handed in besides."""
        return "commands" in self.forms and not {"manifests", "directory"} & set(self.forms)

    def for_student(self) -> dict[str, Any]:
        """What a student may see: no hidden checks, no answers, and nothing of how the checks are made."""
        shown = [check for check in self.checks if not check.hidden]
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "difficulty": self.difficulty,
            "topics": list(self.topics),
            "forms": list(self.forms),
            "maxPoints": self.max_points,
            "starter": self.starter.as_files() if self.starter else {},
            "checks": [
                {"name": check.name, "points": check.points, "extra": check.extra, "hint": check.hint}
                for check in shown
            ],
        }
