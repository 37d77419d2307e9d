"""APIService objects: one for every group and version that is served here, and what becomes of those of others.

A part of the cluster inside the API server. Models kube-aggregator's autoregister and status controllers and its handler:
nothing runs behind a service of this cluster, so that requests for what another server would answer are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.parts import Change
from cluster_core.apiserver.request import ApiResponse
from cluster_core.apiserver.world import World
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

NAME = "apiregistration"
_KIND, _LABEL = "APIService", "kube-aggregator.kubernetes.io/automanaged"
_LATENCY = 0.05
_REGISTER, _STATUS = "register", "status/"
_CUSTOM = (1000, 100)
_PRIORITIES = {
    "": 18000, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700, "authorization.k8s.io": 17600,
    "autoscaling": 17500, "batch": 17400, "certificates.k8s.io": 17300, "networking.k8s.io": 17200, "policy": 17100,
    "rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800, "apiextensions.k8s.io": 16700,
    "admissionregistration.k8s.io": 16700, "scheduling.k8s.io": 16600, "coordination.k8s.io": 16500, "node.k8s.io": 16300,
    "discovery.k8s.io": 16200, "resource.k8s.io": 16200, "flowcontrol.apiserver.k8s.io": 16100,
}  # fmt: skip
_VERSIONS = {("", "v1"): 1, ("autoscaling", "v2"): 30, ("flowcontrol.apiserver.k8s.io", "v1"): 21, ("resource.k8s.io", "v1"): 21}
UNAVAILABLE = ApiResponse(503, b"service unavailable\n", "text/plain; charset=utf-8")
Verdict = tuple[str, str, str]
"""Status, reason and message of the condition Available."""


class Registrations:
    """The part. Agenda keys: "register" for the automatic objects, "status/NAME" for one of another server."""

    name = NAME
    kinds = (_KIND, "CustomResourceDefinition", "Service", "Endpoints")

    def __init__(self, world: World) -> None:
        self._world = world
        self._api = world.client("system:apiserver")

    def observe(self, change: Change) -> None:
        if change.kind.name == "CustomResourceDefinition" or (change.kind.name == _KIND and change.new is None):
            self._world.agenda.soon(NAME, _REGISTER, _LATENCY)
        elif change.kind.name == _KIND:
            self._look_at(change.obj)
        elif change.old is None or change.new is None or change.kind.name == "Endpoints":
            for registered in foreign(self._api.server):
                service, metadata = registered["spec"]["service"], change.obj["metadata"]
                if (service["namespace"], service["name"]) == (metadata["namespace"], metadata["name"]):
                    self._look_at(registered)

    def _look_at(self, registered: Obj) -> None:
        if registered["spec"].get("service"):
            self._world.agenda.soon(NAME, _STATUS + registered["metadata"]["name"], _LATENCY)

    def run(self, key: str) -> None:
        if key == _REGISTER:
            self.register()
        else:
            self._check(key.removeprefix(_STATUS))

    def dump(self) -> Any:
        return {}

    def load(self, state: Any) -> None:
        """It remembers nothing."""

    def register(self) -> None:
        """Make an object for all that is served here, and remove those of what is served no more."""
        wanted = dict(_wanted(self._api.server))
        for name, obj in wanted.items():
            if self._api.get(_KIND, "", name) is None:
                self._api.create(_KIND, obj)
        for found in self._api.list(_KIND):
            automatic = found["metadata"].get("labels", {}).get(_LABEL)
            if automatic and found["metadata"]["name"] not in wanted:
                self._api.delete(_KIND, "", found["metadata"]["name"])

    def _check(self, name: str) -> None:
        registered = self._api.get(_KIND, "", name)
        if registered is None or not registered["spec"].get("service"):
            return
        status, reason, message = self._verdict(registered["spec"])
        before: Obj = next(iter(registered.get("status", {}).get("conditions", ())), {})
        if (before.get("status"), before.get("reason"), before.get("message")) == (status, reason, message):
            return
        since = before["lastTransitionTime"] if before.get("status") == status else self._world.clock.timestamp()
        new = {"type": "Available", "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
        self._api.update_status(_KIND, {**registered, "status": {"conditions": [new]}})

    def _verdict(self, spec: Mapping[str, Any]) -> Verdict:
        service = spec["service"]
        namespace, name, port = service["namespace"], service["name"], service.get("port", 443)
        shown = f'service/{name} in "{namespace}"'
        found = self._api.get("Service", namespace, name)
        if found is None:
            return "False", "ServiceNotFound", f"{shown} is not present"
        listening = next((each for each in found["spec"].get("ports", ()) if each["port"] == port), None)
        if listening is None:
            return "False", "ServicePortError", f"{shown} is not listening on port {port}"
        endpoints = self._api.get("Endpoints", namespace, name) or {}
        if not any(subset.get("addresses") for subset in endpoints.get("subsets") or ()):
            text = f'endpoints for {shown} have no addresses with port name "{listening.get("name", "")}"'
            return "False", "MissingEndpoints", text
        url = f"https://{found['spec'].get('clusterIP', '')}:{port}/apis/{spec.get('group', '')}/{spec['version']}"
        cause = f'Get "{url}": dial tcp {found["spec"].get("clusterIP", "")}:{port}: connect: connection refused'
        return "False", "FailedDiscoveryCheck", f"failing or missing response from {url}: {cause}"


def _wanted(server: ApiServer) -> Iterator[tuple[str, Obj]]:
    served = {(place.group, place.version): kind for kind in server.kinds for place in kind.all_served()}
    for (group, version), kind in sorted(served.items(), key=lambda item: item[0]):
        custom = "types" in kind.facts
        if custom and "resource" not in kind.facts:
            continue  # measured, and answered by no object of the store
        priority, own = _CUSTOM if custom else (_PRIORITIES.get(group, 1000), _VERSIONS.get((group, version), 15))
        spec: dict[str, Any] = {"version": version, "groupPriorityMinimum": priority, "versionPriority": own}
        name = f"{version}.{group}"
        metadata = {"name": name, "labels": {_LABEL: "true" if custom else "onstart"}}
        yield name, {"metadata": metadata, "spec": {"group": group, **spec} if group else spec}


def foreign(server: ApiServer) -> Iterator[Obj]:
    """The APIServices that other servers are to answer for."""
    for found in server.storage.list(server.kinds.named(_KIND)):
        if found["spec"].get("service"):
            yield found


def is_foreign(server: ApiServer, group: str, version: str) -> bool:
    """Whether another server is to answer for the group and version."""
    found = server.storage.get(server.kinds.named(_KIND), "", f"{version}.{group}")
    return found is not None and bool(found["spec"].get("service"))
