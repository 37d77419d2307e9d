"""Node labels that are on their way out, and the warnings about them. Models pkg/api/node/util.go."""

from __future__ import annotations

from collections.abc import Iterator

from cluster_core.machinery import names
from cluster_core.machinery.field import Path
from cluster_core.machinery.typed import Obj

_DEPRECATED = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}


def deprecated(key: str) -> str:
    """What to say about a label, "" for one that is fine."""
    return _DEPRECATED.get(key, "")


def term_warnings(path: Path, term: Obj, *, values: bool = False) -> Iterator[str]:
    """A NodeSelectorTerm; `values` also looks at what preferred terms do not validate."""
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        at, key = (path / "matchExpressions")[index], expression.get("key", "")
        if deprecated(key):
            yield f"{at / 'key'}: {key} is {deprecated(key)}"
        for position, value in enumerate(expression.get("values") or ()) if values else ():
            for message in names.label_value(value):
                yield f"{(at / 'values')[position]}: {value} is invalid, {message}"
