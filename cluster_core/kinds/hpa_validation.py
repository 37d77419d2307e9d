"""Horizontal pod autoscalers. Models pkg/apis/autoscaling/validation with scaling to zero switched off."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cluster_core.kinds.checks import NOT_POSITIVE, name, nonnegative_quantity, nonnegatives
from cluster_core.kinds.resources_validation import container_resource_name
from cluster_core.machinery import names, quantity
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
_TARGETS = ("Utilization", "Value", "AverageValue")
_SELECT = ("Disabled", "Max", "Min")
_POLICIES = ("Percent", "Pods")
_LONGEST_WINDOW, _LONGEST_PERIOD = 3600, 1800
_ONE_ONLY = "must populate the given metric source only"
_MISSING = "must populate information for the given metric source"


def autoscaler(obj: Obj) -> Errors:
    return _check(obj["spec"], None)


def autoscaler_update(new: Obj, old: Obj) -> Errors:
    return _check(new["spec"], old["spec"])


def autoscaler_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    nonnegatives(errors, new.get("status") or {}, Path("status"), "currentReplicas", "desiredReplicas")
    return errors


def _check(spec: Obj, old: Obj | None) -> Errors:
    """What was wrong before about the versions of references may stay."""
    errors: Errors = []
    _replicas(errors, spec, 0 if old is not None and old.get("minReplicas") == 0 else 1)
    target = spec.get("scaleTargetRef") or {}
    before = (old or {}).get("scaleTargetRef") or {}
    same = old is not None and all(before.get(key) == target.get(key) for key in ("apiVersion", "kind"))
    core = target.get("kind") == "ReplicationController"
    _reference(errors, _SPEC / "scaleTargetRef", target, "any" if same else "core" if core else "group")
    _metrics(errors, _SPEC / "metrics", spec, _object_rule(old))
    behavior = spec.get("behavior") or {}
    for key in ("scaleUp", "scaleDown"):
        if behavior.get(key) is not None:
            _rules(errors, _SPEC.child("behavior", key), behavior[key])
    return errors


def _replicas(errors: Errors, spec: Obj, lowest: int) -> None:
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if least is not None and least < lowest:
        errors.append(invalid(_SPEC / "minReplicas", least, f"must be greater than or equal to {lowest}"))
    if not most:
        errors.append(required(_SPEC / "maxReplicas", "must be set and greater than 0"))
    elif most < 0:
        errors.append(invalid(_SPEC / "maxReplicas", most, "must be greater than or equal to 1"))
    if least is not None and most < least:
        detail = "must be greater than or equal to `minReplicas`"
        errors.append(invalid(_SPEC / "maxReplicas", most, detail))


def _reference(errors: Errors, path: Path, reference: Obj, rule: str) -> None:
    """A CrossVersionObjectReference; `rule` is what its apiVersion may be: any, core too, or only of a group."""
    for key in ("kind", "name"):
        if not reference.get(key):
            errors.append(required(path / key))
        else:
            name(errors, path / key, reference[key], names.path_segment_name)
    problem = "" if rule == "any" else _version_problem(reference.get("apiVersion", ""), rule)
    if problem:
        errors.append(invalid(path / "apiVersion", reference.get("apiVersion", ""), problem))


def _version_problem(version: str, rule: str) -> str:
    if version.count("/") > 1:
        return f"unexpected GroupVersion string: {version}"
    return "" if rule == "core" or "/" in version[1:] else "apiVersion must specify API group"


def _object_rule(old: Obj | None) -> str:
    for metric in (old or {}).get("metrics") or ():
        version = ((metric.get("object") or {}).get("describedObject") or {}).get("apiVersion", "")
        if metric.get("type") == "Object" and _version_problem(version, "core"):
            return "any"
    return "core"


# ------------------------------------------------------------------------------------------------ metrics


def _metrics(errors: Errors, path: Path, spec: Obj, rule: str) -> None:
    metrics = spec.get("metrics") or ()
    for index, metric in enumerate(metrics):
        _metric(errors, path[index], metric, rule)
    if spec.get("minReplicas") == 0 and not any(one.get("type") in ("Object", "External") for one in metrics):
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        errors.append(forbidden(path, detail))


def _metric(errors: Errors, path: Path, metric: Obj, rule: str) -> None:
    type = metric.get("type", "")
    if not type:
        errors.append(required(path / "type", "must specify a metric source type"))
    if type not in _TYPES:
        errors.append(not_supported(path / "type", type, _TYPES))
    present = [key for key in ("object", "external", "pods", "resource", "containerResource") if metric.get(key)]
    if present:
        if present[0] == "object":
            described = metric["object"].get("describedObject") or {}
            _reference(errors, path.child("object", "describedObject"), described, rule)
        _SOURCES[present[0]](errors, path / present[0], metric[present[0]])
    expected = type[:1].lower() + type[1:] if type in _TYPES else ""
    if not expected:
        errors.append(not_supported(path / "type", type, _TYPES))
    elif expected not in present:
        errors.append(required(path / expected, _MISSING))
    if len(present) != 1:
        errors.extend(forbidden(path / key, _ONE_ONLY) for key in present if key != expected)


def _identifier(errors: Errors, path: Path, source: Obj) -> None:
    wanted = (source.get("metric") or {}).get("name", "")
    if not wanted:
        errors.append(required(path.child("metric", "name"), "must specify a metric name"))
    else:
        name(errors, path.child("metric", "name"), wanted, names.path_segment_name)


def _target(errors: Errors, path: Path, source: Obj) -> Obj:
    target: Obj = source.get("target") or {}
    path = path / "target"
    type = target.get("type", "")
    if not type:
        errors.append(required(path / "type", "must specify a metric target type"))
    if type not in _TARGETS:
        errors.append(invalid(path / "type", type, "must be either Utilization, Value, or AverageValue"))
    for key in ("value", "averageValue"):
        if key in target and quantity.parse(target[key]).sign() <= 0:
            errors.append(invalid(path / key, target[key], "must be positive"))
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        errors.append(invalid(path / "averageUtilization", utilization, "must be greater than 0"))
    return target


def _object(errors: Errors, path: Path, source: Obj) -> None:
    _identifier(errors, path, source)
    target = _target(errors, path, source)
    if "value" not in target and "averageValue" not in target:
        detail = "must set either a target value or averageValue"
        errors.append(required(path.child("target", "averageValue"), detail))


def _external(errors: Errors, path: Path, source: Obj) -> None:
    _identifier(errors, path, source)
    target = _target(errors, path, source)
    if "value" not in target and "averageValue" not in target:
        detail = "must set either a target value for metric or a per-pod target"
        errors.append(required(path.child("target", "averageValue"), detail))
    if "value" in target and "averageValue" in target:
        detail = "may not set both a target value for metric and a per-pod target"
        errors.append(forbidden(path.child("target", "value"), detail))


def _pods(errors: Errors, path: Path, source: Obj) -> None:
    _identifier(errors, path, source)
    if "averageValue" not in _target(errors, path, source):
        detail = "must specify a positive target averageValue"
        errors.append(required(path.child("target", "averageValue"), detail))


def _resource(errors: Errors, path: Path, source: Obj) -> None:
    if not source.get("name"):
        errors.append(required(path / "name", "must specify a resource name"))
    _resource_target(errors, path, source)


def _container_resource(errors: Errors, path: Path, source: Obj) -> None:
    if not source.get("name"):
        errors.append(required(path / "name", "must specify a resource name"))
    else:
        name(errors, path / "name", source["name"], container_resource_name)
    if not source.get("container"):
        errors.append(required(path / "container", "must specify a container"))
    else:
        name(errors, path / "container", source["container"], names.dns1123_label)
    _resource_target(errors, path, source)


def _resource_target(errors: Errors, path: Path, source: Obj) -> None:
    target = _target(errors, path, source)
    if "averageUtilization" not in target and "averageValue" not in target:
        detail = "must set either a target raw value or a target utilization"
        errors.append(required(path.child("target", "averageUtilization"), detail))
    if "averageUtilization" in target and "averageValue" in target:
        detail = "may not set both a target raw value and a target utilization"
        errors.append(forbidden(path.child("target", "averageValue"), detail))


_SOURCES: dict[str, Callable[[Errors, Path, Obj], None]] = {
    "object": _object,
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}


# ------------------------------------------------------------------------------------------------ behavior


def _rules(errors: Errors, path: Path, rules: Obj) -> None:
    window = rules.get("stabilizationWindowSeconds")
    if window is not None and window < 0:
        errors.append(invalid(path / "stabilizationWindowSeconds", window, "must be greater than or equal to zero"))
    if window is not None and window > _LONGEST_WINDOW:
        detail = f"must be less than or equal to {_LONGEST_WINDOW}"
        errors.append(invalid(path / "stabilizationWindowSeconds", window, detail))
    select = rules.get("selectPolicy")
    if select is not None and select not in _SELECT:
        errors.append(not_supported(path / "selectPolicy", select, _SELECT))
    _scaling_policies(errors, path / "policies", rules.get("policies") or ())
    if rules.get("tolerance") is not None:
        nonnegative_quantity(errors, path / "tolerance", rules["tolerance"])


def _scaling_policies(errors: Errors, path: Path, policies: Sequence[Obj]) -> None:
    if not policies:
        errors.append(required(path, "must specify at least one Policy"))
    for index, policy in enumerate(policies):
        at = path[index]
        if policy.get("type", "") not in _POLICIES:
            errors.append(not_supported(at / "type", policy.get("type", ""), _POLICIES))
        for key in ("value", "periodSeconds"):
            if policy.get(key, 0) <= 0:
                errors.append(invalid(at / key, policy.get(key, 0), NOT_POSITIVE))
        period = policy.get("periodSeconds", 0)
        if period > _LONGEST_PERIOD:
            errors.append(invalid(at / "periodSeconds", period, f"must be less than or equal to {_LONGEST_PERIOD}"))
