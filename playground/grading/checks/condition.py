"""condition: status.conditions of the chosen objects, all of them. Models `kubectl wait --for=condition=...`."""

from __future__ import annotations

from cluster_core.machinery.typed import Obj
from playground.grading.saying import Said, joined

from .base import CheckKind, Finding, Spec, View, described, failed, its_kind, known_kind, none_of, passed


def _wrong(obj: Obj, spec: Spec) -> str:
    """What is not as wanted about the object's condition, "" when it is."""
    conditions = obj.get("status", {}).get("conditions") or ()
    name, wanted = obj["metadata"]["name"], spec.get("status", "True")
    found = next((each for each in conditions if each.get("type") == spec["type"]), None)
    if found is None:
        return Said("%(name)s has no condition %(type)s", name=name, type=spec["type"])
    if found.get("status") != wanted:
        why = found.get("message") or found.get("reason") or ""
        values = {"name": name, "type": spec["type"], "status": found.get("status"), "wanted": wanted}
        told = Said("%(name)s: %(type)s is %(status)s, wanted %(wanted)s", **values)
        return Said("%(told)s (%(why)s)", told=told, why=why) if why else told
    if spec.get("reason", found.get("reason")) != found.get("reason"):
        values = {"name": name, "type": spec["type"], "reason": found.get("reason"), "wanted": spec["reason"]}
        return Said("%(name)s: %(type)s for reason %(reason)s, wanted %(wanted)s", **values)
    return ""


def evaluate(spec: Spec, view: View) -> Finding:
    found = view.objects(spec)
    if not found:
        return none_of(spec)
    wrong = [(obj, text) for obj in found if (text := _wrong(obj, spec))]
    if not wrong:
        status, objects = spec.get("status", "True"), described(spec)
        return passed(Said("%(type)s is %(status)s of %(objects)s", type=spec["type"], status=status, objects=objects), found[:20])
    share = 1 - len(wrong) / len(found)
    return failed(joined("; ", [text for _, text in wrong[:3]]), [obj for obj, _ in wrong[:20]], share=share)


CHECK = CheckKind("condition", evaluate, its_kind, known_kind)
