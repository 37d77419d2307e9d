"""No more nodes and pods than whoever lends the cluster allows.

No plugin of Kubernetes: a class's limits, refused as a ResourceQuota refuses, so that controllers and people see what
they would see there. Nobody in the cluster can lift it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery import errors

_COUNTED = {"Pod": "pods", "Node": "nodes"}


def plugin(current: Callable[[], Mapping[str, float]]) -> Plugin:
    """`current`: how many "pods" and "nodes" there may be now. What is there already stays."""

    def validate(attributes: Attributes) -> None:
        resource, limits = _COUNTED[attributes.kind.name], current()
        if attributes.operation != "CREATE" or attributes.kind.group or attributes.subresource or resource not in limits:
            return
        used, most = attributes.context.server.storage.count(attributes.kind), int(limits[resource])
        if used >= most:
            text = f"exceeded quota: playground, requested: {resource}=1, used: {resource}={used}, limited: {resource}={most}"
            raise errors.forbidden("", resource, attributes.name, text)

    return Plugin("ClusterLimits", validate=validate, kinds=frozenset(_COUNTED), always=True)
