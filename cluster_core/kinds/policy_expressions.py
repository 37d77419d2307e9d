"""Expressions of policies before they are stored: whether they compile and what they evaluate to.

Models apiserver/pkg/admission/plugin/cel/compile.go.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from cluster_core.machinery import cel, cel_structs, field
from cluster_core.machinery.field import Errors, Path

_VARIABLE = re.compile(r"\bvariables\.(\w+)")
_NAMES = ("namespaceObject", "object", "oldObject", "request")


def expression_problems(
    path: Path,
    expression: str,
    types: Collection[str],
    *,
    params: bool = False,
    authorizer: bool = True,
    variables: Collection[str] | None = None,
) -> Errors:
    """What is wrong with the expression; `types` are those its value may have, `variables` those computed before it (None:
    the policy has none)."""
    names = [*_NAMES, *(["params"] if params else []), *(["authorizer"] if authorizer else [])]
    if variables is not None:
        names.append("variables")
        unknown = _unknown_variables(expression, variables)
        if unknown:
            return [field.invalid(path, expression, f"compilation failed: {unknown}")]
    try:
        program = cel.program(cel_structs.as_maps(expression), tuple((name, "dyn") for name in sorted(names)))
    except cel.CelError as error:
        return [field.invalid(path, expression, f"compilation failed: {error}")]
    if not types or _fits(program.type, expression, types) or (program.type == "dyn" and _VARIABLE.search(expression)):
        return []
    wanted = next(iter(types)) if len(types) == 1 else f"one of [{' '.join(types)}]"
    return [field.invalid(path, expression, f"must evaluate to {wanted} but got {_as_go(program.type)}")]


_MADE = {"Object": ("map<", "Object{"), "list(JSONPatch)": ("list<map<", "JSONPatch{")}
"""What mutations make are maps to the library: how their type begins, and what an expression of it holds."""


def _fits(type: str, expression: str, types: Collection[str]) -> bool:
    made = (_MADE[wanted] for wanted in types if wanted in _MADE)
    return type in types or any(type.startswith(begin) and holds in expression for begin, holds in made)


def _as_go(type: str) -> str:
    return type.replace("<", "(").replace(">", ")")


def _unknown_variables(expression: str, variables: Collection[str]) -> str:
    """cel-go's issues about the variables that are not there."""
    issues = []
    for found in _VARIABLE.finditer(expression):
        if found[1] not in variables and "\n" not in expression:
            dot = found.start() + len("variables")
            marker = "." * dot
            issues.append(f"ERROR: <input>:1:{dot + 1}: undefined field '{found[1]}'\n | {expression}\n | {marker}^")
    return "\n".join(issues)
