"""What a solution does on machines: commands of theirs, files written or edited. Pure: on clusters in this process."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from cluster_core.simulation.cluster import Cluster
from playground.grading.ground import SetupFailed


class MachineFailed(SetupFailed):
    """A command on a machine ended with an error, or a file is not as a solution takes it to be."""


def do(cluster: Cluster, what: Mapping[str, Any]) -> None:
    """{"node", and "run" or "path" with "text" or with "old" and "new"}. Raises MachineFailed and what commands raise."""
    node = what["node"]
    if "run" in what:
        _run(cluster, node, what["run"])
    elif "text" in what:
        _write(cluster, node, {what["path"]: what["text"]})
    else:
        text = cluster.command("machine-files", {"node": node})["files"].get(what["path"], "")
        if what["old"] not in text:
            raise MachineFailed(f'{what["path"]} on {node} does not contain "{what["old"]}"')
        _write(cluster, node, {what["path"]: text.replace(what["old"], what["new"])})


def _run(cluster: Cluster, node: str, line: str) -> None:
    ran = cluster.command("machine-run", {"node": node, "argv": shlex.split(line)})
    if ran["code"]:
        raise MachineFailed(f"{line}: {ran['err'] or ran['out']}")
    if ran["files"]:
        _write(cluster, node, {path: data.decode() for path, data in ran["files"].items()})


def _write(cluster: Cluster, node: str, changes: Mapping[str, str]) -> None:
    cluster.command("machine-write", {"node": node, "changes": dict(changes)})


def line(what: Mapping[str, Any]) -> str:
    """The same as one types it into a terminal there."""
    if "run" in what:
        return str(what["run"])
    if "text" in what:
        return f"cat > {what['path']} <<'END'\n{what['text'].strip()}\nEND"
    old, new = what["old"].replace("\n", "$"), what["new"].rstrip("\n")  # sed works line by line
    replace = shlex.quote(f"s,{old},{new},")
    return f"sed -i {replace} {what['path']}"
