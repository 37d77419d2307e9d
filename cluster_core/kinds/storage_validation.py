"""What a storage class, a CSI driver, a CSI node, a capacity, an attachment and an attributes class may say.

Models pkg/apis/storage/validation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster_core.apiserver.internal import internal
from cluster_core.kinds.checks import (
    immutable,
    label_key,
    label_selector,
    name,
    nonnegative,
    nonnegative_quantity,
    supported,
)
from cluster_core.kinds.volume_sources import csi_driver
from cluster_core.kinds.volume_spec_validation import volume_spec
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, duplicate, forbidden, invalid, not_supported, required, too_long
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_PARAMETERS, _PARAMETERS_SIZE = 512, 256 * 1024
_METADATA_SIZE, _MESSAGE_SIZE = 256 * 1024, 1024
_NODE_ID_LENGTH = 256
_LEAST_SECONDS, _MOST_SECONDS = 600, 1 << 32
_LEAST_UPDATE_PERIOD = 10


# ------------------------------------------------------------------------------------------------ classes


def storage_class(found: Obj) -> Errors:
    errors: Errors = []
    _provisioner(errors, Path("provisioner"), found.get("provisioner", ""))
    _parameters(errors, Path("parameters"), found.get("parameters") or {})
    if found.get("reclaimPolicy"):
        supported(errors, Path("reclaimPolicy"), found["reclaimPolicy"], ("Delete", "Retain"))
    mode = found.get("volumeBindingMode")
    supported(errors, Path("volumeBindingMode"), mode, ("Immediate", "WaitForFirstConsumer"))
    _topologies(errors, Path("allowedTopologies"), found.get("allowedTopologies") or ())
    return errors


def storage_class_update(new: Obj, old: Obj) -> Errors:
    errors = storage_class(new)
    for key in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        immutable(errors, Path(key), new.get(key), old.get(key))
    return errors


def _provisioner(errors: Errors, path: Path, text: str) -> None:
    if text:
        name(errors, path, text.lower(), names.qualified_name)
    else:
        errors.append(required(path))


def _parameters(errors: Errors, path: Path, parameters: Mapping[str, str]) -> None:
    if len(parameters) > _PARAMETERS:
        errors.append(too_long(path, _PARAMETERS))
        return
    if "" in parameters:
        errors.append(invalid(path, "", "field can not be empty."))
    if sum(names.length(key) + names.length(value) for key, value in parameters.items()) > _PARAMETERS_SIZE:
        errors.append(too_long(path, _PARAMETERS_SIZE))


def _topologies(errors: Errors, path: Path, topologies: Sequence[Obj]) -> None:
    seen: list[Mapping[str, frozenset[str]]] = [{} for _ in topologies]
    for index, term in enumerate(topologies):
        found = _topology(errors, path[index] / "matchLabelExpressions", term.get("matchLabelExpressions") or ())
        errors.extend(duplicate(path[index] / "matchLabelExpressions", "") for other in seen if other == found)
        seen.append(found)


def _topology(errors: Errors, path: Path, expressions: Sequence[Obj]) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for index, expression in enumerate(expressions):
        key, values = expression.get("key", ""), expression.get("values") or ()
        if not values:
            errors.append(required(path[index] / "values"))
        for at, value in enumerate(values):
            if value in values[:at]:
                errors.append(duplicate((path[index] / "values")[at], value))
        label_key(errors, path[index] / "key", key)
        if key in found:
            errors.append(duplicate(path[index] / "key", key))
        found[key] = frozenset(values)
    return found


def attributes_class(found: Obj) -> Errors:
    errors: Errors = []
    _provisioner(errors, Path("driverName"), found.get("driverName", ""))
    _parameters(errors, Path("parameters"), found.get("parameters") or {})
    if not found.get("parameters"):
        errors.append(required("parameters", "must contain at least one key/value pair"))
    return errors


def attributes_class_update(new: Obj, old: Obj) -> Errors:
    changed = (key for key in ("driverName", "parameters") if new.get(key) != old.get(key))
    return [forbidden(key, f"updates to {key} are forbidden.") for key in changed] + attributes_class(new)


# ------------------------------------------------------------------------------------------------ drivers


def driver(found: Obj) -> Errors:
    errors: Errors = []
    spec = found.get("spec") or {}
    policies = ("File", "None", "ReadWriteOnceWithFSType")
    supported(errors, _SPEC / "fsGroupPolicy", spec.get("fsGroupPolicy"), policies)
    _token_requests(errors, _SPEC / "tokenRequests", spec.get("tokenRequests") or ())
    modes = ("Persistent", "Ephemeral")
    for mode in spec.get("volumeLifecycleModes") or ():
        if mode not in modes:
            errors.append(not_supported(_SPEC / "volumeLifecycleModes", mode, modes))
    period = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if period is not None and period < _LEAST_UPDATE_PERIOD:
        path = _SPEC / "nodeAllocatableUpdatePeriodSeconds"
        errors.append(invalid(path, period, "must be greater than or equal to 10 seconds"))
    in_secrets = spec.get("serviceAccountTokenInSecrets")
    if in_secrets is not None and not spec.get("tokenRequests"):
        detail = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        errors.append(invalid(_SPEC / "serviceAccountTokenInSecrets", in_secrets, detail))
    return errors


def _token_requests(errors: Errors, path: Path, requests: Sequence[Obj]) -> None:
    audiences: set[str] = set()
    for index, request in enumerate(requests):
        audience, seconds = request.get("audience", ""), request.get("expirationSeconds")
        if audience in audiences:
            errors.append(duplicate(path[index] / "audience", audience))
            continue
        audiences.add(audience)
        at = path[index] / "expirationSeconds"
        if seconds is not None and seconds < _LEAST_SECONDS:
            errors.append(invalid(at, seconds, "may not specify a duration less than 10 minutes"))
        if seconds is not None and seconds > _MOST_SECONDS:
            errors.append(invalid(at, seconds, "may not specify a duration larger than 2^32 seconds"))


def driver_update(new: Obj, old: Obj) -> Errors:
    errors = driver(new)
    after, before = new.get("spec") or {}, old.get("spec") or {}
    immutable(errors, _SPEC / "attachedRequired", after.get("attachRequired"), before.get("attachRequired"))
    modes = "volumeLifecycleModes"
    immutable(errors, _SPEC / modes, after.get(modes), before.get(modes))
    return errors


def node(found: Obj) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, one in enumerate((found.get("spec") or {}).get("drivers") or ()):
        _node_driver(errors, (_SPEC / "drivers")[index], one, seen)
    return errors


def _node_driver(errors: Errors, path: Path, one: Obj, seen: set[str]) -> None:
    wanted, node_id = one.get("name", ""), one.get("nodeID", "")
    csi_driver(errors, path / "name", wanted)
    if not node_id:
        errors.append(required(path / "nodeID"))
    if names.length(node_id) > _NODE_ID_LENGTH:
        errors.append(invalid(path / "nodeID", node_id, f"must be {_NODE_ID_LENGTH} characters or less"))
    nonnegative(errors, path.child("allocatable", "count"), (one.get("allocatable") or {}).get("count"))
    if wanted in seen:
        errors.append(duplicate(path / "name", wanted))
    seen.add(wanted)
    keys: set[str] = set()
    for key in one.get("topologyKeys") or ():
        if not key:
            errors.append(required(path))
        if key in keys:
            errors.append(duplicate(path, key))
        keys.add(key)
        name(errors, path, key, names.qualified_name)


def node_update(new: Obj, old: Obj) -> Errors:
    errors = node(new)
    for before in (old.get("spec") or {}).get("drivers") or ():
        for after in (new.get("spec") or {}).get("drivers") or ():
            if before["name"] == after["name"] and _fixed(before) != _fixed(after):
                shown = internal("storage.CSINodeDriver", _fixed(after))
                errors.append(invalid(_SPEC / "drivers", shown, "field is immutable"))
    return errors


def _fixed(one: Obj) -> Obj:
    return {key: value for key, value in one.items() if key != "allocatable"}


def capacity(found: Obj) -> Errors:
    errors: Errors = []
    label_selector(errors, Path("nodeTopology"), found.get("nodeTopology"))
    name(errors, Path("storageClassName"), found.get("storageClassName", ""), names.dns1123_subdomain)
    if found.get("capacity") is not None:
        nonnegative_quantity(errors, Path("capacity"), found["capacity"])
    return errors


def capacity_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    for key in ("nodeTopology", "storageClassName"):
        immutable(errors, Path(key), new.get(key), old.get(key))
    return errors


# ------------------------------------------------------------------------------------------------ attachments


def attachment(found: Obj) -> Errors:
    errors: Errors = []
    spec = found.get("spec") or {}
    source = spec.get("source") or {}
    csi_driver(errors, _SPEC / "attacher", spec.get("attacher", ""))
    _attachment_source(errors, _SPEC / "source", source)
    name(errors, _SPEC / "nodeName", spec.get("nodeName", ""), names.dns1123_subdomain)
    _attachment_status(errors, Path("status"), found.get("status") or {})
    if source.get("persistentVolumeName") is not None:
        path = Path("spec.source.persistentVolumeName")
        name(errors, path, source["persistentVolumeName"], names.dns1123_subdomain)
    return errors


def _attachment_source(errors: Errors, path: Path, source: Obj) -> None:
    inline, volume = source.get("inlineVolumeSpec"), source.get("persistentVolumeName")
    detail = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
    if inline is None and volume is None:
        errors.append(required(path, detail))
    elif inline is not None and volume is not None:
        errors.append(forbidden(path, detail))
    elif inline is not None:
        volume_spec(errors, path / "inlineVolumeSpec", inline, inline=True)
    elif not volume:
        errors.append(required(path / "persistentVolumeName", "must specify non empty persistentVolumeName"))


def _attachment_status(errors: Errors, path: Path, status: Obj) -> None:
    metadata = status.get("attachmentMetadata") or {}
    if sum(names.length(key) + names.length(value) for key, value in metadata.items()) > _METADATA_SIZE:
        errors.append(too_long(path / "attachmentMetadata", _METADATA_SIZE))
    for key in ("attachError", "detachError"):
        found = status.get(key) or {}
        if names.length(found.get("message", "")) > _MESSAGE_SIZE:
            errors.append(too_long(path.child(key, "message"), _METADATA_SIZE))
        code = found.get("errorCode")
        if code is not None and code < 0:
            errors.append(invalid(path.child(key, "errorCode"), code, names.range_error(0, 2**31 - 1)))


def attachment_update(new: Obj, old: Obj) -> Errors:
    errors = attachment(new)
    if new.get("spec") != old.get("spec"):
        shown = internal("storage.VolumeAttachmentSpec", new.get("spec"))
        errors.append(invalid(_SPEC, shown, "field is immutable"))
    return errors
