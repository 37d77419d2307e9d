"""The parts of the REST API, as its documentation shows them, and which addresses belong to each."""

from __future__ import annotations

import re

_PARTS: tuple[tuple[str, str, str], ...] = (
    ("Clusters", r"clusters/(\{cluster\}/(kubeconfig/|fork/|reset/)?)?$", "Make clusters, read their state, point kubectl at them."),
    ("Nodes and parts", r"clusters/\{cluster\}/(nodes|components)/", "Machines and what runs on them: add, kill, drain, stop, start."),
    ("Objects and reasons", r"clusters/\{cluster\}/(apply|etcd|scheduling|trace)/", "Apply YAML; ask why: what the scheduler weighed, the way of a request, what lies in etcd."),
    ("Time and the world", r"clusters/\{cluster\}/(clock|history|images|state-hash|timings)/", "The virtual clock, the past, how long things take, which images there are."),
    ("Demos and following", r"(demos/|clusters/\{cluster\}/(demo|follow)/)", "Recorded sessions, and links by which others follow a presenter."),
    ("Exercises and grading", r"(exercises|submissions|gradebook|jwks)/", "Hand in, read verdicts, collect points: see docs/grading.md."),
    ("Lessons", r"lessons/", "Guided lessons with their checks."),
    ("Classes", r"(courses/|clusters/\{cluster\}/(hints|shares)/)", "Courses, their members, and what a teacher does with a class."),
    ("Accounts", r"(me|tokens)/", "Who one is, and tokens for programs."),
)  # fmt: skip
"""(name, what of the address below /api/v1/ belongs to it, what it is about), in the order they are shown."""
TAGS = [{"name": name, "description": about} for name, _, about in _PARTS]


def tag_of(path: str) -> str:
    """The part of the API that an address belongs to. Raises LookupError: a new address needs its place."""
    below = path.removeprefix("/api/v1/")
    for name, pattern, _ in _PARTS:
        if re.match(pattern, below):
            return name
    raise LookupError(f"{path} belongs to no part of the API: see {__name__}")
