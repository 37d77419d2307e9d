"""Defaults and columns of admission policies, their bindings and webhook configurations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_core.apiserver.kind import Column
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds import admission_rules
from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj

_UNSET = "<unset>"


def default_policy(policy: Obj) -> Obj:
    spec: dict[str, Any] = {"failurePolicy": "Fail", **(policy.get("spec") or {})}
    if spec.get("matchConstraints") is not None:
        spec["matchConstraints"] = admission_rules.default_criteria(spec["matchConstraints"])
    return {**policy, "spec": spec}


def default_binding(binding: Obj) -> Obj:
    spec = binding.get("spec") or {}
    if spec.get("matchResources") is None:
        return binding
    return {**binding, "spec": {**spec, "matchResources": admission_rules.default_criteria(spec["matchResources"])}}


def default_hooks(configuration: Obj) -> Obj:
    hooks = configuration.get("webhooks")
    if not hooks:
        return configuration
    return {**configuration, "webhooks": [admission_rules.default_hook(hook) for hook in hooks]}


def default_mutating_hooks(configuration: Obj) -> Obj:
    result = default_hooks(configuration)
    if not result.get("webhooks"):
        return result
    return {**result, "webhooks": [{"reinvocationPolicy": "Never", **hook} for hook in result["webhooks"]]}


def _param_kind(policy: Obj, now: int) -> str:
    kind = (policy.get("spec") or {}).get("paramKind")
    return f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else _UNSET


def _param_ref(binding: Obj, now: int) -> str:
    reference = (binding.get("spec") or {}).get("paramRef")
    if not reference:
        return _UNSET
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    return str(selectors.of_object(reference["selector"])) if reference.get("selector") is not None else _UNSET


def _count(key: str) -> Callable[[Obj, int], int]:
    return lambda policy, now: len((policy.get("spec") or {}).get(key) or ())


def policy_columns(name: str, key: str, described: str) -> tuple[Column, ...]:
    """`described` begins the description of the count."""
    counted = f"{described} rules defined in this configuration"
    about = "ParamKind specifies the kind of resources used to parameterize this policy"
    return (
        NAME,
        Column(name, _count(key), type="integer", description=counted),
        Column("ParamKind", _param_kind, description=about),
        AGE,
    )


BINDING_COLUMNS = (
    NAME,
    Column(
        "PolicyName",
        lambda binding, now: (binding.get("spec") or {}).get("policyName", ""),
        description="PolicyName indicates the policy definition which the policy binding binded to",
    ),
    Column(
        "ParamRef",
        _param_ref,
        description="ParamRef indicates the param resource which sets the configuration param",
    ),
    AGE,
)
HOOK_COLUMNS = (
    NAME,
    Column(
        "Webhooks",
        lambda configuration, now: len(configuration.get("webhooks") or ()),
        type="integer",
        description="Webhooks indicates the number of webhooks registered in this configuration",
    ),
    AGE,
)
