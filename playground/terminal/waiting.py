"""Commands of a shell that mostly wait: `sleep` and `watch`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

Command = Callable[[Any], Awaitable[int]]
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)([smhd]?)")
WATCH = r"""
watch() {
  local seconds=2.0 shown
  while [ $# -gt 0 ]; do
    case "$1" in
      -n|--interval) seconds=$2; shift 2;;
      -n*) seconds=${1#-n}; shift;;
      --interval=*) seconds=${1#*=}; shift;;
      -*) shift;;
      *) break;;
    esac
  done
  if [ $# -eq 0 ]; then echo "Usage: watch [options] command" >&2; return 1; fi
  while true; do
    shown=$({ eval "$*"; } 2>&1)
    printf '\033[H\033[2J\033[3JEvery %ss: %s\n\n%s\n' "$seconds" "$*" "$shown"
    sleep "$seconds" || return 1
  done
}
"""
"""`watch`, for bash to know: what it watches may be anything that bash understands."""


async def sleep(context: Any) -> int:
    found = [_DURATION.fullmatch(word) for word in context.argv]
    wrong = next((word for word, match in zip(context.argv, found, strict=True) if match is None), None)
    if wrong is not None or not found:
        text = "missing operand" if wrong is None else f"invalid time interval '{wrong}'"
        await context.stderr.write(f"sleep: {text}\n".encode())
        return 1
    await asyncio.sleep(sum(float(match[1]) * _UNITS[match[2]] for match in found if match is not None))
    return 0
