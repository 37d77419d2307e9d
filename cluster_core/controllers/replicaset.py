"""Keep the pods a ReplicaSet asks for. Models pkg/controller/replicaset; the work is done in `replicas`."""

from __future__ import annotations

from functools import partial

from cluster_core.controllers import replicas
from cluster_core.controllers.claims import owner_or_selecting
from cluster_core.controllers.pods import owner_reference as owner_reference
from cluster_core.controllers.runtime import Controller, itself

FLAVOR = replicas.Flavor("ReplicaSet", "replicaset-controller", counts_terminating=True)

CONTROLLER = Controller(
    "replicaset",
    watches={"ReplicaSet": itself, "Pod": owner_or_selecting("ReplicaSet")},
    reconcile=partial(replicas.reconcile, FLAVOR),
    latency=FLAVOR.latency,
    steady=frozenset({"Pod"}),
)
