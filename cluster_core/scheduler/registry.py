"""All plugins by name, and the default set with its order and weights (v1.36)."""

from __future__ import annotations

from cluster_core.scheduler.framework import Plugin
from cluster_core.scheduler.plugins.default_preemption import DefaultPreemption
from cluster_core.scheduler.plugins.dynamic_resources import DynamicResources
from cluster_core.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cluster_core.scheduler.plugins.node_checks import (
    NodeAffinity,
    NodeName,
    NodePorts,
    NodeUnschedulable,
    TaintToleration,
)
from cluster_core.scheduler.plugins.node_resources import NodeResourcesBalancedAllocation, NodeResourcesFit
from cluster_core.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cluster_core.scheduler.plugins.small import (
    DefaultBinder,
    ImageLocality,
    PrioritySort,
    SchedulingGates,
)
from cluster_core.scheduler.plugins.volume_binding import VolumeBinding
from cluster_core.scheduler.plugins.volume_limits import NodeVolumeLimits
from cluster_core.scheduler.plugins.volume_places import VolumeRestrictions, VolumeZone

DEFAULTS: tuple[tuple[type[Plugin], int], ...] = (
    (SchedulingGates, 0),
    (PrioritySort, 0),
    (NodeUnschedulable, 0),
    (NodeName, 0),
    (TaintToleration, 3),
    (NodeAffinity, 2),
    (NodePorts, 0),
    (NodeResourcesFit, 1),
    (VolumeRestrictions, 0),
    (NodeVolumeLimits, 0),
    (VolumeBinding, 0),
    (VolumeZone, 0),
    (PodTopologySpread, 2),
    (InterPodAffinity, 2),
    (DynamicResources, 2),
    (DefaultPreemption, 0),
    (NodeResourcesBalancedAllocation, 1),
    (ImageLocality, 1),
    (DefaultBinder, 0),
)
"""The order is the order in which filters run and in which scores are listed."""

PLUGINS: dict[str, type[Plugin]] = {plugin.name: plugin for plugin, _ in DEFAULTS}
