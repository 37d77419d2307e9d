"""What may change of a pod through which of its subresources, and what then is wrong with it.

Models podEphemeralContainersStrategy and podResizeStrategy of pkg/registry/core/pod/strategy.go with
ValidatePodEphemeralContainersUpdate and ValidatePodResize of pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_core.apiserver.internal import difference
from cluster_core.kinds.pod_update_validation import annotation_updates, equal
from cluster_core.kinds.pod_validation import SPEC, pod_itself
from cluster_core.kinds.qos import qos_class
from cluster_core.machinery.field import Errors, Path, forbidden, invalid
from cluster_core.machinery.typed import Obj

_MIRROR = "kubernetes.io/config.mirror"
_KEPT = ("deletionTimestamp", "generation", "labels", "annotations", "finalizers", "ownerReferences")
_RESIZABLE = ("cpu", "memory")


def only_metadata_of_status(new: Obj, old: Obj) -> Obj:
    """The new metadata where a status update may change it: the managers of fields."""
    metadata = {key: value for key, value in new["metadata"].items() if key not in _KEPT}
    return {**metadata, **{key: old["metadata"][key] for key in _KEPT if key in old["metadata"]}}


def _with_spec(new: Obj, old: Obj, **spec: Any) -> Obj:
    changed = {key: value for key, value in {**old["spec"], **spec}.items() if value or key not in spec}
    return {**old, "spec": changed, "metadata": only_metadata_of_status(new, old)}


# ------------------------------------------------------------------------------------------------ ephemeral containers


def prepare_ephemeral(new: Obj, old: Obj) -> Obj:
    return _with_spec(new, old, ephemeralContainers=new["spec"].get("ephemeralContainers"))


def validate_ephemeral(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    pod_itself(errors, new)
    annotation_updates(errors, new, old)
    if _MIRROR in (old["metadata"].get("annotations") or {}):
        return [forbidden(Path(""), "static pods do not support ephemeral containers")]
    path = SPEC / "ephemeralContainers"
    after = {one["name"]: one for one in new["spec"].get("ephemeralContainers") or ()}
    for one in old["spec"].get("ephemeralContainers") or ():
        if one["name"] not in after:
            errors.append(forbidden(path, f'existing ephemeral containers "{one["name"]}" may not be removed\n'))
        elif not equal(one, after[one["name"]]):
            changes = difference("core.EphemeralContainer", one, after[one["name"]])
            text = f'existing ephemeral containers "{one["name"]}" may not be changed\n{changes}'
            errors.append(forbidden(path, text))
    return errors


# ------------------------------------------------------------------------------------------------ resize


def prepare_resize(new: Obj, old: Obj) -> Obj:
    """Only resources; added, removed, renamed and reordered containers stay for validation to refuse."""
    before, after = old["spec"], new["spec"]
    if any(len(after.get(key) or ()) != len(before.get(key) or ()) for key in ("containers", "initContainers")):
        return {**new, "status": old.get("status", {})}
    parts = {key: _resized(after.get(key) or [], before.get(key) or []) for key in ("containers", "initContainers")}
    return _with_spec(new, old, **parts, resources=after.get("resources"))


def _resized(after: Sequence[Obj], before: Sequence[Obj]) -> list[Obj]:
    if any(new["name"] != old["name"] for new, old in zip(after, before, strict=True)):
        return list(after)
    return [_with_resources(new, old) for new, old in zip(after, before, strict=True)]


def _with_resources(new: Obj, old: Obj) -> Obj:
    kept = {key: value for key, value in old.items() if key not in ("resources", "resizePolicy")}
    return {**kept, **{key: new[key] for key in ("resources", "resizePolicy") if key in new}}


def validate_resize(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    pod_itself(errors, new)
    refusal = _not_at_all(old)
    if refusal:
        return [forbidden(Path(""), refusal)]
    quality = old.get("status", {}).get("qosClass") or qos_class(old)
    if qos_class(new) != quality:
        text = "Pod QOS Class may not change as a result of resizing"
        errors.append(invalid(SPEC, new.get("status", {}).get("qosClass", ""), text))
    if not _is_supported(old.get("status") or {}):
        errors.append(forbidden(SPEC, "Pod running on node without support for resize"))
    _pod_level(errors, new["spec"].get("resources"), old["spec"].get("resources"))
    misplaced = _order(new, old)
    if misplaced:
        return [*errors, *misplaced]
    for key in ("initContainers", "containers"):
        pairs = zip(new["spec"].get(key) or (), old["spec"].get(key) or (), strict=True)
        for index, (after, before) in enumerate(pairs):
            _removed(errors, (SPEC / key)[index] / "resources", after, before)
    return [*errors, *_beyond_cpu_and_memory(new, old)]


def _not_at_all(old: Obj) -> str:
    if _MIRROR in (old["metadata"].get("annotations") or {}):
        return "static pods cannot be resized"
    return "windows pods cannot be resized" if (old["spec"].get("os") or {}).get("name") == "windows" else ""


def _is_supported(status: Obj) -> bool:
    """A node that can resize tells what its running containers have."""
    for container in status.get("containerStatuses") or ():
        if (container.get("state") or {}).get("running") is not None:
            return container.get("resources") is not None
    return True


def _pod_level(errors: Errors, after: Obj | None, before: Obj | None) -> None:
    if before and after is None:
        errors.append(forbidden(SPEC / "resources", "pod-level resources cannot be removed"))
        return
    for key in ("requests", "limits"):
        if before and set(before.get(key) or ()) - set((after or {}).get(key) or ()):
            errors.append(forbidden(SPEC.child("resources", key), f"pod-level resource {key} cannot be removed"))
    if after and not equal(_put_back({"resources": after}, {"resources": before})["resources"], before or {}):
        errors.append(forbidden(SPEC, "only cpu and memory resources are mutable at pod-level"))


def _order(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    for key in ("containers", "initContainers"):
        after, before = new["spec"].get(key) or (), old["spec"].get(key) or ()
        if len(after) != len(before):
            errors.append(forbidden(SPEC / key, f"{key} may not be added or removed on resize"))
            continue
        for index, (one, other) in enumerate(zip(after, before, strict=True)):
            if one["name"] != other["name"]:
                where = (SPEC / key)[index] / "name"
                errors.append(forbidden(where, f"{key} may not be renamed or reordered on resize"))
    return errors


def _removed(errors: Errors, path: Path, after: Obj, before: Obj) -> None:
    for key in ("requests", "limits"):
        now, then = ((one.get("resources") or {}).get(key) or {} for one in (after, before))
        if set(then) - set(now):
            errors.append(forbidden(path / key, f"resource {key} cannot be removed"))


def _beyond_cpu_and_memory(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    for after, before in zip(new["spec"]["containers"], old["spec"]["containers"], strict=True):
        if not equal(_put_back(after, before), before):
            errors.append(forbidden(SPEC, "only cpu and memory resources are mutable"))
    pairs = zip(new["spec"].get("initContainers") or (), old["spec"].get("initContainers") or (), strict=True)
    for index, (after, before) in enumerate(pairs):
        errors += _init_container((SPEC / "initContainers")[index], after, before)
    return errors


def _init_container(path: Path, after: Obj, before: Obj) -> Errors:
    errors: Errors = []
    if equal(after, before):
        return errors
    if not equal(_put_back(after, before), before):
        text = "only cpu and memory resources for init or sidecar containers are mutable"
        errors.append(forbidden(path, text))
    if after.get("restartPolicy") != "Always":
        text = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
        policies = after.get("resizePolicy") or ()
        errors.extend(forbidden(path, text) for one in policies if one.get("restartPolicy") == "RestartContainer")
    return errors


def _put_back(after: Obj, before: Obj) -> Obj:
    """The new container with the old one's CPU and memory."""
    resources = dict(after.get("resources") or {})
    for key in ("requests", "limits"):
        then = (before.get("resources") or {}).get(key) or {}
        kept = {name: value for name, value in (resources.get(key) or {}).items() if name not in _RESIZABLE}
        resources[key] = {**kept, **{name: then[name] for name in _RESIZABLE if name in then}}
    return {**after, "resources": resources}
