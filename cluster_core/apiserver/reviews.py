"""Questions in the shape of objects: who am I, may he, whose token is this. Models pkg/registry/{authentication,
authorization}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.apiserver.authorization import Action
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.request import User
from cluster_core.machinery import errors, field
from cluster_core.machinery.typed import Obj

_AUTHORIZATION = "authorization.k8s.io"
_SPEC = field.Path("spec")
_EMPTY_METADATA = frozenset({"managedFields", "creationTimestamp"})


def user_info(user: User) -> Obj:
    """The user as authentication.k8s.io/v1 UserInfo."""
    info: dict[str, Any] = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        info["uid"] = user.uid
    if user.extra:
        info["extra"] = {key: list(values) for key, values in sorted(user.extra.items())}
    return info


def self_subject(context: Context, review: Obj) -> Obj:
    head = {"kind": review["kind"], "apiVersion": review["apiVersion"]}
    metadata = {"creationTimestamp": context.server.world.clock.timestamp()}
    return {**head, "metadata": metadata, "status": {"userInfo": user_info(context.user)}}


def token(context: Context, review: Obj) -> Obj:
    spec = review.get("spec") or {}
    if not spec.get("token"):
        raise errors.bad_request("token is required for TokenReview in authentication")
    tokens = context.server.tokens
    audiences = list(spec.get("audiences") or tokens.audiences)
    user = tokens.user_of(spec["token"], audiences)
    if user is None:
        return _answered(context, review, {"user": {}, "error": "invalid bearer token"})
    claims = tokens.claims(spec["token"]) or {}
    common = [audience for audience in audiences if audience in claims.get("aud", audiences)]
    return _answered(context, review, {"authenticated": True, "user": user_info(user), "audiences": common})


def _answered(context: Context, review: Obj, status: Obj) -> Obj:
    review = {**review, "metadata": review.get("metadata") or {}, "spec": review.get("spec") or {}}
    return {**context.server.fields.created(context, review), "status": status}


# ------------------------------------------------------------------------------------------------ access


def subject_access(context: Context, review: Obj) -> Obj:
    spec = review.get("spec") or {}
    _refuse(context, [*_attribute_problems(spec), *_user_problems(spec), *_metadata_problems(review)])
    return _reviewed(context, review, _named_user(spec))


def local_subject_access(context: Context, review: Obj) -> Obj:
    spec = review.get("spec") or {}
    metadata = {"namespace": context.namespace, **(review.get("metadata") or {})}
    review = {**review, "metadata": metadata}
    problems = [*_attribute_problems(spec), *_user_problems(spec), *_local_problems(review, spec)]
    _refuse(context, problems)
    return _reviewed(context, review, _named_user(spec))


def self_subject_access(context: Context, review: Obj) -> Obj:
    _refuse(context, [*_attribute_problems(review.get("spec") or {}), *_metadata_problems(review)])
    return _reviewed(context, review, context.user)


def _refuse(context: Context, problems: list[Any]) -> None:
    if problems:
        raise errors.invalid(_AUTHORIZATION, "", "", problems)


def _attribute_problems(spec: Obj) -> list[Any]:
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and other is not None:
        detail = "cannot be specified in combination with resourceAttributes"
        return [field.invalid(_SPEC.child("nonResourceAttributes"), _as_go(other), detail)]
    if resource is None and other is None:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [field.invalid(_SPEC.child("resourceAttributes"), None, detail)]
    return []


def _as_go(attributes: Obj) -> Obj:
    return {"Path": attributes.get("path", ""), "Verb": attributes.get("verb", "")}


def _user_problems(spec: Obj) -> list[Any]:
    if spec.get("user") or spec.get("groups"):
        return []
    return [field.invalid(_SPEC.child("user"), spec.get("user", ""), "at least one of user or group must be specified")]


def _metadata_problems(
    review: Obj, allowed: frozenset[str] = _EMPTY_METADATA, text: str = "must be empty"
) -> list[Any]:
    metadata = review.get("metadata") or {}
    wrong = any(value for key, value in metadata.items() if key not in allowed)
    return [field.invalid(field.Path("metadata"), metadata, text)] if wrong else []


def _local_problems(review: Obj, spec: Obj) -> list[Any]:
    problems = _metadata_problems(review, _EMPTY_METADATA | {"namespace"}, "must be empty except for namespace")
    given = (spec.get("resourceAttributes") or {}).get("namespace", "")
    if spec.get("resourceAttributes") is not None and given != review["metadata"]["namespace"]:
        path = _SPEC.child("resourceAttributes", "namespace")
        problems.append(field.invalid(path, given, "must match metadata.namespace"))
    if spec.get("nonResourceAttributes") is not None:
        detail = "disallowed on this kind of request"
        problems.append(
            field.invalid(_SPEC.child("nonResourceAttributes"), _as_go(spec["nonResourceAttributes"]), detail)
        )
    return problems


def _named_user(spec: Obj) -> User:
    return User(spec.get("user", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""), spec.get("extra") or {})


def _action(spec: Mapping[str, Any]) -> Action:
    other = spec.get("nonResourceAttributes")
    if other is not None:
        return Action(other.get("verb", ""), path=other.get("path", ""))
    found = spec["resourceAttributes"]
    names = ("verb", "group", "resource", "subresource", "namespace", "name")
    return Action(**{name: found.get(name, "") for name in names})


def _reviewed(context: Context, review: Obj, user: User) -> Obj:
    answer = context.server.authorizer.decide(user, _action(review["spec"]))
    status: dict[str, Any] = {"allowed": answer.allowed}
    if answer.reason:
        status["reason"] = answer.reason
    return _answered(context, review, status)


# ------------------------------------------------------------------------------------------------ rules


def self_subject_rules(context: Context, review: Obj) -> Obj:
    namespace = (review.get("spec") or {}).get("namespace", "")
    if not namespace:
        raise errors.bad_request("no namespace on request")
    missing: list[str] = []
    rules = [rule for rule, _ in context.server.authorizer.rbac.rules(context.user, namespace, missing)]
    resources = [_rule(rule, ("apiGroups", "resources", "resourceNames")) for rule in rules if rule.get("resources")]
    paths = [_rule(rule, ("nonResourceURLs",)) for rule in rules if rule.get("nonResourceURLs")]
    status: dict[str, Any] = {"resourceRules": resources, "nonResourceRules": paths, "incomplete": bool(missing)}
    if missing:
        status["evaluationError"] = ", ".join(dict.fromkeys(missing))
    head = {"kind": review["kind"], "apiVersion": review["apiVersion"]}
    return {**head, "metadata": {}, "spec": {}, "status": status}


def _rule(rule: Obj, members: tuple[str, ...]) -> Obj:
    return {"verbs": rule["verbs"], **{name: rule[name] for name in members if rule.get(name)}}
