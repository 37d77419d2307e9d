"""Forbidden means: what a submission may not use, found before anything is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from playground.api.documents import split

from .commands import verb_of
from .exercise import Answer, Forbidden

FORGERIES = ("Event", "Lease", "Node", "Binding", "EndpointSlice", "Endpoints", "TokenReview")
"""Kinds that the cluster writes about itself: handed in they could pretend what has not happened."""


def violations(forbidden: Forbidden, answer: Answer) -> list[str]:
    """Each in words; empty when all is well."""
    found: list[str] = []
    for path, text in answer.files.items():
        for document in split(text):
            if document.obj is not None:
                found += [f"{path}:{document.line}: {each}" for each in _of_object(forbidden, document.obj)]
    for line in answer.commands:
        found += [f"{line}: {each}" for each in _of_command(forbidden, line)]
    return found


def _of_object(forbidden: Forbidden, obj: Mapping[str, Any]) -> Iterator[str]:
    kind = str(obj.get("kind", ""))
    metadata = obj.get("metadata") if isinstance(obj.get("metadata"), dict) else {}
    assert isinstance(metadata, dict)
    if kind in forbidden.kinds or (forbidden.only_kinds and kind not in forbidden.only_kinds):
        yield f"objects of kind {kind} may not be handed in here"
    if not forbidden.forging and kind in FORGERIES and kind not in forbidden.only_kinds:
        yield f"objects of kind {kind} are written by the cluster itself"
    if not forbidden.forging and obj.get("status"):
        yield "status is written by the cluster itself"
    if metadata.get("namespace", "default") in forbidden.namespaces:
        yield f"namespace {metadata.get('namespace', 'default')} may not be touched"
    if f"{kind}/{metadata.get('name')}" in forbidden.objects:
        yield f"{kind}/{metadata.get('name')} may not be changed"
    for field in forbidden.fields:
        if _has(obj, field.split(".")):
            yield f"the field {field} may not be set"


def _has(value: Any, path: Sequence[str]) -> bool:
    """Whether something is at the path; * is any key or item, ** any number of them. Lists need no step."""
    if not path:
        return value is not None
    if isinstance(value, list):
        return any(_has(item, path) for item in value)
    if not isinstance(value, dict):
        return False
    first, rest = path[0], path[1:]
    if first == "**":
        return _has(value, rest) or any(_has(member, path) for member in value.values())
    members = value.values() if first == "*" else [value[first]] if first in value else []
    return any(_has(member, rest) for member in members)


def _of_command(forbidden: Forbidden, line: str) -> Iterator[str]:
    verb = verb_of(line)
    if verb in forbidden.verbs:
        yield f"kubectl {verb} may not be used here"
    words = line.replace("=", " ").split()
    lowered = [word.lower() for word in words]
    for target in forbidden.objects:
        kind, _, name = target.partition("/")
        pair = any(a.startswith(kind.lower()) and b == name for a, b in zip(lowered, words[1:], strict=False))
        if target.lower() in lowered or pair:
            yield f"{target} may not be changed"
    for namespace in forbidden.namespaces:
        if namespace in words:
            yield f"namespace {namespace} may not be touched"
    if not forbidden.forging and any(word.startswith("--subresource") for word in words):
        yield "status is written by the cluster itself"
