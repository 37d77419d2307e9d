"""count: how many objects there are, ready ones or those of which a CEL expression over `object` holds."""

from __future__ import annotations

from cluster_core.machinery.cel import CelError, program
from cluster_core.machinery.typed import Obj
from playground.grading.saying import Said, joined

from .base import CheckKind, Finding, Problems, Spec, View, described, failed, is_ready, its_kind, known_kind, passed

_OBJECT = (("object", "dyn"),)


def _counts(obj: Obj, spec: Spec) -> bool:
    if spec.get("ready") and not is_ready(obj):
        return False
    if "where" not in spec:
        return True
    try:
        return program(spec["where"], _OBJECT).evaluate({"object": obj}) is True
    except CelError:
        return False  # a field that is not there: this object does not count


def _asked(spec: Spec) -> str:
    words = (("equals", "exactly %(n)s"), ("atLeast", "at least %(n)s"), ("atMost", "at most %(n)s"))
    return joined("; ", [Said(word, n=spec[key]) for key, word in words if key in spec])


def evaluate(spec: Spec, view: View) -> Finding:
    found = [obj for obj in view.objects(spec) if _counts(obj, spec)]
    number = len(found)
    ok = number == spec.get("equals", number) and spec.get("atLeast", 0) <= number <= spec.get("atMost", number)
    template = "%(n)s ready %(objects)s" if spec.get("ready") else "%(n)s %(objects)s"
    text = Said(template, n=number, objects=described(spec))
    if ok:
        return passed(text, found[:20])
    least = spec.get("equals", spec.get("atLeast", 0))
    share = number / least if 0 < number < least else 0.0
    return failed(Said("%(found)s, wanted %(wanted)s", found=text, wanted=_asked(spec)), found[:20], share=share)


def problems(spec: Spec) -> Problems:
    yield from known_kind(spec)
    if "where" in spec:
        try:
            program(spec["where"], _OBJECT)
        except CelError as error:
            yield ["where"], f"does not compile: {error}"


CHECK = CheckKind("count", evaluate, its_kind, problems)
