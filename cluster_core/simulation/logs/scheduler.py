"""kube-scheduler's log. Models cmd/kube-scheduler/app/server.go and pkg/scheduler/schedule_one.go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.machinery.typed import Obj
from cluster_core.simulation.logs import common
from cluster_core.simulation.logs.klog import Log, Run
from cluster_core.workloads.logs import Line

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_START = (
    (110, "serving.go:386", "Generated self-signed cert in-memory"),
    (480, "server.go:183", '"Starting Kubernetes Scheduler" version="{version}"'),
    (480, "server.go:185", '"Golang settings" GOGC="" GOMAXPROCS="" GOTRACEBACK=""'),
    (483, "configmap_cafile_content.go:205", '"Starting controller" name="client-ca::kube-system::extension-apiserver-authentication::client-ca-file"'),
    (484, "secure_serving.go:214", "Serving securely on {address}"),
    (485, "tlsconfig.go:243", '"Starting DynamicServingCertificateController"'),
)


def lines(cluster: Cluster, run: Run) -> list[Line]:
    log = Log(run)
    log.start(_START, version=run.version, address=common.address(run, "10259"))
    if common.reaches(cluster, log, ("*v1.Pod", "*v1.Node")):
        common.leads(log, "kube-scheduler", 600)
    for event in common.events(cluster, "default-scheduler") if run.verbosity >= 2 else ():
        _decided(log, event)
    if run.verbosity >= 3:
        common.tell_events(log, common.events(cluster, "default-scheduler"))
    return log.lines


def _decided(log: Log, event: Obj) -> None:
    at, pod = common.last_seen(event), common.about(event)
    if event["reason"] == "Scheduled":
        log.say(at, "schedule_one.go:481", "Successfully bound pod to node", pod=pod, node=event["message"].rpartition(" ")[2])
    elif event["reason"] == "FailedScheduling":
        log.say(at, "schedule_one.go:1239", "Unable to schedule pod; no fit; waiting", pod=pod, err=event["message"])
