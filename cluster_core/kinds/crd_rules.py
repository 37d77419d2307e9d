"""Rules in CEL within the schema of a custom resource: whether they are complete, compile and have the right type.

Models the x-kubernetes-validations half of pkg/apis/apiextensions/validation of apiextensions-apiserver. What rules may
cost is not estimated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from cluster_core.apiserver.customresources.declared import Checker
from cluster_core.apiserver.customresources.rules import uses_old_self
from cluster_core.kinds.crd_internal import internal_rule
from cluster_core.machinery.cel import CelError
from cluster_core.machinery.field import Errors, Path, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_RULES = "x-kubernetes-validations"
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_NEWLINES = re.compile(r"[\n\r]+")


def rule_texts(errors: Errors, path: Path, schema: Obj) -> None:
    """What a rule says beside its expression."""
    for index, rule in enumerate(schema.get(_RULES) or ()):
        at = (path / _RULES)[index]
        _rule_and_message(errors, at, rule)
        if rule.get("messageExpression") and not rule["messageExpression"].strip():
            errors.append(required(at / "messageExpression", "messageExpression must be non-empty if specified"))
        if rule.get("reason") is not None and rule["reason"] not in _REASONS:
            errors.append(not_supported(at / "reason", rule["reason"], _REASONS))
        _field_path(errors, at / "fieldPath", rule.get("fieldPath", ""))


def _rule_and_message(errors: Errors, path: Path, rule: Obj) -> None:
    text, message = rule.get("rule", "").strip(), rule.get("message", "")
    if not text:
        errors.append(required(path / "rule", "rule is not specified"))
    elif message and not message.strip():
        errors.append(invalid(path / "message", message, "must be non-empty if specified"))
    elif _NEWLINES.search(message.strip()):
        errors.append(invalid(path / "message", message, "must not contain line breaks"))
    elif _NEWLINES.search(text) and not message.strip():
        detail = "message must be specified if rule contains line breaks"
        errors.append(required(path / "message", detail))


def _field_path(errors: Errors, path: Path, text: str) -> None:
    if text and not text.strip():
        errors.append(invalid(path, text, "must be non-empty if specified"))
    if _NEWLINES.search(text):
        errors.append(invalid(path, text, "must not contain line breaks"))


# ------------------------------------------------------------------------------------------------ expressions


class Part(NamedTuple):
    """A part of the whole schema."""

    schema: Obj
    path: Path
    root: bool = False
    uncorrelatable: Path | None = None
    """The list or map within which an old value cannot be found for a new one."""


def compiled_rules(errors: Errors, part: Part) -> None:
    """Every rule of the schema and of what is in it."""
    rules = part.schema.get(_RULES) or ()
    checker = Checker(part.schema, part.root) if rules else None
    for index, rule in enumerate(rules):
        assert checker is not None
        _compile(errors, (part.path / _RULES)[index], rule, (checker, part))
    for inner in _inner(part):
        compiled_rules(errors, inner)


def _inner(part: Part) -> list[Part]:
    schema, path, known = part.schema, part.path, part.uncorrelatable
    found = []
    if isinstance(schema.get("additionalProperties"), Mapping):
        found.append(Part(schema["additionalProperties"], path / "additionalProperties", False, known))
    atomic = schema.get("x-kubernetes-map-type") == "atomic"
    for key, one in (schema.get("properties") or {}).items():
        found.append(Part(one, (path / "properties")[key], False, known or (path if atomic else None)))
    if isinstance(schema.get("items"), Mapping):
        by_key = schema.get("x-kubernetes-list-type") == "map"
        found.append(Part(schema["items"], path / "items", False, known or (None if by_key else path)))
    return found


def _compile(errors: Errors, path: Path, rule: Obj, about: tuple[Checker, Part]) -> None:
    checker, part = about
    optional = bool(rule.get("optionalOldSelf"))
    problem = _problem(checker, rule["rule"], optional, ("bool", "cel expression must evaluate to a bool"))
    if problem:
        errors.append(invalid(path / "rule", internal_rule(rule), problem))
    message = rule.get("messageExpression", "")
    wanted = ("string", "messageExpression must evaluate to a string")
    problem = _problem(checker, message, optional, wanted) if message.strip() else ""
    if problem:
        text = f"messageExpression {problem}" if problem.startswith("compilation") else problem
        errors.append(invalid(path / "messageExpression", internal_rule(rule), text))
    if uses_old_self(rule):
        if part.uncorrelatable is not None:
            detail = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {part.uncorrelatable}"
            errors.append(invalid(path / "rule", rule["rule"], detail))
    elif rule.get("optionalOldSelf") is not None:
        detail = "may not be set if oldSelf is not used in rule"
        errors.append(invalid(path / "optionalOldSelf", rule["optionalOldSelf"], detail))


def _problem(checker: Checker, text: str, optional: bool, wanted: tuple[str, str]) -> str:
    try:
        found = checker.result_type(text, optional_old=optional)
    except CelError as error:
        return f"compilation failed: {error}"
    return "" if found == wanted[0] else wanted[1]
