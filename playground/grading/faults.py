"""What may be made happen to a cluster: the commands of the simulation that exercises, lessons and teachers may use, and
their arguments. What is misspelt is refused, not ignored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

_NODE = ("node", "name")
ARGUMENTS: Mapping[str, Collection[str] | None] = {
    "add-node": ("name", "count", "cpu", "memory", "pods", "labels", "taints", "zone", "joined"),
    "delete-node": _NODE,
    "kill-node": _NODE,
    "poweroff": _NODE,
    "revive-node": _NODE,
    "cordon": _NODE,
    "uncordon": _NODE,
    "drain-node": _NODE,
    "node-load": (*_NODE, "memory", "storage", "pids"),
    "stop-component": ("component", "node"),
    "start-component": ("component", "node"),
    "set-timings": None,
    "set-images": ("acceptAnyImage",),
}
"""Command -> the names of its arguments; None: it checks them itself."""
COMMANDS = sorted(ARGUMENTS)


def problem(command: str, args: Mapping[str, Any]) -> tuple[str, str]:
    """("command" or "args", what is wrong there); ("", "") when nothing is."""
    if command not in ARGUMENTS:
        return "command", f"must be one of {', '.join(COMMANDS)}"
    known = ARGUMENTS[command]
    unknown = next((name for name in args if known is not None and name not in known), None)
    return ("", "") if unknown is None else ("args", f'"{unknown}" is no argument of {command}; there are {", ".join(known or ())}')
