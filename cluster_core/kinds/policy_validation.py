"""What admission policies and their bindings must be like. Models pkg/apis/admissionregistration/validation."""

from __future__ import annotations

import re

from cluster_core.kinds import admission_rules, checks
from cluster_core.kinds.policy_expressions import expression_problems
from cluster_core.machinery import field, names
from cluster_core.machinery.field import Errors, Path
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized")
_SUPPORTED_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_ACTIONS = ("Audit", "Deny", "Warn")
_BOTH = (
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and "
    "headers serves no purpose)"
)
_NOTHING = "validations or auditAnnotations must contain at least one item"
_IDENTIFIER = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*\Z")
_MOST_ANNOTATIONS = 20


def validating_policy(policy: Obj) -> Errors:
    errors, spec = _common(policy), policy.get("spec") or {}
    known = _variables(errors, spec)
    validations, annotations = spec.get("validations") or (), spec.get("auditAnnotations") or ()
    if not validations and not annotations:
        errors += [field.required(_SPEC / key, _NOTHING) for key in ("validations", "auditAnnotations")]
    params = spec.get("paramKind") is not None
    for number, validation in enumerate(validations):
        _validation(errors, (_SPEC / "validations").index(number), validation, params, known)
    if len(annotations) > _MOST_ANNOTATIONS:
        text = f"must not have more than {_MOST_ANNOTATIONS} auditAnnotations"
        errors.append(field.invalid(_SPEC / "auditAnnotations", annotations, text))
    _annotations(errors, policy, params, known)
    return errors


def _common(policy: Obj) -> Errors:
    """What validating and mutating policies share, up to their match conditions."""
    errors: Errors = []
    spec = policy.get("spec") or {}
    failure = spec.get("failurePolicy")
    if failure is not None and failure not in admission_rules.FAILURES:
        errors.append(field.not_supported(_SPEC / "failurePolicy", failure, admission_rules.FAILURES))
    if spec.get("paramKind") is not None:
        _param_kind(errors, _SPEC / "paramKind", spec["paramKind"])
    criteria = spec.get("matchConstraints")
    if criteria is None:
        errors.append(field.required(_SPEC / "matchConstraints"))
    else:
        admission_rules.criteria(errors, _SPEC / "matchConstraints", criteria)
        if not criteria.get("resourceRules"):
            errors.append(field.required(_SPEC / "matchConstraints" / "resourceRules"))
    params = spec.get("paramKind") is not None
    admission_rules.conditions(errors, _SPEC / "matchConditions", spec.get("matchConditions") or (), params=params)
    return errors


def _param_kind(errors: Errors, path: Path, kind: Obj) -> None:
    version, name = kind.get("apiVersion", ""), kind.get("kind", "")
    if not version:
        errors.append(field.required(path / "apiVersion"))
    elif version.count("/") > 1:
        errors.append(field.invalid(path / "apiVersion", version, f"unexpected GroupVersion string: {version}"))
    else:
        _group_version(errors, path / "apiVersion", version)
    if not name:
        errors.append(field.required(path / "kind"))
        return
    found = names.dns1035_label(name.lower())
    if found:
        text = f"may have mixed case, but should otherwise match: {','.join(found)}"
        errors.append(field.invalid(path / "kind", name, text))


def _group_version(errors: Errors, path: Path, text: str) -> None:
    group, _, version = text.rpartition("/")
    found = names.dns1123_subdomain(group) if group else []
    if found:
        errors.append(field.invalid(path, group, ",".join(found)))
    if not version:
        errors.append(field.invalid(path, text, "version must be specified"))
        return
    found = names.dns1035_label(version)
    if found:
        errors.append(field.invalid(path, version, ",".join(found)))


def _variables(errors: Errors, spec: Obj) -> list[str] | None:
    """The names of the variables, of those that do not compile too; None when the policy has none."""
    variables = spec.get("variables") or ()
    known: list[str] = []
    params = spec.get("paramKind") is not None
    for number, variable in enumerate(variables):
        path = (_SPEC / "variables").index(number)
        name, expression = variable.get("name", ""), variable.get("expression", "")
        if not name.strip():
            errors.append(field.required(path / "name", "name is not specified"))
        elif not _IDENTIFIER.match(name):
            errors.append(field.invalid(path / "name", name, "must be a valid CEL identifier"))
        if not expression.strip():
            errors.append(field.required(path / "expression", "expression is not specified"))
            continue
        errors += expression_problems(path / "expression", expression, (), params=params, variables=known)
        known.append(name)
    return known if variables else None


def _validation(errors: Errors, path: Path, found: Obj, params: bool, known: list[str] | None) -> None:
    expression, message = found.get("expression", ""), found.get("message", "")
    if not expression.strip():
        errors.append(field.required(path / "expression", "expression is not specified"))
    else:
        errors += expression_problems(path / "expression", expression, ("bool",), params=params, variables=known)
    _message_expression(errors, path / "messageExpression", found.get("messageExpression", ""), params, known)
    if message and not message.strip():
        errors.append(field.invalid(path / "message", message, "must be non-empty if specified"))
    elif re.search(r"[\n\r]", message.strip()):
        errors.append(field.invalid(path / "message", message, "must not contain line breaks"))
    reason = found.get("reason")
    if reason is not None and reason not in _REASONS:
        errors.append(field.not_supported(path / "reason", reason, _SUPPORTED_REASONS))


