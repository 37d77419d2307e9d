"""cel: an expression over the cluster. Objects are in lists named by the kinds' plurals (pods, deployments...);
`elapsed` is the virtual time since the cluster began, in seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from cluster_core.apiserver.kind import Kind
from cluster_core.machinery.cel import CelError, Program, Variables, program
from cluster_core.simulation import assembly
from playground.grading.saying import Said

from .base import CheckKind, Finding, Problems, Spec, View, failed, passed

_WORD = re.compile(r"(?<![.\w])[a-z]\w*")


@lru_cache(1)
def _plurals() -> Mapping[str, Kind]:
    """The stored kinds by plural; of equal plurals the first."""
    found: dict[str, Kind] = {}
    for kind in assembly.kinds():
        if kind.stored:
            found.setdefault(kind.plural, kind)
    return found


def source_of(spec: Spec) -> str:
    return str(spec if isinstance(spec, str) else spec["expression"])


@lru_cache(1024)
def _named(source: str) -> tuple[str, ...]:
    return tuple(sorted({word for word in _WORD.findall(source) if word in _plurals()}))


def _compiled(source: str) -> Program:
    variables: Variables = tuple(sorted([("elapsed", "double"), *((name, "list") for name in _named(source))]))
    return program(source, variables)


def evaluate(spec: Spec, view: View) -> Finding:
    source = source_of(spec)
    lists = {name: view.objects({"kind": _plurals()[name].name, "namespace": "*"}) for name in _named(source)}
    try:
        value = _compiled(source).evaluate({"elapsed": view.seconds, **lists})
    except CelError as error:
        return failed(Said("the expression has no value: %(why)s", why=str(error)), expression=source)
    if value is True:
        return passed(Said("the expression is true"), expression=source)
    told = spec.get("message", "") if isinstance(spec, Mapping) else ""
    plain = Said("the expression is %(value)s: %(source)s", value=str(value).lower(), source=" ".join(source.split()))
    return failed(told or plain, expression=source)


def kinds(spec: Spec) -> frozenset[str] | None:
    source = source_of(spec)
    return None if "elapsed" in source else frozenset(_plurals()[name].name for name in _named(source))


def problems(spec: Spec) -> Problems:
    try:
        compiled = _compiled(source_of(spec))
    except CelError as error:
        yield ["expression"] if isinstance(spec, Mapping) else [], f"does not compile: {error}"
        return
    if compiled.type not in ("bool", "dyn"):
        yield [], f"must be true or false, is {compiled.type}"


CHECK = CheckKind("cel", evaluate, kinds, problems)
