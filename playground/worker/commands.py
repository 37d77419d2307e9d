"""Named commands: those to the owner of clusters (create, delete, clock...); all others go to the simulation."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from cluster_core.machinery.quantity import QuantityError, parse
from cluster_core.persistence.log import ClusterExists, Lease, Record, StaleEpoch, Stored, Write
from playground.engine.port import EngineError, NameTaken

from . import glance as glancing
from . import history as past
from .adopting import adopt
from .limiting import limit, top_speed
from .pace import MAX_SPEED, SECOND
from .resident import Goal, Resident
from .simulated import Simulated

if TYPE_CHECKING:
    from .host import Host

Answer = dict[str, Any]
Args = Mapping[str, Any]
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_FLAVOURS, _RUNTIMES = ("kubeadm", "manual"), ("containerd", "cri-o", "docker")
_MAX_NODES = 1000
_LATEST_START = 7_258_118_400
_MAX_ADVANCE_SECONDS = 366 * 86400.0
_SETTLE_SECONDS = 3600.0
_NEXT_SECONDS = 3600.0
_NOTICE_SECONDS = 60.0
"""A node's silence is noticed after 40 s to 50 s."""


async def run(host: Host, cluster: str, name: str, args: Args) -> Answer:
    """Raises EngineError."""
    if name in _MAKING:
        return await _MAKING[name](host, cluster, args)
    if name in _OF_MANY:
        return await _OF_MANY[name](host, args)
    resident = await host.resident(cluster)
    if name == "delete":
        return await delete(host, resident)
    with resident.in_use():
        resident.catch_up()
        if name in _OWN:
            return await _OWN[name](host, resident, args)
        answer = resident.engine.command(name, args)
        resident.memory_changed = resident.memory_changed or resident.engine.remembers(name, args)
        host.touched(resident)
        await host.durable(resident, resident.engine.revision)
        return answer


# ---------------------------------------------------------------------------------------------------- create, delete


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make, checked."""

    name: str
    nodes: int = 3
    cpu: str = "4"
    memory: str = "8Gi"
    seed: int = 0
    bare: bool = False
    flavour: str = "kubeadm"
    """How the control plane is set up: "kubeadm" or "manual"."""
    runtime: str = "containerd"
    accept_any_image: bool = False
    """Whether images that nobody knows can be pulled."""
    paused: bool = False
    start: int = 0
    """When its virtual time begins, seconds since the epoch; 0: now."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """What it may grow to: nodes, pods, and the speed of its clock."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise EngineError(
                "name: lower case letters, digits and '-', at most 63, beginning and ending with a letter or digit"
            )
        if not 0 <= self.nodes <= _MAX_NODES:
            raise EngineError(f"nodes: from 0 to {_MAX_NODES}")
        if not 0 <= self.seed < 2**63:
            raise EngineError("seed: from 0 to 2^63-1")
        if not 0 <= self.start < _LATEST_START:
            raise EngineError("start: from 1970 to 2200")
        for name, known in (("flavour", _FLAVOURS), ("runtime", _RUNTIMES)):
            if getattr(self, name) not in known:
                raise EngineError(f"{name}: one of {', '.join(known)}")
        for name in ("cpu", "memory"):
            _check_quantity(name, getattr(self, name))


def _check_quantity(field: str, text: str) -> None:
    try:
        amount = parse(text)
    except QuantityError as error:
        raise EngineError(f"{field}: {error}") from None
    if amount <= parse("0"):
        raise EngineError(f"{field}: must be more than 0")


async def create(host: Host, name: str, args: Args) -> Answer:
    """Make a cluster, durable and with its nodes; answers its name, token and seed."""
    try:
        wanted = Wanted(name=name, **args)
    except TypeError as error:
        raise EngineError(f"cannot create a cluster: {error}") from None
    now = time.time()
    seed = wanted.seed or secrets.randbelow(2**31 - 1) + 1
    spec = {
        "name": wanted.name,
        "nodes": wanted.nodes,
        "cpu": wanted.cpu,
        "memory": wanted.memory,
        "seed": seed,
        "bare": wanted.bare,
        "flavour": wanted.flavour,
        "runtime": wanted.runtime,
        "start": (wanted.start or int(now)) * SECOND,
        "options": {"accept-any-image": True} if wanted.accept_any_image else {},
        "limits": dict(wanted.limits),
    }
    engine = host.builder.create(spec)
    settings = orjson.dumps({"speed": 1.0, "paused": wanted.paused}).decode()
    record = Record(wanted.name, secrets.token_urlsafe(24), orjson.dumps(spec).decode(), seed, now, settings)
    lease = Lease(wanted.name, host.owner, 1, now + host.limits.lease_seconds, host.address)
    rows, revision, state = engine.take_uncommitted()
    try:
        await host.committer.call(host.log.create, record, Write(wanted.name, 1, revision, rows, state), lease)
    except ClusterExists:
        raise NameTaken(f'cluster "{wanted.name}" already exists') from None
    engine.forget(revision)  # nobody can watch from before there was anything
    host.settle_in(Stored(record, revision, 0, state), engine, lease)
    return {"name": wanted.name, "token": record.token, "seed": seed, "revision": revision}


async def delete(host: Host, resident: Resident) -> Answer:
    try:
        await host.committer.call(host.log.delete, resident.name, resident.lease.epoch)
    except StaleEpoch:
        raise EngineError("another worker owns the cluster now; try again", 503) from None
    host.forget(resident, "the cluster was deleted")
    return {}


# ---------------------------------------------------------------------------------------------------- reading


