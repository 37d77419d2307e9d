"""How long a container that ends again and again has to wait. Models client-go/util/flowcontrol's Backoff as kubelet uses
it: 10 s doubling to 5 min, forgotten when the container has kept well for 10 min."""

from __future__ import annotations

from typing import Any

from cluster_core.kubelet import memory as remember
from cluster_core.kubelet import status as states
from cluster_core.kubelet.work import Work
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import duration_text, parse_time
from cluster_core.machinery.typed import Obj

FIRST, LAST = 10, 300


def restart_at(work: Work, container: Obj, status: Any) -> int:
    """When the ended container may start again. Later than now: it is put into CrashLoopBackOff until then."""
    name = container["name"]
    ended = (states.end_of(status) or {}).get("finishedAt")
    finished = parse_time(ended) if ended else work.now  # nobody knows when of one that could not be located
    known = work.memory.get("backoff", {}).get(name)
    if known is not None and work.now < finished + known[0] * SECOND:
        due = finished + known[0] * SECOND
        _wait(work, container, status, known[0], due)
        return int(due)
    remember.entry(work.memory, "backoff")[name] = [_next_delay(known, finished), work.now]
    _count(work, container, status)
    return work.now


def _next_delay(known: Any, finished: int) -> int:
    if known is None or finished - known[1] > 2 * LAST * SECOND:
        return FIRST
    return int(min(known[0] * 2, LAST))


def _wait(work: Work, container: Obj, status: Any, delay: int, due: int) -> None:
    name = container["name"]
    message = f"back-off {duration_text(delay * SECOND)} restarting failed container={name} pod={work.full_name}"
    work.event("Warning", "BackOff", f"Back-off restarting failed container {name} in pod {work.full_name}", name)
    work.set(name, states.waiting(container, "CrashLoopBackOff", message, status))
    remember.entry(work.memory, "waits")[name] = due
    remember.entry(work.memory, "again")[name] = True


def _count(work: Work, container: Obj, status: Any) -> None:
    """One more restart."""
    name = container["name"]
    again = states.waiting(container, "ContainerCreating", "", status)
    work.set(name, {**again, "restartCount": status["restartCount"] + 1, "state": status["state"]})


def resume(work: Work, name: str) -> None:
    """The back-off of a crashing container is over: double it and count the restart."""
    if remember.drop(work.memory, "again", name) is None:
        return
    known = remember.entry(work.memory, "backoff").get(name)
    work.memory["backoff"][name] = [_next_delay(known, work.now), work.now]
    status = work.statuses[name]
    work.set(name, {**status, "restartCount": status["restartCount"] + 1})
