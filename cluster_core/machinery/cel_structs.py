"""`Object{spec: Object.spec{replicas: 1}}` and `JSONPatch{op: "add", ...}` as plain maps.

Models apiserver/pkg/cel/mutation: there these are types of their own, here the C++ runtime knows none of ours, so that the
expression is rewritten before it is compiled. Strings are left alone.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TOKENS = re.compile(
    r"""(?P<text>[rRbB]{0,2}(?:\"\"\"(?s:.*?)\"\"\"|'''(?s:.*?)'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))"""
    r"""|(?P<head>\b(?:Object(?:\.\w+)*|JSONPatch)\s*\{)"""
    r"""|(?P<open>[\[({])|(?P<close>[\])}])"""
    r"""|(?P<field>\??\b[A-Za-z_]\w*\s*:(?!:))"""
    r"""|(?P<other>(?s:.))"""
)


@lru_cache(1024)
def as_maps(expression: str) -> str:
    """The expression with its structs as maps: {"replicas": 1}."""
    if "Object" not in expression and "JSONPatch" not in expression:
        return expression
    parts: list[str] = []
    inside: list[bool] = []
    for match in _TOKENS.finditer(expression):
        parts.append(_rewritten(match, inside))
    return "".join(parts).replace("jsonpatch.escapeKey(", "jsonpatchEscapeKey(")


def _rewritten(match: re.Match[str], inside: list[bool]) -> str:
    """The token's new text; `inside` tells for every open bracket whether it is a struct's."""
    kind, text = match.lastgroup, match.group()
    if kind == "head":
        inside.append(True)
        return "{"
    if kind == "open":
        inside.append(False)
    elif kind == "close" and inside:
        inside.pop()
    elif kind == "field" and inside and inside[-1]:
        name = text[:-1].strip()
        return f'?"{name[1:]}":' if name.startswith("?") else f'"{name}":'
    return text