async def state(host: Host, resident: Resident, args: Args) -> Answer:
    counts: dict[str, int] = {}
    for kind, _ in resident.engine.objects(("Node", "Pod", "Deployment", "Service", "Namespace")):
        counts[kind] = counts.get(kind, 0) + 1
    await host.durable(resident, resident.engine.revision)
    plural = {
        "Node": "nodes",
        "Pod": "pods",
        "Deployment": "deployments",
        "Service": "services",
        "Namespace": "namespaces",
    }
    return {
        "name": resident.name,
        "revision": resident.committed,
        "seed": resident.record.seed,
        "clock": clock_state(resident),
        "counts": {plural[kind]: counts.get(kind, 0) for kind in plural},
        "token": resident.record.token,
    }


async def state_hash(host: Host, resident: Resident, args: Args) -> Answer:
    revision, digest = resident.engine.revision, resident.engine.state_hash()
    await host.durable(resident, revision)
    return {"hash": digest, "revision": revision}


def clock_state(resident: Resident) -> Answer:
    goal = {"goal": resident.goal.told()} if resident.goal else {}
    return {"now": resident.engine.now, **resident.pace.settings(), "stable": resident.engine.stable(), **goal}


# ---------------------------------------------------------------------------------------------------- clock


async def clock(host: Host, resident: Resident, args: Args) -> Answer:
    """{"action": "pause|run|step|next|advance|settle|cancel", "speed", "seconds"}; answers the clock when it is done."""
    if args.get("action") == "cancel":
        return await _cancel(host, resident)
    action = _ACTIONS.get(args.get("action", ""))
    if action is None:
        raise EngineError(f"action: one of {', '.join(_ACTIONS)}, cancel")
    async with resident.goals:
        extra = await action(host, resident, args)
    await host.durable(resident, resident.engine.revision)
    return {**clock_state(resident), **(extra or {})}


async def _cancel(host: Host, resident: Resident) -> Answer:
    """Stop a `next`, `advance` or `settle` that is under way, at the virtual time it has reached. Waits for no turn."""
    cancelled = resident.give_up_goal()
    host.touched(resident)
    await host.durable(resident, resident.engine.revision)
    return {**clock_state(resident), "cancelled": cancelled}


async def _pause(host: Host, resident: Resident, args: Args) -> None:
    _set_pace(host, resident, resident.pace.speed, paused=True)


async def _run(host: Host, resident: Resident, args: Args) -> None:
    speed = _number(args, "speed", resident.pace.speed)
    if not 0.01 <= speed <= MAX_SPEED:
        raise EngineError(f"speed: from 0.01 to {MAX_SPEED:.0f}")
    _check_speed(resident, speed)
    _set_pace(host, resident, speed, paused=False)


def _check_speed(resident: Resident, speed: float) -> None:
    top = top_speed(resident.record)
    if speed > top:
        raise EngineError(f"the clock of this cluster may run at ×{top:g} at most", 403)


async def _step(host: Host, resident: Resident, args: Args) -> None:
    resident.engine.step()
    _set_pace(host, resident, resident.pace.speed, paused=resident.pace.paused)


async def _next(host: Host, resident: Resident, args: Args) -> Answer:
    """On to the next change anybody can see. When none is in sight, as far as silent trouble takes to be noticed."""
    before = resident.engine.revision
    seconds = _NOTICE_SECONDS if resident.engine.stable() else _NEXT_SECONDS
    return await _reach(host, resident, "next", seconds, lambda engine: engine.revision > before)


async def _advance(host: Host, resident: Resident, args: Args) -> Answer:
    return await _reach(host, resident, "advance", _seconds(args, None), lambda _: False)


async def _settle(host: Host, resident: Resident, args: Args) -> Answer:
    return await _reach(host, resident, "settle", _seconds(args, _SETTLE_SECONDS), lambda engine: engine.stable())


async def _reach(
    host: Host, resident: Resident, action: str, seconds: float, reached: Callable[[Simulated], bool]
) -> Answer:
    """Whether it was reached, in the action's own word; cancelled: somebody called it off on the way."""
    done = asyncio.get_running_loop().create_future()
    now = resident.engine.now
    resident.goal = Goal(action, now, now + round(seconds * SECOND), reached, done)
    host.pump.kick(resident)
    await asyncio.wait((done,))
    word = {"next": "changed", "settle": "settled"}.get(action)
    answer = {word: not done.cancelled() and bool(done.result())} if word else {}
    return answer | ({"cancelled": True} if done.cancelled() else {})


def _set_pace(host: Host, resident: Resident, speed: float, paused: bool) -> None:
    resident.pace.speed, resident.pace.paused = speed, paused
    resident.anchor(asyncio.get_running_loop().time(), resident.engine.now)
    host.touched(resident)


def _seconds(args: Args, default: float | None) -> float:
    seconds = _number(args, "seconds", default)
    if not 0 <= seconds <= _MAX_ADVANCE_SECONDS:
        raise EngineError("seconds: from 0 to 31622400")
    return seconds


def _number(args: Args, name: str, default: float | None) -> float:
    value = args.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EngineError(f"{name}: a number is required")
    return float(value)


_ACTIONS: Mapping[str, Callable[[Host, Resident, Args], Awaitable[Answer | None]]] = {
    "pause": _pause,
    "run": _run,
    "step": _step,
    "next": _next,
    "advance": _advance,
    "settle": _settle,
}
_MAKING: Mapping[str, Callable[[Host, str, Args], Awaitable[Answer]]] = {"create": create, "adopt": adopt}
_OF_MANY: Mapping[str, Callable[[Host, Args], Awaitable[Answer]]] = {"glance": glancing.glance, "limits": limit}
_OWN: Mapping[str, Callable[[Host, Resident, Args], Awaitable[Answer]]] = {
    "state": state,
    "state-hash": state_hash,
    "clock": clock,
    "history": past.history,
    "fork": past.fork,
}
