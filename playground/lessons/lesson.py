"""What a lesson is, once read: facts only. `loading` makes them from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from playground.grading.exercise import Check


@dataclass(frozen=True, slots=True)
class Step:
    """`text` is Markdown; `solution` has manifests, commands, machine, simulate: done in this order."""

    name: str
    checks: Sequence[Check]
    solution: Mapping[str, Any]
    text: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Lesson:
    slug: str
    title: str
    order: int
    steps: Sequence[Step]
    text: str = ""
    minutes: int = 10
    topics: Sequence[str] = ()
    cluster: Mapping[str, Any] = field(default_factory=dict)
    setup: str = ""
    prepare: Sequence[Mapping[str, Any]] = ()
    quiz: Sequence[Mapping[str, Any]] = ()
    translations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By language, as `wording.texts` has them."""
