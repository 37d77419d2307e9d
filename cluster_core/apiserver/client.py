"""How a part of the cluster talks to the API server: the same verbs as everybody, without the wire.

A client acts as one component. It is trusted: authorized, and its objects are taken as well-formed; admission, conflicts
and finalizers apply to it as to all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver import deletion, events, lifecycle, objectmeta, scale
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.request import User
from cluster_core.apiserver.storage import orphanage
from cluster_core.machinery.patch import merge_patch
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

_MANAGER = "kube-controller-manager"
"""As whom the controllers own fields."""
Objects = list[Obj]
"""Inside Client, `list` is a verb."""


class Client:
    """Reads are consistent and copy nothing. Writes raise machinery.errors.ApiError."""

    def __init__(self, server: ApiServer, user: str) -> None:
        self.server = server
        self.user = User(user, ("system:authenticated",))
        self._storage = server.storage

    def kind(self, name: str, group: str | None = None) -> Kind:
        """The kind of this name; `group` tells kinds of equal names apart. Raises KeyError."""
        return self.server.kinds.named(name, group)

    # ------------------------------------------------------------------------------------------------ reading

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        return self._storage.get(self.kind(kind), namespace, name)

    def list(self, kind: str, namespace: str | None = None) -> Objects:
        return self._storage.list(self.kind(kind), namespace)

    def owned(self, kind: str, uid: str) -> Objects:
        """Objects whose controlling owner has this uid."""
        return self._storage.owned(self.kind(kind), uid)

    def orphans(self, kind: str, namespace: str) -> Objects:
        """Objects of the namespace without a controlling owner: Pods, ReplicaSets and ControllerRevisions only."""
        return self._storage.owned(self.kind(kind), orphanage(namespace))

    def on_node(self, kind: str, node: str) -> Objects:
        """Objects with this spec.nodeName."""
        return self._storage.on_node(self.kind(kind), node)

    def token(self, pod: Obj, audiences: Sequence[str], seconds: int) -> str:
        """The token of the pod's service account for a volume of it; "" when there is no such account."""
        return self.server.tokens.project(pod, list(audiences), seconds)

    # ------------------------------------------------------------------------------------------------ writing

    def _context(
        self, kind: str | Kind, verb: str, namespace: str, name: str, subresource: str = ""
    ) -> Context:
        found = kind if isinstance(kind, Kind) else self.kind(kind)
        self.server.require_etcd()
        context = Context(self.server, self.user, found, found.all_served()[0], verb, trusted=True)
        context.namespace, context.name, context.subresource = namespace, name, subresource
        return context

    def create(self, kind: str, obj: Mapping[str, Any], *, namespace: str | None = None) -> Obj:
        """Create the object in its own namespace; kind and apiVersion may be left out."""
        found = self.kind(kind)
        where = namespace if namespace is not None else obj["metadata"].get("namespace", "")
        whole = {"kind": found.name, "apiVersion": found.api_version, **obj}
        return lifecycle.create(self._context(kind, "create", where, ""), found.default(whole))

    def update(self, kind: str, obj: Obj, *, subresource: str = "") -> Obj:
        """Replace the object. Raises Conflict when its resourceVersion is no longer the newest."""
        metadata = obj["metadata"]
        context = self._context(kind, "update", metadata.get("namespace", ""), metadata["name"], subresource)
        return lifecycle.update(context, lambda _: obj)

    def update_kind(self, kind: Kind, obj: Obj) -> Obj:
        """Replace an object of a kind at hand."""
        metadata = obj["metadata"]
        context = self._context(kind, "update", metadata.get("namespace", ""), metadata["name"])
        return lifecycle.update(context, lambda _: obj)

    def scale(self, kind: Kind, obj: Obj, replicas: int) -> Obj:
        """Set the replicas by way of the Scale, and be their owner: the one write of a part that others can conflict with."""
        metadata = obj["metadata"]
        context = self._context(kind, "update", metadata.get("namespace", ""), metadata["name"], "scale")
        context.field_manager = _MANAGER
        return lifecycle.update(context, lambda old: scale.resized(context, old, replicas))

    def update_status(self, kind: str, obj: Obj) -> Obj:
        return self.update(kind, obj, subresource="status")

    def patch(
        self, kind: str, namespace: str, name: str, patch: Mapping[str, Any], *, subresource: str = ""
    ) -> Obj:
        """Apply a JSON merge patch."""
        context = self._context(kind, "patch", namespace, name, subresource)
        return lifecycle.update(context, lambda old: merge_patch(old, patch))

    def delete(
        self,
        kind: str,
        namespace: str,
        name: str,
        *,
        grace: int | None = None,
        uid: str = "",
        propagation: str = "",
        group: str | None = None,
    ) -> None:
        """Delete the object; `uid` as a precondition, `grace` in seconds, `propagation` as in DeleteOptions."""
        context = self._context(self.kind(kind, group), "delete", namespace, name)
        if grace is not None:
            context.options["gracePeriodSeconds"] = grace
        if uid:
            context.options["preconditions"] = {"uid": uid}
        if propagation:
            context.options["propagationPolicy"] = propagation
        deletion.delete(context)

    def bind(self, namespace: str, name: str, node: str) -> Obj:
        """Assign a pod to a node, as the binding subresource does."""
        context = self._context("Pod", "create", namespace, name, "binding")
        now = self.server.world.clock.timestamp()
        return lifecycle.update(context, lambda pod: bound(pod, node, now))

    def event(
        self,
        obj: Obj,
        type: str,
        reason: str,
        message: str,
        *,
        component: str,
        host: str = "",
        field_path: str = "",
        action: str = "",
        related: Obj | None = None,
    ) -> None:
        """Record an Event about `obj`; equal ones become one, as client-go's recorders do it."""
        what = events.Occurrence(type, reason, message, component, host, field_path, action, related)
        events.record(self, obj, what)

    def seconds_from_now(self, seconds: int) -> str:
        return objectmeta.seconds_from(self.server.world.clock.now, seconds)


def bound(pod: Obj, node: str, now: str) -> Obj:
    """The pod assigned to `node`, with its PodScheduled condition true. `now` is a metav1.Time."""
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    status = {key: part for key, part in pod.get("status", {}).items() if key != "nominatedNodeName"}
    others = [condition for condition in status.get("conditions", ()) if condition["type"] != "PodScheduled"]
    spec = {**pod["spec"], "nodeName": node}
    return {**pod, "spec": spec, "status": {**status, "conditions": [*others, scheduled]}}
