"""The recorded scenarios, played by the recording's own tool against an engine in virtual time.

The tool (golden/scheduling/sched.py) is loaded as it is. Its HTTP goes to `Cluster.submit`, its clock and its sleeps to the
cluster's virtual time, and its heartbeat renews leases whenever time passes.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from cluster_core.scheduler.component import Scheduler
from cluster_core.simulation.assembly import annals_of
from tests import golden
from tests.builders import Engine

GOLDEN = golden.GOLDEN / "scheduling"


class VirtualTime:
    """Stands in for the time module."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.heart: Any = None
        self._beaten = 0.0

    def time(self) -> float:
        return self.engine.cluster.now / 1e6

    def sleep(self, seconds: float) -> None:
        if self.heart is not None and self.time() - self._beaten >= 3:
            self._beaten = self.time()
            for name in sorted(self.heart.names):
                self.heart.beat(name)
        self.engine.cluster.advance(seconds)

    def strftime(self, layout: str, when: Any = None) -> str:
        return str(self.engine.cluster.clock.microtime())

    def gmtime(self) -> None:
        return None


def tool() -> ModuleType:
    return golden.load_tool(GOLDEN / "sched.py")


def scenarios() -> list[dict[str, Any]]:
    """The scenarios for which it is recorded what a real scheduler did."""
    found = (orjson.loads(path.read_bytes()) for path in sorted((GOLDEN / "scenarios").glob("*.json")))
    return [scenario for scenario in found if "expect" in scenario]


def _connection(sched: ModuleType, engine: Engine) -> Any:
    class Kube(sched.Kube):  # type: ignore[name-defined,misc]
        def __init__(self) -> None: ...

        def call(
            self, method: str, path: str, body: Any = None, ctype: str = "application/json", timeout: int = 30
        ) -> Any:
            parts = urlsplit(path)
            query = parse_qsl(parts.query, keep_blank_values=True)
            answer = engine.call(method, parts.path, body, query, content_type=ctype, accept="application/json")
            engine.cluster.advance(0)
            return answer.status, orjson.loads(answer.body or b"{}")

    return Kube()


def _runner(sched: ModuleType) -> Any:
    class Run(sched.Run):  # type: ignore[name-defined,misc]
        def step(self, step: dict[str, Any]) -> None:
            # The tool takes the `until` of an `observe` step for a step of its own and stumbles.
            if "observe" not in step:
                super().step(step)
                return
            before = self.pods()
            for name in step["observe"]:
                self.observe(name, until=step.get("until", "bound"), limit=step.get("limit", 15), before=before)

    return Run


def play(sched: ModuleType, scenario: dict[str, Any]) -> tuple[list[dict[str, Any]], Engine]:
    """The observations of one scenario, in a cluster of its own."""
    engine = Engine(bare=True)
    if "scheduler" not in engine.cluster.parts:
        engine.cluster.add_part(Scheduler(engine.cluster.world, annals_of(engine.cluster)))
    time = sched.time = VirtualTime(engine)  # type: ignore[attr-defined]
    engine.cluster.advance(1)
    run = _runner(sched)(_connection(sched, engine), scenario)
    time.heart = run.hb
    run.hb.start = lambda: None
    run.cleanup = lambda: None
    try:
        run.run()
    except (KeyError, TypeError) as error:  # the tool stumbles over an answer: what it has not seen counts as different
        run.errors.append(repr(error))
    return run.out, engine