def _message_expression(errors: Errors, path: Path, expression: str, params: bool, known: list[str] | None) -> None:
    if expression and not expression.strip():
        errors.append(field.invalid(path, expression, "must be non-empty if specified"))
    elif expression:
        errors += expression_problems(path, expression, ("string",), params=params, authorizer=False, variables=known)


def _annotations(errors: Errors, policy: Obj, params: bool, known: list[str] | None) -> None:
    seen: set[str] = set()
    owner = policy["metadata"].get("name", "")
    for number, annotation in enumerate((policy.get("spec") or {}).get("auditAnnotations") or ()):
        path, key = (_SPEC / "auditAnnotations").index(number), annotation.get("key", "")
        if owner:
            qualified = f"{owner}/{key}"
            errors += field.invalid_each(path / "key", qualified, names.qualified_name(qualified))
        else:
            errors.append(field.invalid(path / "key", key, "requires metadata.name be non-empty"))
        expression = annotation.get("valueExpression", "").strip()
        if not expression:
            errors.append(field.required(path / "valueExpression", "valueExpression is not specified"))
        else:
            types = ("string", "null_type")
            errors += expression_problems(path / "valueExpression", expression, types, params=params, variables=known)
        if key in seen:
            errors.append(field.duplicate(path / "key", key))
        seen.add(key)


def mutating_policy(policy: Obj) -> Errors:
    errors, spec = _common(policy), policy.get("spec") or {}
    known = _variables(errors, spec)
    params, mutations = spec.get("paramKind") is not None, spec.get("mutations") or ()
    if not mutations:
        errors.append(field.required(_SPEC / "mutations", "mutations must contain at least one item"))
    for number, mutation in enumerate(mutations):
        _mutation(errors, (_SPEC / "mutations").index(number), mutation, params, known)
    checks.choice(errors, _SPEC / "reinvocationPolicy", spec.get("reinvocationPolicy"), ("IfNeeded", "Never"))
    return errors


def _mutation(errors: Errors, path: Path, mutation: Obj, params: bool, known: list[str] | None) -> None:
    kinds = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
    kind = mutation.get("patchType", "")
    if kind not in kinds:
        errors.append(
            field.not_supported(path / "patchType", kind, tuple(kinds)) if kind else field.required(path / "patchType")
        )
        return
    for other, key in kinds.items():
        if other != kind and mutation.get(key) is not None:
            text = f"must not be specified when patchType is {kind}"
            errors.append(field.invalid(path / key, mutation[key], text))
    where = path / kinds[kind]
    expression = (mutation.get(kinds[kind]) or {}).get("expression", "")
    if mutation.get(kinds[kind]) is None:
        errors.append(field.required(where, f"must be specified when patchType is {kind}"))
    elif not expression.strip():
        errors.append(field.required(where / "expression", "expression is not specified"))
    else:
        types = ("Object" if kind == "ApplyConfiguration" else "list(JSONPatch)",)
        errors += expression_problems(where / "expression", expression, types, params=params, variables=known)


# ------------------------------------------------------------------------------------------------ bindings


def mutating_binding(binding: Obj) -> Errors:
    errors: Errors = []
    spec = binding.get("spec") or {}
    name = spec.get("policyName", "")
    if not name:
        errors.append(field.required(_SPEC / "policyName"))
    else:
        errors += field.invalid_each(_SPEC / "policyName", name, names.dns1123_subdomain(name))
    _param_ref(errors, _SPEC / "paramRef", spec.get("paramRef"))
    admission_rules.criteria(errors, _SPEC / "matchResources", spec.get("matchResources"))
    return errors


def validating_binding(binding: Obj) -> Errors:
    errors = mutating_binding(binding)
    path, actions = _SPEC / "validationActions", (binding.get("spec") or {}).get("validationActions") or ()
    for number, action in enumerate(actions):
        if action not in _ACTIONS:
            errors.append(field.not_supported(path.index(number), action, _ACTIONS))
        if action in actions[:number]:
            errors.append(field.duplicate(path.index(number), action))
    if "Deny" in actions and "Warn" in actions:
        errors.append(field.invalid(path, actions, _BOTH))
    if not actions:
        errors.append(field.required(path, "at least one validation action is required"))
    return errors


def _param_ref(errors: Errors, path: Path, reference: Obj | None) -> None:
    if reference is None:
        return
    name, selector = reference.get("name", ""), reference.get("selector")
    exclusive = "name and selector are mutually exclusive"
    if name:
        errors += field.invalid_each(path / "name", name, names.path_segment_name(name))
        if selector is not None:
            errors.append(field.forbidden(path / "name", exclusive))
    if selector is not None:
        checks.label_selector(errors, path / "selector", selector)
        if name:
            errors.append(field.forbidden(path / "selector", exclusive))
    if not name and selector is None:
        errors.append(field.required(path, "one of name or selector must be specified"))
    _not_found_action(errors, path / "parameterNotFoundAction", reference.get("parameterNotFoundAction"))


def _not_found_action(errors: Errors, path: Path, action: str | None) -> None:
    if not action:
        errors.append(field.required(path))
    elif action not in ("Deny", "Allow"):
        errors.append(field.not_supported(path, action, ("Deny", "Allow")))
