"""kube-controller-manager's log. Models cmd/kube-controller-manager/app and the controllers' first words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.simulation import assembly, controllernames
from cluster_core.simulation.logs import common
from cluster_core.simulation.logs.klog import MILLISECOND, Log, Run
from cluster_core.workloads.logs import Line

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_START = (
    (110, "serving.go:386", "Generated self-signed cert in-memory"),
    (520, "controllermanager.go:211", '"Starting" version="{version}"'),
    (520, "controllermanager.go:213", '"Golang settings" GOGC="" GOMAXPROCS="" GOTRACEBACK=""'),
    (523, "dynamic_cafile_content.go:161", '"Starting controller" name="request-header::/etc/kubernetes/pki/front-proxy-ca.crt"'),
    (524, "secure_serving.go:214", "Serving securely on {address}"),
    (525, "tlsconfig.go:243", '"Starting DynamicServingCertificateController"'),
)
_FIRST_WORDS = {
    "persistentvolume-attach-detach-controller": ("attach_detach_controller.go:334", '"Starting attach detach controller"'),
    "bootstrap-signer": ("bootstrapsigner.go:160", '"Starting bootstrap signer controller"'),
    "clusterrole-aggregation-controller": ("clusterroleaggregation_controller.go:176", '"Starting ClusterRoleAggregator controller"'),
    "cronjob": ("cronjob_controllerv2.go:143", '"Starting cronjob controller v2"'),
    "daemonset": ("daemon_controller.go:370", '"Starting daemon sets controller"'),
    "deployment": ("deployment_controller.go:180", '"Starting controller" controller="deployment"'),
    "disruption": ("disruption.go:460", '"Starting disruption controller"'),
    "endpoints": ("endpoints_controller.go:193", '"Starting endpoint controller"'),
    "endpointslice": ("endpointslice_controller.go:280", '"Starting endpoint slice controller"'),
    "endpointslice-mirroring-controller": ("endpointslicemirroring_controller.go:226", '"Starting EndpointSliceMirroring controller"'),
    "ephemeral-volume-controller": ("controller.go:174", '"Starting ephemeral volume controller"'),
    "garbage-collector": ("garbagecollector.go:141", '"Starting controller" controller="garbagecollector"'),
    "horizontal-pod-autoscaler": ("horizontal.go:204", '"Starting HPA controller"'),
    "job": ("job_controller.go:336", '"Starting job controller"'),
    "namespace": ("namespace_controller.go:202", '"Starting namespace controller"'),
    "node-ipam-controller": ("node_ipam_controller.go:142", '"Starting ipam controller"'),
    "node-lifecycle": ("node_lifecycle_controller.go:443", '"Starting node controller"'),
    "persistentvolume-binder": ("pv_controller_base.go:318", '"Starting persistent volume controller"'),
    "persistentvolume-expander-controller": ("expand_controller.go:328", '"Starting expand controller"'),
    "persistentvolume-protection-controller": ("pv_protection_controller.go:81", '"Starting PV protection controller"'),
    "persistentvolumeclaim-protection-controller": ("pvc_protection_controller.go:172", '"Starting PVC protection controller"'),
    "pod-garbage-collector-controller": ("gc_controller.go:98", '"Starting GC controller"'),
    "replicaset": ("replica_set.go:285", '"Starting controller" name="replicaset"'),
    "replicationcontroller": ("replica_set.go:285", '"Starting controller" name="replicationcontroller"'),
    "resourceclaim-controller": ("controller.go:753", '"Starting resource claim controller"'),
    "resourcequota-controller": ("resource_quota_controller.go:297", '"Starting resource quota controller"'),
    "root-ca-certificate-publisher": ("publisher.go:107", '"Starting root CA cert publisher controller"'),
    "serviceaccount": ("serviceaccounts_controller.go:117", '"Starting service account controller"'),
    "service-cidr-controller": ("servicecidrs_controller.go:137", '"Starting" controller="service-cidr-controller"'),
    "statefulset": ("stateful_set.go:234", '"Starting stateful set controller"'),
    "taint-eviction": ("taint_eviction.go:283", '"Starting" controller="taint-eviction-controller"'),
    "token-cleaner": ("tokencleaner.go:117", '"Starting token cleaner controller"'),
    "ttl-controller": ("ttl_controller.go:127", '"Starting TTL controller"'),
    "ttl-after-finished": ("ttlafterfinished_controller.go:112", '"Starting TTL after finished controller"'),
    "volumeattributesclass-protection-controller": ("vac_protection_controller.go:206", '"Starting VAC protection controller"'),
}
_NOT_OURS = frozenset(("kubelet", "default-scheduler", "kube-proxy"))


def lines(cluster: Cluster, run: Run) -> list[Line]:
    log = Log(run)
    log.start(_START, version=run.version, address=common.address(run, "10257"))
    if not common.reaches(cluster, log, ("*v1.ReplicaSet", "*v1.Node")):
        return log.lines
    common.leads(log, "kube-controller-manager", 700)
    _controllers(log)
    if run.verbosity >= 3:
        common.tell_events(log, (each for each in cluster.world.client("journal").list("Event") if (each.get("source") or {}).get("component") not in _NOT_OURS))
    return log.lines


def _controllers(log: Log) -> None:
    """Each that is switched on starts; the others are named."""
    wanted = log.run.options.get("controllers", "*").split(",")
    at = log.run.began + 760 * MILLISECOND
    for name, default_on in sorted({**{each.name: each.default_on for each in assembly.controllers()}, "garbage-collector": True}.items()):
        at += 4 * MILLISECOND
        if controllernames.is_chosen(name, default_on, wanted):
            log.plain(at, *_FIRST_WORDS.get(name, ("controllermanager.go:797", f'"Starting controller" controller="{name}"')))
        else:
            log.say(at, "controllermanager.go:735", "Warning: controller is disabled", controller=name)
    if controllernames.is_chosen("node-lifecycle", True, wanted):
        log.say(at + 110 * MILLISECOND, "node_lifecycle_controller.go:1217", "Initializing eviction metric for zone", zone="")
        log.say(at + 111 * MILLISECOND, "node_lifecycle_controller.go:1063", "Controller detected that zone is now in new state", zone="", newState="Normal")
