"""How commands end, as v1.Status on the error channel."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.machinery.typed import Obj

SUCCESS: Obj = {"metadata": {}, "status": "Success"}


def failure(message: str, code: int = 500) -> Obj:
    return {
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "InternalError",
        "details": {"causes": [{"message": message.removeprefix("Internal error occurred: ")}]},
        "code": code,
    }


def ended(argv: Sequence[str], code: int) -> Obj:
    """A command's exit code."""
    if not code:
        return SUCCESS
    why = f"error executing command [{' '.join(argv)}], exit code {code}"
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {why}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def not_there(name: str, identity: str) -> Obj:
    """What runc says of a program that the image has not got."""
    why = f"stat {name}: no such file or directory" if name.startswith("/") else "executable file not found in $PATH"
    start = f'failed to exec in container: failed to start exec "{identity}": OCI runtime exec failed: exec failed: '
    cause = f'{start}unable to start container process: exec: "{name}": {why}: unknown'
    return failure(f"Internal error occurred: error executing command in container: {cause}")
