"""condition: status.conditions of the chosen objects, all of them. Models `kubectl wait --for=condition=...`."""

from __future__ import annotations

from cluster_core.machinery.typed import Obj

from .base import CheckKind, Finding, Spec, View, described, failed, its_kind, known_kind, passed


def _wrong(obj: Obj, spec: Spec) -> str:
    """What is not as wanted about the object's condition, "" when it is."""
    conditions = obj.get("status", {}).get("conditions") or ()
    name, wanted = obj["metadata"]["name"], spec.get("status", "True")
    found = next((each for each in conditions if each.get("type") == spec["type"]), None)
    if found is None:
        return f"{name} has no condition {spec['type']}"
    if found.get("status") != wanted:
        why = found.get("message") or found.get("reason") or ""
        return f"{name}: {spec['type']} is {found.get('status')}, wanted {wanted}" + (f" ({why})" if why else "")
    if spec.get("reason", found.get("reason")) != found.get("reason"):
        return f"{name}: {spec['type']} for reason {found.get('reason')}, wanted {spec['reason']}"
    return ""


def evaluate(spec: Spec, view: View) -> Finding:
    found = view.objects(spec)
    if not found:
        return failed(f"there is no {described(spec)}")
    wrong = [(obj, text) for obj in found if (text := _wrong(obj, spec))]
    if not wrong:
        return passed(f"{spec['type']} is {spec.get('status', 'True')} of {described(spec)}", found[:20])
    share = 1 - len(wrong) / len(found)
    return failed("; ".join(text for _, text in wrong[:3]), [obj for obj, _ in wrong[:20]], share=share)


CHECK = CheckKind("condition", evaluate, its_kind, known_kind)
