"""On which nodes a DaemonSet's pods run, and what a pod for one node looks like.

Models NodeShouldRunDaemonPod of pkg/controller/daemon and pkg/controller/daemon/util.
"""

from __future__ import annotations

from typing import Any

from cluster_core.controllers.claims import labels
from cluster_core.controllers.pods import from_template
from cluster_core.controllers.revisions import POD_REVISION
from cluster_core.machinery import selectors
from cluster_core.machinery.taints import tolerated
from cluster_core.machinery.typed import Obj

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
POD_GENERATION = "pod-template-generation"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"

_TOLERATED = (
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
)


def _tolerations(spec: Obj) -> list[Obj]:
    """Those of the template and those every daemon has: it stays where others must go."""
    wanted = [*_TOLERATED, ("network-unavailable", "NoSchedule")] if spec.get("hostNetwork") else _TOLERATED
    found: list[Obj] = list(spec.get("tolerations", ()))
    for name, effect in wanted:
        ours = {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": effect}
        same = [index for index, one in enumerate(found) if all(one.get(key) == ours[key] for key in ours)]
        if same:
            found[same[0]] = ours
        else:
            found.append(ours)
    return found


def should_run(owner: Obj, node: Obj) -> tuple[bool, bool]:
    """(whether a pod should be started there, whether one that is there may stay)."""
    spec, metadata = owner["spec"]["template"]["spec"], node["metadata"]
    if spec.get("nodeName") not in (None, "", metadata["name"]):
        return False, False
    if not _is_selected(spec, metadata):
        return False, False
    tolerations = _tolerations(spec)
    untolerated = {
        taint["effect"]
        for taint in node.get("spec", {}).get("taints", ())
        if not tolerated(tolerations, taint)
    }
    return not untolerated & {"NoExecute", "NoSchedule"}, "NoExecute" not in untolerated


def _is_selected(spec: Obj, metadata: Obj) -> bool:
    found = metadata.get("labels") or {}
    if not selectors.compile_map(spec.get("nodeSelector"))(found):
        return False
    required = (spec.get("affinity") or {}).get("nodeAffinity", {}).get(REQUIRED)
    if required is None:
        return True
    return selectors.compile_node_terms(required.get("nodeSelectorTerms"))(found, metadata["name"])


# ------------------------------------------------------------------------------------------------ pods


def template_generation(owner: Obj) -> str:
    """The number of the template as old servers counted it, "" when unknown."""
    text = str((owner["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, ""))
    return text if text.isascii() and text.isdigit() else ""


def base_pod(owner: Obj, digest: str) -> dict[str, Any]:
    """The pod of this DaemonSet before it is pinned to a node."""
    pod = from_template(owner, owner["spec"]["template"])
    generation = template_generation(owner)
    marks = {POD_REVISION: digest, **({POD_GENERATION: generation} if generation else {})}
    metadata = {**pod["metadata"], "labels": {**pod["metadata"].get("labels", {}), **marks}}
    return {"metadata": metadata, "spec": {**pod["spec"], "tolerations": _tolerations(pod["spec"])}}


def pinned(pod: Obj, node: str) -> dict[str, Any]:
    """The pod with an affinity to this node alone; the scheduler binds it there."""
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
    affinity = pod["spec"].get("affinity") or {}
    of_node = affinity.get("nodeAffinity") or {}
    required = {**(of_node.get(REQUIRED) or {}), "nodeSelectorTerms": terms}
    return {**pod, "spec": {**pod["spec"], "affinity": {**affinity, "nodeAffinity": {**of_node, REQUIRED: required}}}}


def target_node(pod: Obj) -> str:
    """The node the pod runs on or is pinned to, "" when neither."""
    spec = pod["spec"]
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    required = (spec.get("affinity") or {}).get("nodeAffinity", {}).get(REQUIRED) or {}
    for term in required.get("nodeSelectorTerms", ()):
        for one in term.get("matchFields", ()):
            if one["key"] == "metadata.name" and one["operator"] == "In" and len(one.get("values", ())) == 1:
                return str(one["values"][0])
    return ""


def is_updated(owner: Obj, pod: Obj, digest: str) -> bool:
    found, generation = labels(pod), template_generation(owner)
    return found.get(POD_REVISION) == digest or bool(generation and found.get(POD_GENERATION) == generation)


def age_order(pod: Obj) -> tuple[bool, str, str]:
    """Scheduled before unscheduled, old before young."""
    metadata = pod["metadata"]
    return not pod["spec"].get("nodeName"), metadata["creationTimestamp"], metadata["name"]
