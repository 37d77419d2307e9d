"""Events of both groups. Models pkg/apis/core/validation/events.go: the newer group asks for much more."""

from __future__ import annotations

from cluster_core.apiserver.internal import internal
from cluster_core.apiserver.objectmeta_validation import check_change, check_metadata
from cluster_core.kinds.checks import label_key
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, invalid, required
from cluster_core.machinery.typed import Obj

_OLD = "v1"
_LIMITS = (("reportingInstance", 128, True), ("action", 128, True), ("reason", 128, True), ("message", 1024, False))
_MISMATCH = "does not match event.namespace"
_IMMUTABLE = "field is immutable"


def event(version: str, new: Obj, old: Obj | None) -> Errors:
    """`version` is the apiVersion of the request; `new` is in the core form."""
    errors: Errors = []
    _legacy(errors, version, new)
    if version == _OLD:
        return errors
    if old is None:
        check_metadata(errors, new["metadata"], names.dns1123_subdomain)
        _series(errors, new.get("series"))
        _strict(errors, new)
        return errors
    check_change(errors, new["metadata"], old["metadata"])
    if new.get("series") != old.get("series"):
        _series(errors, new.get("series"))
    _unchanged(errors, new, old)
    return errors


def _legacy(errors: Errors, version: str, event: Obj) -> None:
    namespace = event["metadata"].get("namespace", "")
    involved = (event.get("involvedObject") or {}).get("namespace", "")
    path = Path("involvedObject", "namespace")
    if not event.get("eventTime"):
        if involved != namespace and (involved or namespace != "default"):
            errors.append(invalid(path, involved, _MISMATCH))
    else:
        if not involved and namespace not in ("default", "kube-system"):
            errors.append(invalid(path, involved, _MISMATCH))
        _new_style(errors, "reportingComponent" if version == _OLD else "reportingController", event)
    errors.extend(invalid("namespace", namespace, message) for message in names.dns1123_subdomain(namespace))


def _new_style(errors: Errors, reporter: str, event: Obj) -> None:
    """An event with a time of its own tells who reports what."""
    component = event.get("reportingComponent", "")
    if not component:
        errors.append(required(reporter))
    label_key(errors, Path(reporter), component)
    for key, limit, needed in _LIMITS:
        if needed and not event.get(key):
            errors.append(required(key))
        if names.length(event.get(key, "")) > limit:
            errors.append(invalid(key, "", f"can have at most {limit} characters"))


def _series(errors: Errors, series: Obj | None) -> None:
    if series is None:
        return
    if series.get("count", 0) < 2:
        errors.append(invalid("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(required("series.lastObservedTime"))


def _strict(errors: Errors, event: Obj) -> None:
    if not event.get("eventTime"):
        errors.append(required("eventTime"))
    if event.get("type") not in ("Normal", "Warning"):
        errors.append(invalid("type", "", f"has invalid value: {event.get('type', '')}"))
    for key in ("firstTimestamp", "lastTimestamp", "count"):
        if event.get(key):
            errors.append(invalid(key, "", "needs to be unset"))
    source = event.get("source") or {}
    if source.get("component") or source.get("host"):
        errors.append(invalid("source", "", "needs to be unset"))


_FIXED = (
    ("involvedObject", "core.ObjectReference", ""),
    ("reason", "string", ""),
    ("message", "string", ""),
    ("source", "core.EventSource", ""),
    ("firstTimestamp", "metav1.Time", ""),
    ("lastTimestamp", "metav1.Time", ""),
    ("count", "int32", ""),
    ("reason", "string", ""),
    ("type", "string", ""),
    ("eventTime", "metav1.MicroTime", ""),
    ("action", "string", ""),
    ("related", "*core.ObjectReference", ""),
    ("reportingComponent", "string", "reportingController"),
    ("reportingInstance", "string", ""),
)
"""Fields that never change, in upstream's order (reason twice), with their internal type and how messages call them."""


def _unchanged(errors: Errors, new: Obj, old: Obj) -> None:
    for key, type, shown in _FIXED:
        if (new.get(key) or None) != (old.get(key) or None):
            errors.append(invalid(shown or key, internal(type, new.get(key)), _IMMUTABLE))
