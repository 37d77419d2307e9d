"""API services. Models kube-aggregator/pkg/registry/apiservice and its validation."""

from __future__ import annotations

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.checks import name, needed
from cluster_core.kinds.columns import condition
from cluster_core.machinery import gofmt, names
from cluster_core.machinery.field import Errors, Path, invalid, required
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_LOCAL = "local APIServices may not have"
_LIMITS = {"groupPriorityMinimum": 20000, "versionPriority": 1000}


def default(found: Obj) -> Obj:
    spec = found.get("spec") or {}
    if spec.get("service") is None:
        return found
    return {**found, "spec": {**spec, "service": {"port": 443, **spec["service"]}}}


def before_store(context: Context, new: Obj, old: Obj | None) -> Obj:
    """What this server serves itself is available from the start."""
    if old is not None:
        return new
    if (new.get("spec") or {}).get("service") is not None:
        return {**new, "status": {}}
    local = {
        "type": "Available",
        "status": "True",
        "lastTransitionTime": context.server.world.clock.timestamp(),
        "reason": "Local",
        "message": "Local APIServices are always available",
    }
    return {**new, "status": {"conditions": [local]}}


# ------------------------------------------------------------------------------------------------ validation


def validate(found: Obj) -> Errors:
    errors: Errors = []
    spec, own = found.get("spec") or {}, found["metadata"].get("name", "")
    group, version = spec.get("group", ""), spec.get("version", "")
    if own and own != f"{version}.{group}" and not names.path_segment_name(own):
        wanted = gofmt.quote(f"{version}.{group}")
        errors.append(invalid("metadata.name", own, f'must be `spec.version+"."+spec.group`: {wanted}'))
    if not group and version != "v1":
        detail = "only v1 may have an empty group and it better be legacy kube"
        errors.append(required(_SPEC / "group", detail))
    if group:
        name(errors, _SPEC / "group", group, names.dns1123_subdomain)
    name(errors, _SPEC / "version", version, names.dns1035_label)
    for key, most in _LIMITS.items():
        value = spec.get(key, 0)
        if not 0 < value <= most:
            errors.append(invalid(_SPEC / key, value, f"must be positive and less than {most}"))
    _service(errors, spec)
    return errors


def _service(errors: Errors, spec: Obj) -> None:
    service, bundle, insecure = spec.get("service"), spec.get("caBundle"), spec.get("insecureSkipTLSVerify")
    if service is None:
        if bundle:
            errors.append(invalid(_SPEC / "caBundle", f"{len(bundle)} bytes", f"{_LOCAL} a caBundle"))
        if insecure:
            path = _SPEC / "insecureSkipTLSVerify"
            errors.append(invalid(path, insecure, f"{_LOCAL} insecureSkipTLSVerify"))
        return
    needed(errors, service, _SPEC / "service", "namespace", "name")
    port = service.get("port", 0)
    problems = names.port_number(port)
    if problems:
        errors.append(invalid(_SPEC.child("service", "port"), port, f"port is not valid: {', '.join(problems)}"))
    if insecure and bundle:
        detail = "may not be true if caBundle is present"
        errors.append(invalid(_SPEC / "insecureSkipTLSVerify", insecure, detail))


# ------------------------------------------------------------------------------------------------ columns


def _backend(found: Obj, now: int) -> str:
    service = (found.get("spec") or {}).get("service")
    return "Local" if service is None else f"{service.get('namespace', '')}/{service.get('name', '')}"


def _available(found: Obj, now: int) -> str:
    state = condition(found, "Available")
    if state is None:
        return "Unknown"
    return "True" if state["status"] == "True" else f"{state['status']} ({state.get('reason', '')})"


COLUMNS = (
    NAME,
    Column("Service", _backend, description="The reference to the service that hosts this API endpoint."),
    Column("Available", _available, description="Whether this service is available."),
    AGE,
)

KIND = Kind(
    "APIService",
    plural="apiservices",
    unconditional_update=False,
    group="apiregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    default=default,
    before_store=before_store,
    validate_name=names.path_segment_name,
    validate=validate,
    checks_metadata_whole=1,
    validate_update=lambda new, old: validate(new),
    columns=COLUMNS,
    status=True,
    status_tables=False,
    status_resets=((),),
    prefix="apiregistration.k8s.io/apiservices",
)
