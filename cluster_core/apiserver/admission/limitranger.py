"""Containers get the defaults of their namespace's limit ranges and keep within them.

Models plugin/pkg/admission/limitranger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery import errors, resourcelists
from cluster_core.machinery.quantity import Quantity
from cluster_core.machinery.resourcelists import Totals
from cluster_core.machinery.typed import Obj

_ANNOTATION = "kubernetes.io/limit-ranger"


def _ranges(attributes: Attributes) -> Sequence[Obj]:
    """The limit ranges that concern the request."""
    if attributes.subresource or attributes.obj is None:
        if attributes.subresource != "resize":
            return ()
    elif attributes.operation != "CREATE" and attributes.kind.name == "Pod":
        return ()
    if attributes.old is not None and "deletionTimestamp" in attributes.old["metadata"]:
        return ()
    server = attributes.context.server
    return server.storage.list(server.kinds.named("LimitRange", ""), attributes.namespace)


# ------------------------------------------------------------------------------------------------ defaults


def _admit(attributes: Attributes) -> Obj | None:
    pod = attributes.obj
    if pod is None or attributes.kind.name != "Pod":
        return pod
    for found in _ranges(attributes):
        pod = _with_defaults(pod, found)
    return pod


def _with_defaults(pod: Obj, found: Obj) -> Obj:
    limits: dict[str, str] = {}
    requests: dict[str, str] = {}
    for item in found["spec"].get("limits") or ():
        if item["type"] == "Container":
            requests.update(item.get("defaultRequest", {}))
            limits.update(item.get("default", {}))
    notes: list[str] = []
    spec = dict(pod["spec"])
    for key, label in (("containers", "container"), ("initContainers", "init container")):
        if spec.get(key):
            spec[key] = [_filled(container, requests, limits, label, notes) for container in spec[key]]
    if not notes:
        return pod
    metadata = pod["metadata"]
    noted = {**metadata.get("annotations", {}), _ANNOTATION: f"LimitRanger plugin set: {'; '.join(notes)}"}
    return {**pod, "metadata": {**metadata, "annotations": noted}, "spec": spec}


def _filled(container: Obj, requests: dict[str, str], limits: dict[str, str], label: str, notes: list[str]) -> Obj:
    resources = dict(container.get("resources") or {})
    for key, defaults, word in (("requests", requests, "request"), ("limits", limits, "limit")):
        given = resources.get(key) or {}
        missing = sorted(name for name in defaults if name not in given)
        if missing:
            notes.append(f"{', '.join(missing)} {word} for {label} {container['name']}")
            resources[key] = {**given, **{name: defaults[name] for name in missing}}
    return {**container, "resources": resources}


# ------------------------------------------------------------------------------------------------ checks


def _validate(attributes: Attributes) -> None:
    obj = attributes.obj
    if obj is None:
        return
    problems_of = _pod_problems if attributes.kind.name == "Pod" else _claim_problems
    for found in _ranges(attributes):
        problems = [text for item in found["spec"].get("limits") or () for text in problems_of(item, obj)]
        if problems:
            distinct = list(dict.fromkeys(problems))
            text = distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"
            raise errors.forbidden(attributes.kind.group, attributes.kind.plural, attributes.name, text)


def _pod_problems(item: Obj, pod: Obj) -> Iterator[str]:
    spec = pod["spec"]
    if item["type"] == "Pod":
        requests, limits = (resourcelists.of_pod(spec, which, overhead=False) for which in ("requests", "limits"))
        yield from _problems("Pod", item, requests, limits)
    elif item["type"] == "Container":
        for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
            resources: dict[str, Any] = container.get("resources") or {}
            asked = resourcelists.parsed(resources.get("requests"))
            yield from _problems("Container", item, asked, resourcelists.parsed(resources.get("limits")))


def _problems(label: str, item: Obj, requests: Totals, limits: Totals) -> Iterator[str]:
    for check, key in ((_below, "min"), (_above, "max"), (_ratio, "maxLimitRequestRatio")):
        for name, bound in sorted(resourcelists.parsed(item.get(key)).items()):
            text = check(label, name, bound, requests.get(name), limits.get(name))
            if text:
                yield text


def _below(label: str, name: str, bound: Quantity, request: Quantity | None, limit: Quantity | None) -> str:
    head = f"minimum {name} usage per {label} is {bound}"
    if request is None:
        return f"{head}.  No request is specified"
    if request.compare(bound) < 0:
        return f"{head}, but request is {request}"
    return f"{head}, but limit is {limit}" if limit is not None and limit.compare(bound) < 0 else ""


def _above(label: str, name: str, bound: Quantity, request: Quantity | None, limit: Quantity | None) -> str:
    head = f"maximum {name} usage per {label} is {bound}"
    if limit is None:
        return f"{head}.  No limit is specified"
    if limit.compare(bound) > 0:
        return f"{head}, but limit is {limit}"
    return f"{head}, but request is {request}" if request is not None and request.compare(bound) > 0 else ""


def _ratio(label: str, name: str, bound: Quantity, request: Quantity | None, limit: Quantity | None) -> str:
    head = f"{name} max limit to request ratio per {label} is {bound}"
    if request is None or request.is_zero():
        return f"{head}, but no request is specified or request is 0"
    if limit is None or limit.is_zero():
        return f"{head}, but no limit is specified or limit is 0"
    ratio = limit.milli() / request.milli()
    return f"{head}, but provided ratio is {ratio:f}" if ratio * 1000 > bound.milli() else ""


def _claim_problems(item: Obj, claim: Obj) -> Iterator[str]:
    if item["type"] != "PersistentVolumeClaim":
        return
    requests = resourcelists.parsed((claim["spec"].get("resources") or {}).get("requests"))
    for name, bound in sorted(resourcelists.parsed(item.get("min")).items()):
        text = _below("PersistentVolumeClaim", name, bound, requests.get(name), None)
        if text:
            yield text
    for name, bound in sorted(resourcelists.parsed(item.get("max")).items()):
        head = f"maximum {name} usage per PersistentVolumeClaim is {bound}"
        if name not in requests:
            yield f"{head}.  No request is specified"
        elif requests[name].compare(bound) > 0:
            yield f"{head}, but request is {requests[name]}"


PLUGIN = Plugin("LimitRanger", admit=_admit, validate=_validate, kinds=frozenset({"Pod", "PersistentVolumeClaim"}))
