"""CEL as Kubernetes speaks it: compiled once, evaluated often. The language itself is cel-expr-python.

Models apiserver/pkg/cel/environment: standard library, strings, optionals, bindings and Kubernetes' own functions
(cel_functions). Errors read as cel-go's do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from cluster_core.machinery import cel_functions

Variables = tuple[tuple[str, str], ...]
"""Names and types of what an expression may name, sorted: (("object", "dyn"), ("size", "int"))."""

_TYPES = {
    "dyn": cel.Type.DYN,
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "bytes": cel.Type.BYTES,
    "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "list": cel.Type.List(cel.Type.DYN),
    "timestamp": cel.Type.TIMESTAMP,
    "duration": cel.Type.DURATION,
}
_NAMES = ("strings", "optional", "bindings", "lists", "sets", "two-var-comprehensions")
LIBRARIES = "extensions:\n" + "".join(f"  - name: {name}\n" for name in _NAMES)


class CelError(Exception):
    """An expression that does not compile, or has no value."""


class Program:
    """A compiled expression. `type` is the type of its value as CEL names it: "bool", "string", "dyn"..."""

    __slots__ = ("_expression", "source", "type")

    def __init__(self, source: str, expression: Any) -> None:
        self.source = source
        self._expression = expression
        self.type = expression.return_type().name().lower()

    def evaluate(self, values: Mapping[str, Any], functions: Sequence[Any] = ()) -> Any:
        """Its value as plain Python; `functions` are implementations for this time only. Raises CelError when it has none."""
        if functions:
            result = self._expression.eval(data=values, functions=list(functions))
        else:
            result = self._expression.eval(data=values)
        if result.type() == cel.Type.ERROR:
            raise CelError(runtime_message(str(result.plain_value())))
        return result.plain_value()


@lru_cache(64)
def _environment(variables: Variables) -> Any:
    declared = {name: _TYPES[type] for name, type in variables}
    kubernetes = cel.CelExtension("kubernetes", cel_functions.declarations())
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(LIBRARIES), variables=declared, extensions=[kubernetes])


@lru_cache(4096)
def program(source: str, variables: Variables) -> Program:
    """The expression, compiled against these variables. Raises CelError with cel-go's text."""
    try:
        return Program(source, _environment(variables).compile(source))
    except RuntimeError as error:
        raise CelError(compile_message(str(error), source)) from None


_CODE = re.compile(r"^[A-Z_]+: ")


def compile_message(text: str, source: str) -> str:
    """The issues of a failed compilation, without the wrapping of the C++ library and in the words of cel-go."""
    plain = _CODE.sub("", text).removesuffix(" [INVALID_ARGUMENT]").rstrip()
    if not source:
        plain = plain.replace("<input>:1:1:", "<input>:1:0:", 1)  # cel-go's place of an end without a beginning
    plain = _SELECTED.sub(r"type '\1' does not support field selection", _QUALIFIED.sub(_first_name, plain))
    return _CALLED.sub(lambda issue: _as_member(issue, source), plain)


_QUALIFIED = re.compile(r"<input>:(\d+):(\d+): undeclared reference to '([\w.]+)\.\w+' (.*)\n( \| .*)\n \| \.*\^")
_SELECTED = re.compile(r"expression of type '(.*?)' cannot be the operand of a select operation")
_CALLED = re.compile(r"<input>:1:(\d+): found no matching overload for '(\w+)' applied to '\((.*?)(?:, (.*))?\)'")


def _first_name(issue: re.Match[str]) -> str:
    """cel-go blames the first part of an unknown a.b.c, and points to it."""
    line, column, name, rest, snippet = issue.groups()
    start = int(column) - len(name)
    first = name.partition(".")[0]
    marker = "." * (start - 1)
    return f"<input>:{line}:{start}: undeclared reference to '{first}' {rest}\n{snippet}\n | {marker}^"


def _as_member(issue: re.Match[str], source: str) -> str:
    """Calls of members are written "string.(int)"."""
    column, name, target, arguments = issue.groups()
    if not source[: int(column) - 1].rstrip().endswith(f".{name}"):
        return issue.group()
    return f"<input>:1:{column}: found no matching overload for '{name}' applied to '{target}.({arguments or ''})'"


_RUNTIME = (
    (re.compile(r'^Key not found in map : "?(.*?)"?$'), r"no such key: \1"),
    (re.compile(r"^Index error: index=(-?\d+) size=\d+$"), r"index out of bounds: \1"),
    (re.compile(r"^divide by zero$"), "division by zero"),
    (re.compile(r"^cannot convert (\w+) to (\w+)$"), r"type conversion error from '\1' to '\2'"),
    (re.compile(r"^(No matching overloads found|Applying SELECT to non-message type).*$"), "no such overload"),
)


def runtime_message(text: str) -> str:
    """What cel-go says where the C++ runtime says `text`."""
    plain = _CODE.sub("", text)
    for pattern, replacement in _RUNTIME:
        if pattern.match(plain):
            return pattern.sub(replacement, plain)
    return plain
