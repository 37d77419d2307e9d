"""file: a file on a machine is there, and holds this text. For what is done on machines and in no object."""

from __future__ import annotations

from cluster_core.simulation.commands import CommandError
from playground.grading.saying import Said

from .base import CheckKind, Finding, Spec, View, anything, failed, passed


def evaluate(spec: Spec, view: View) -> Finding:
    node, path = spec["node"], spec["path"]
    try:
        there = view.cluster.command("machine-files", {"node": node})["files"]
    except CommandError as error:
        return failed(str(error))
    if path not in there:
        return failed(Said("there is no %(path)s on %(node)s", path=path, node=node))
    if spec.get("contains", "") not in there[path]:
        return failed(Said('%(path)s on %(node)s does not contain "%(wanted)s"', path=path, node=node, wanted=spec["contains"]))
    return passed(Said("%(path)s is on %(node)s", path=path, node=node))


CHECK = CheckKind("file", evaluate, anything)
