"""match: an object of which these parts are as given.

Models Chainsaw's assertions: maps match where the keys given do, lists item by item and in their whole length, a key in
parentheses is a JMESPath expression whose value is matched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from cluster_core.machinery.typed import Obj
from playground.grading.saying import Said, joined

from .base import CheckKind, Finding, Problems, Spec, View, failed, its_kind, known_kind, none_of, passed

_MISSING = object()


def differences(wanted: Any, found: Any, place: str = "") -> Iterator[str]:
    """What of `wanted` is not in `found`, each as "spec.replicas: 2, wanted 3"."""
    if wanted and isinstance(wanted, Mapping) and found is _MISSING:
        found = {}
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key, value in wanted.items():
            yield from differences(value, _value(key, found), f"{place}.{key}" if place else key)
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(one, other, f"{place}[{index}]")
    elif isinstance(wanted, (Mapping, list)) or not _equal(wanted, found):
        yield _told(place, found, wanted)


def _equal(wanted: Any, found: Any) -> bool:
    """Of scalars; true is not 1, and null is also what is not there."""
    if wanted is None:
        return found is None or found is _MISSING
    return bool(wanted == found) and isinstance(wanted, bool) == isinstance(found, bool)


def _value(key: str, found: Mapping[str, Any]) -> Any:
    if key.startswith("(") and key.endswith(")"):
        try:
            return jmespath.search(key[1:-1], found)
        except JMESPathError as error:
            return f"error: {error}"
    return found.get(key, _MISSING)


def _told(place: str, found: Any, wanted: Any) -> str:
    if found is _MISSING:
        return Said("%(field)s: nothing, wanted %(wanted)s", field=place, wanted=_short(wanted))
    return Said("%(field)s: %(found)s, wanted %(wanted)s", field=place, found=_short(found), wanted=_short(wanted))


def _short(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else "null" if value is None else str(value)
    text = {"True": "true", "False": "false"}.get(text, text)
    return text if len(text) <= 120 else text[:117] + "..."


def _choice(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Which objects are looked at: by metadata.name or labels, else all of the kind."""
    metadata = spec.get("metadata") or {}
    chosen = {key: spec[key] for key in ("apiVersion", "kind") if key in spec}
    chosen |= {key: metadata[key] for key in ("namespace", "name") if key in metadata}
    return chosen


def evaluate(spec: Spec, view: View) -> Finding:
    """One object must have it all; else the one that comes closest tells what is missing."""
    chosen = _choice(spec)
    wanted = {key: value for key, value in spec.items() if key not in ("apiVersion", "kind")}
    found = view.objects(chosen)
    if not found:
        return none_of(chosen)
    best: tuple[int, Obj, list[str]] | None = None
    for obj in found:
        wrong = list(differences(wanted, obj))
        if not wrong:
            return passed(Said("%(kind)s %(name)s is as wanted", kind=obj["kind"], name=obj["metadata"]["name"]), [obj])
        if best is None or len(wrong) < best[0]:
            best = (len(wrong), obj, wrong)
    assert best is not None
    _, obj, wrong = best
    share = max(0.0, 1 - len(wrong) / max(1, _leaves(wanted)))
    told = Said("%(object)s: %(why)s", object=f"{obj['kind']} {obj['metadata']['name']}", why=joined("; ", wrong[:3]))
    return failed(told, [obj], share=share)


def _leaves(wanted: Any) -> int:
    if isinstance(wanted, Mapping):
        return sum(_leaves(value) for value in wanted.values())
    return sum(_leaves(value) for value in wanted) if isinstance(wanted, list) else 1


def problems(spec: Spec) -> Problems:
    yield from known_kind(spec)
    yield from _expressions(spec, [])


def _expressions(value: Any, path: list[str | int]) -> Problems:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expressions(item, [*path, index])
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key.startswith("(") and key.endswith(")"):
                try:
                    jmespath.compile(key[1:-1])
                except JMESPathError as error:
                    yield [*path, key], f"not a JMESPath expression: {error}".splitlines()[0]
            yield from _expressions(item, [*path, key])


CHECK = CheckKind("match", evaluate, its_kind, problems)
