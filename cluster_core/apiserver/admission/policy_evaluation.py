"""What CEL expressions of policies see, and what comes of them.

Models apiserver/pkg/admission/plugin/cel: object, oldObject, request, params, namespaceObject, variables, authorizer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from cluster_core.apiserver import reviews
from cluster_core.apiserver.admission.chain import Attributes
from cluster_core.apiserver.admission.policy_matching import namespace_of
from cluster_core.apiserver.authorization import Action
from cluster_core.apiserver.request import User
from cluster_core.machinery import cel, cel_functions, cel_structs, selectors
from cluster_core.machinery.typed import Obj

_NAMES = ("namespaceObject", "object", "oldObject", "request", "variables")
_VARIABLE = re.compile(r"\bvariables\.(\w+)")


def variables_of(*, params: bool, authorizer: bool, only: tuple[str, ...] = _NAMES) -> cel.Variables:
    """What an expression may name."""
    names = [*only, *(["params"] if params else []), *(["authorizer"] if authorizer else [])]
    return tuple((name, "dyn") for name in sorted(names))


class ConfigurationError(Exception):
    """The policy or its binding does not fit the cluster; its failure policy decides."""


class Settings(NamedTuple):
    """What one policy brings along for its expressions."""

    spec: Mapping[str, Any]
    has_params: bool

    @property
    def names(self) -> cel.Variables:
        return variables_of(params=self.has_params, authorizer=True)

    @property
    def ignores_failures(self) -> bool:
        return bool(self.spec.get("failurePolicy", "Fail") == "Ignore")


class Evaluation:
    """The expressions of one policy about one request with one parameter object."""

    def __init__(self, attributes: Attributes, settings: Settings, params: Obj | None) -> None:
        self._attributes = attributes
        self._settings = settings
        self._broken: dict[str, str] = {}
        self.values: dict[str, Any] = {
            "object": attributes.obj,
            "oldObject": attributes.old,
            "request": request_of(attributes),
            "namespaceObject": namespace_of(attributes),
            "authorizer": _authorizer(attributes),
            "variables": {},
        }
        if settings.has_params:
            self.values["params"] = params
        self._check = cel_functions.check_with(lambda mark, verb: _decide(attributes, mark, verb))

    def compute_variables(self) -> None:
        """Every variable that has a value; the others fail those who use them."""
        for variable in self._settings.spec.get("variables") or ():
            name = variable["name"]
            try:
                self.values["variables"] = {**self.values["variables"], name: self.value(variable["expression"])}
            except cel.CelError as error:
                self._broken[name] = f'composited variable "{name}" fails to evaluate: {error}'

    def value(self, expression: str) -> Any:
        """The expression's value. Raises CelError."""
        program = cel.program(cel_structs.as_maps(expression), self._settings.names)
        try:
            return program.evaluate(self.values, (self._check,))
        except cel.CelError as error:
            for name in _VARIABLE.findall(expression):
                if name in self._broken:
                    raise cel.CelError(self._broken[name]) from None
            raise cel.CelError(f"expression '{expression}' resulted in error: {error}") from None

    def applies(self) -> bool:
        """Whether all match conditions hold. Raises CelError when one has no value and none is false."""
        failed: list[str] = []
        for condition in self._settings.spec.get("matchConditions") or ():
            try:
                if self.value(condition["expression"]) is False:
                    return False
            except cel.CelError as error:
                failed.append(str(error))
        if failed:
            raise cel.CelError(failed[0] if len(failed) == 1 else f"[{', '.join(failed)}]")
        return True


def request_of(attributes: Attributes) -> dict[str, Any]:
    """The AdmissionRequest as expressions see it."""
    context = attributes.context
    group, version = context.served.group, context.served.version
    kind = {"group": group, "version": version, "kind": attributes.kind.name}
    resource = {"group": group, "version": version, "resource": attributes.kind.plural}
    return {
        "kind": kind,
        "resource": resource,
        "subResource": attributes.subresource,
        "requestKind": kind,
        "requestResource": resource,
        "requestSubResource": attributes.subresource,
        "name": attributes.name,
        "namespace": attributes.namespace,
        "operation": attributes.operation,
        "userInfo": reviews.user_info(context.user),
        "dryRun": context.dry_run,
        "options": {},
    }


def _authorizer(attributes: Attributes) -> dict[str, Any]:
    kind = attributes.kind
    mark: dict[str, Any] = {"$authorizer": True}
    place = {"group": kind.group, "resource": kind.plural, "subresource": attributes.subresource}
    return {**mark, "requestResource": {**mark, **place, "namespace": attributes.namespace, "name": attributes.name}}


def _decide(attributes: Attributes, mark: Mapping[str, Any], verb: str) -> tuple[bool, str]:
    user = attributes.context.user
    if "user" in mark:
        space = mark["account"]
        user = User(mark["user"], ("system:serviceaccounts", f"system:serviceaccounts:{space}", "system:authenticated"))
    keys = ("group", "resource", "subresource", "namespace", "name", "path")
    action = Action(verb, **{key: str(mark.get(key, "")) for key in keys})
    return attributes.context.server.authorizer.decide(user, action)


# ------------------------------------------------------------------------------------------------ parameters


def parameters(attributes: Attributes, spec: Mapping[str, Any], binding: Mapping[str, Any]) -> list[Obj | None]:
    """The parameter objects of a binding; [None] for a policy without. Raises ConfigurationError."""
    wanted, reference = spec.get("paramKind"), binding["spec"].get("paramRef")
    if not wanted or not reference:
        return [None]
    server = attributes.context.server
    group, _, _ = wanted["apiVersion"].rpartition("/")
    kind = server.kinds.find(wanted["kind"], group)
    if kind is None:
        raise ConfigurationError(
            f"failed to configure policy: failed to find resource referenced by paramKind: '{_gvk(wanted)}'"
        )
    namespace = reference.get("namespace") or (attributes.namespace if kind.namespaced else "")
    if kind.namespaced and not namespace:
        raise _misbound("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
    if reference.get("namespace") and not kind.namespaced:
        raise _misbound("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
    if reference.get("name"):
        one = server.storage.get(kind, namespace, reference["name"])
        found: Iterable[Obj] = [one] if one is not None else []
    else:
        found = _selected(server.storage.list(kind, namespace or None), reference.get("selector") or {})
    result: list[Obj | None] = list(found)
    if not result and reference.get("parameterNotFoundAction", "Deny") == "Deny":
        raise _misbound("no params found for policy binding with `Deny` parameterNotFoundAction")
    return result


def _selected(objects: Iterable[Obj], selector: Mapping[str, Any]) -> Iterator[Obj]:
    match = selectors.compile(selector)
    return (obj for obj in objects if match(obj["metadata"].get("labels") or {}))


def _gvk(wanted: Mapping[str, Any]) -> str:
    return f"{wanted['apiVersion']}, Kind={wanted['kind']}"


def _misbound(text: str) -> ConfigurationError:
    return ConfigurationError(f"failed to configure binding: {text}")
