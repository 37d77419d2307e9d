"""A pod that gets a node is labelled with the node's zone and region. Models plugin/pkg/admission/podtopologylabels."""

from __future__ import annotations

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery.typed import Obj

_LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


def _admit(attributes: Attributes) -> Obj | None:
    pod = attributes.obj
    if pod is None or not (attributes.subresource == "binding" or (attributes.operation == "CREATE" and not attributes.subresource)):
        return pod
    name = pod["spec"].get("nodeName")
    if not name:
        return pod
    server = attributes.context.server
    node = server.storage.get(server.kinds.named("Node", ""), "", name)
    own = node["metadata"].get("labels", {}) if node is not None else {}
    found = {label: own[label] for label in _LABELS if label in own}
    if not found:
        return pod
    metadata = pod["metadata"]
    return {**pod, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), **found}}}


PLUGIN = Plugin("PodTopologyLabels", admit=_admit, kinds=frozenset({"Pod"}), operations=frozenset({"CREATE", "UPDATE"}))
