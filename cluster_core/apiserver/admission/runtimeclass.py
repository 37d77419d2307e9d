"""Pods of a runtime class get its overhead and scheduling. Models plugin/pkg/admission/runtimeclass."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery import errors
from cluster_core.machinery.typed import Obj


def _admit(attributes: Attributes) -> Obj | None:
    pod = attributes.obj
    if pod is None or attributes.operation != "CREATE" or not attributes.about("", "Pod"):
        return pod
    found = _class_of(attributes, pod)
    if found is None:
        return pod
    spec = _with_overhead(attributes, pod["spec"], found)
    return {**pod, "spec": _with_scheduling(attributes, spec, found.get("scheduling", {}))}


def _refusal(attributes: Attributes, text: str) -> errors.ApiError:
    return errors.forbidden("", "pods", attributes.name, text)


def _class_of(attributes: Attributes, pod: Obj) -> Obj | None:
    name = pod["spec"].get("runtimeClassName")
    if name is None:
        return None
    if not name:
        raise errors.plain_error("resource name may not be empty")
    server = attributes.context.server
    found = server.storage.get(server.kinds.named("RuntimeClass"), "", name)
    if found is None:
        raise _refusal(attributes, f'pod rejected: RuntimeClass "{name}" not found')
    return found


def _with_overhead(attributes: Attributes, spec: Obj, found: Obj) -> dict[str, Any]:
    fixed = found.get("overhead", {}).get("podFixed")
    given = spec.get("overhead")
    if given is not None and given != (fixed or {}):
        if not fixed:
            raise _refusal(
                attributes, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
            )
        raise _refusal(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    return {**spec, "overhead": fixed} if fixed else dict(spec)


def _with_scheduling(attributes: Attributes, spec: dict[str, Any], scheduling: Obj) -> dict[str, Any]:
    selector = scheduling.get("nodeSelector", {})
    given = spec.get("nodeSelector", {})
    for key, value in selector.items():
        if given.get(key, value) != value:
            raise _refusal(
                attributes,
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {given[key]}",
            )
    if selector:
        spec["nodeSelector"] = {**given, **selector}
    extra = [
        toleration for toleration in scheduling.get("tolerations", ()) if toleration not in spec.get("tolerations", ())
    ]
    if extra:
        spec["tolerations"] = [*spec.get("tolerations", ()), *extra]
    return spec


def _validate(attributes: Attributes) -> None:
    pod = attributes.obj
    if pod is None or attributes.operation != "CREATE" or not attributes.about("", "Pod"):
        return
    if not pod["spec"].get("runtimeClassName") and pod["spec"].get("overhead"):
        raise _refusal(attributes, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")


PLUGIN = Plugin("RuntimeClass", admit=_admit, validate=_validate, kinds=frozenset({"Pod"}), operations=frozenset({"CREATE"}), subresources=False)
