"""The roles and bindings every cluster begins with, read from policy.txt. Models bootstrappolicy/policy.go and kubeadm.

A head line has kind, [namespace/]name and labels ("plain": made by kubeadm, without the API server's marks); below it
rules as "verbs : groups : resources [: names]" or "verbs on paths", what it aggregates, or its role and subjects.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

GROUP = "rbac.authorization.k8s.io"
_MARK = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_LABEL = {"kubernetes.io/bootstrapping": "rbac-defaults"}

Parsed = tuple[str, dict[str, Any]]


@lru_cache(1)
def policy() -> tuple[tuple[Parsed, bool], ...]:
    """((kind, object), made by kubeadm): shared by all clusters, never to be changed."""
    found: list[tuple[Parsed, bool]] = []
    for line in (Path(__file__).parent / "policy.txt").read_text().splitlines():
        if not line.startswith(" "):
            found.append(_head(line))
        else:
            kind, obj = found[-1][0]
            _add(kind, obj, line.strip())
    return tuple(found)


def _head(line: str) -> tuple[Parsed, bool]:
    kind, where, *marks = line.split(" ")
    namespace, _, name = where.rpartition("/")
    plain = "plain" in marks
    metadata: dict[str, Any] = {"name": name, **({"namespace": namespace} if namespace else {})}
    if not plain:
        metadata |= {"annotations": _MARK, "labels": {**_LABEL, **dict(mark.split("=") for mark in marks)}}
    obj: dict[str, Any] = {"metadata": metadata}
    if kind.endswith("Role"):
        obj["rules"] = []
    return (kind, obj), plain


def _add(kind: str, obj: dict[str, Any], line: str) -> None:
    word, _, rest = line.partition(" ")
    if kind.endswith("Binding"):
        _bind(obj, word, rest)
    elif word == "aggregate":
        key, _, value = rest.partition("=")
        selectors = obj.setdefault("aggregationRule", {}).setdefault("clusterRoleSelectors", [])
        selectors.append({"matchLabels": {key: value}})
    else:
        obj["rules"].append(_rule(line))


def _bind(obj: dict[str, Any], word: str, rest: str) -> None:
    kind, name = rest.split(" ")
    if word == "role":
        obj["roleRef"] = {"apiGroup": GROUP, "kind": kind, "name": name}
        return
    namespace, _, account = name.rpartition("/") if kind == "ServiceAccount" else ("", "", name)
    subject = {"kind": kind, "name": account}
    subject |= {"namespace": namespace} if kind == "ServiceAccount" else {"apiGroup": GROUP}
    obj.setdefault("subjects", []).append(subject)


def _rule(line: str) -> dict[str, Any]:
    if " : " not in line:
        verbs, _, paths = line.partition(" on ")
        return {"nonResourceURLs": paths.split(" "), "verbs": verbs.split(" ")}
    verbs, groups, resources, *names = line.split(" : ")
    rule: dict[str, Any] = {
        "verbs": verbs.split(" "),
        "apiGroups": ["" if group == "core" else group for group in groups.split(" ")],
        "resources": resources.split(" "),
    }
    if names:
        rule["resourceNames"] = names[0].split(" ")
    return rule
