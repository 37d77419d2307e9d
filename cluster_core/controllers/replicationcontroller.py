"""Keep the pods a ReplicationController asks for. Models pkg/controller/replication; the work is done in `replicas`."""

from __future__ import annotations

from functools import partial

from cluster_core.controllers import replicas
from cluster_core.controllers.claims import owner_or_selecting
from cluster_core.controllers.runtime import Controller, itself
from cluster_core.machinery.typed import Obj

FLAVOR = replicas.Flavor("ReplicationController", "replication-controller", counts_terminating=False)


def _selector(owner: Obj) -> Obj:
    return {"matchLabels": owner["spec"].get("selector") or {}}


CONTROLLER = Controller(
    "replicationcontroller",
    watches={"ReplicationController": itself, "Pod": owner_or_selecting("ReplicationController", _selector)},
    reconcile=partial(replicas.reconcile, FLAVOR),
    latency=FLAVOR.latency,
    user="system:serviceaccount:kube-system:replication-controller",
    steady=frozenset({"Pod"}),
)
