"""Forbidden means: what a submission may not use.

Found in the text before anything is done, so that it can be told by file and line; and in the requests that came of it,
whatever the text looked like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from cluster_core.apiserver.request import ApiRequest, RequestInfo, parse_path
from cluster_core.simulation import assembly
from cluster_core.simulation.witness import REWRITERS, forged, rewritten
from playground.api.documents import split

from .commands import verb_of
from .exercise import Answer, Forbidden
from .saying import Said

FORGERIES = ("Event", "Lease", "Node", "Binding", "EndpointSlice", "Endpoints", "TokenReview")
"""Kinds that the cluster writes about itself: handed in they could pretend what has not happened."""


def violations(forbidden: Forbidden, answer: Answer) -> list[str]:
    """Each in words; empty when all is well."""
    found: list[str] = []
    for path, text in answer.files.items():
        for document in split(text):
            if document.obj is not None:
                found += [Said("%(object)s: %(why)s", object=f"{path}:{document.line}", why=each) for each in of_object(forbidden, document.obj)]
    for line in answer.commands:
        found += [Said("%(object)s: %(why)s", object=line, why=each) for each in _of_command(forbidden, line)]
    return found


def of_object(forbidden: Forbidden, obj: Mapping[str, Any]) -> Iterator[str]:
    kind = str(obj.get("kind", ""))
    metadata = obj.get("metadata") if isinstance(obj.get("metadata"), dict) else {}
    assert isinstance(metadata, dict)
    if kind in forbidden.kinds or (forbidden.only_kinds and kind not in forbidden.only_kinds):
        yield Said("objects of kind %(kind)s may not be handed in here", kind=kind)
    if not forbidden.forging:
        yield from _forgeries(forbidden, {**obj, "kind": kind, "metadata": metadata})
    if metadata.get("namespace", "default") in forbidden.namespaces:
        yield Said("namespace %(name)s may not be touched", name=metadata.get("namespace", "default"))
    if f"{kind}/{metadata.get('name')}" in forbidden.objects:
        yield Said("%(object)s may not be changed", object=f"{kind}/{metadata.get('name')}")
    for field in forbidden.fields:
        if _has(obj, field.split(".")):
            yield Said("the field %(field)s may not be set", field=field)


def _forgeries(forbidden: Forbidden, obj: Mapping[str, Any]) -> Iterator[str]:
    kind = obj["kind"]
    if kind in FORGERIES and kind not in forbidden.only_kinds:
        yield Said("objects of kind %(kind)s are written by the cluster itself", kind=kind)
    if obj.get("status"):
        yield Said("%(what)s is written by the cluster itself", what="status")
    if kind in REWRITERS and (what := rewritten(obj)):
        name = f"{kind} {obj['metadata'].get('name', '')}"
        yield Said("%(object)s meddles with %(resource)s, which the cluster itself writes", object=name, resource=what)


def of_request(forbidden: Forbidden, request: ApiRequest) -> list[str]:
    """What a request that was carried out had no right to, each in words."""
    info = parse_path(request.path, request.method)
    if info is None:
        return []
    wanted = _wanted(request, info)
    found = [each for each in of_object(forbidden, wanted) if info.verb != "delete" or "may not be" in each]
    kind = wanted["kind"]
    if not forbidden.forging and kind not in forbidden.only_kinds and (what := forged(info)):
        found.append(Said("%(what)s is written by the cluster itself", what=what))
    return list(dict.fromkeys(found))


def _wanted(request: ApiRequest, info: RequestInfo) -> dict[str, Any]:
    """The object, or the part of one, that a request is about."""
    body = _body(request)
    metadata = body.get("metadata") if isinstance(body.get("metadata"), dict) else {}
    assert isinstance(metadata, dict)
    name = info.name or metadata.get("name", "")
    kind = _kind_names().get((info.group, info.resource)) or body.get("kind", "")
    place = {"namespace": info.namespace} if info.namespace else {}
    content = {key: value for key, value in body.items() if key != "status"}  # ignored there, or refused by `forged`
    return {**content, "kind": kind, "metadata": {**metadata, "name": name, **place}}


def _body(request: ApiRequest) -> dict[str, Any]:
    try:
        found = orjson.loads(request.body) if request.body else {}
    except orjson.JSONDecodeError:
        return {}
    if isinstance(found, list):
        return _patched(found)
    return found if isinstance(found, dict) else {}


def _patched(operations: list[Any]) -> dict[str, Any]:
    """What a JSON patch sets, as an object without its lists' indices."""
    whole: dict[str, Any] = {}
    for each in operations:
        steps = [step for step in str(each.get("path", "")).split("/")[1:] if not step.isdecimal() and step != "-"]
        inner = each.get("value")
        for step in reversed(steps):
            inner = {step.replace("~1", "/").replace("~0", "~"): inner}
        whole = merged(whole, inner) if isinstance(inner, dict) else whole
    return whole


def merged(one: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two objects as one, map by map; of what both have the other counts."""
    both = {key: merged(one[key], other[key]) for key in one.keys() & other.keys() if _are_maps(one[key], other[key])}
    return {**one, **other, **both}


def _are_maps(*values: Any) -> bool:
    return all(isinstance(value, dict) for value in values)


@lru_cache(1)
def _kind_names() -> Mapping[tuple[str, str], str]:
    return {(kind.group, kind.plural): kind.name for kind in assembly.kinds()}


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
        yield Said("kubectl %(verb)s may not be used here", verb=verb)
    words = line.replace("=", " ").split()
    lowered = [word.lower() for word in words]
    for target in forbidden.objects:
        kind, _, name = target.partition("/")
        pair = any(a.startswith(kind.lower()) and b == name for a, b in zip(lowered, words[1:], strict=False))
        if target.lower() in lowered or pair:
            yield Said("%(object)s may not be changed", object=target)
    for namespace in forbidden.namespaces:
        if namespace in words:
            yield Said("namespace %(name)s may not be touched", name=namespace)
    if not forbidden.forging and any(word.startswith("--subresource") for word in words):
        yield Said("%(what)s is written by the cluster itself", what="status")
