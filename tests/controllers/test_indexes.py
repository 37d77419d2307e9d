"""The index of objects by what they refer to always says what a look through all of them would say."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_core.apiserver.parts import Change, object_key
from cluster_core.controllers.groups import Groups
from cluster_core.controllers.runtime import Context
from cluster_core.machinery.typed import Obj
from tests.builders import Engine

NAMES = ("a", "b", "c")


def colours(obj: Obj) -> list[str]:
    return sorted((obj.get("data") or {}).values())


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sets(st.sampled_from(("red", "blue", "green")))), max_size=25))
def test_an_index_follows_all_changes(steps: list[tuple[str, set[str]]]) -> None:
    engine = Engine(nodes=0, bare=True)
    context, groups = Context(engine.cluster.world, engine.api), Groups("ConfigMap", colours)

    def note(change: Change) -> None:
        if change.kind.name == "ConfigMap":
            groups.note(context, change.obj)

    engine.cluster.observe(note)
    for name, wanted in steps:
        known = engine.api.get("ConfigMap", "default", name)
        data = {colour: colour for colour in wanted}
        if known is None:
            engine.api.create("ConfigMap", {"metadata": {"name": name, "namespace": "default"}, "data": data})
        elif data:
            engine.api.update("ConfigMap", {**known, "data": data})
        else:
            engine.api.delete("ConfigMap", "default", name)
        for colour in ("red", "blue", "green"):
            expected = [object_key(obj) for obj in engine.api.list("ConfigMap") if colour in colours(obj)]
            assert [object_key(obj) for obj in groups.of(context, colour)] == expected
