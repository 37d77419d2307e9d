"""The records of one cluster's services and pods. Models CoreDNS' plugin kubernetes and the DNS specification of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cluster_core.apiserver.client import Client
from cluster_core.machinery.dns import NXDOMAIN, Question, Record, Reply
from cluster_core.machinery.typed import Obj

SERVICE_NAME = "kubernetes.io/service-name"


class Options(NamedTuple):
    """What the Corefile says of the plugin kubernetes."""

    ttl: int = 5
    pods: str = "disabled"
    """disabled, insecure (any address has a name), verified (those of pods only)"""
    namespaces: tuple[str, ...] = ()


class Target(NamedTuple):
    """An endpoint behind a headless service: the first label of its name, address, and ports by (name, protocol)."""

    label: str
    ip: str
    ports: Sequence[tuple[str, str, int]]


def lookup(api: Client, zone: str, question: Question, options: Options) -> Reply:
    """The answer for a name in the zone."""
    name, kind = question
    labels = name[: -len(zone)].rstrip(".").split(".") if name != zone else []
    if not labels:
        return Reply()
    if labels == ["dns-version"]:
        return Reply(answers=(Record(name, "TXT", options.ttl, '"1.1.0"'),) if kind == "TXT" else ())
    if labels[-1] == "svc":
        return _Services(api, zone, question, options).answer(labels[:-1])
    if labels[-1] == "pod":
        return _pod(api, question, labels[:-1], options)
    return Reply(NXDOMAIN)


def _hidden(api: Client, namespace: str, options: Options) -> bool:
    if options.namespaces and namespace not in options.namespaces:
        return True
    return api.get("Namespace", "", namespace) is None


def _pod(api: Client, question: Question, labels: list[str], options: Options) -> Reply:
    """10-244-1-2.namespace.pod.zone"""
    if options.pods == "disabled" or not labels or _hidden(api, labels[-1], options):
        return Reply(NXDOMAIN)
    if len(labels) == 1:
        return Reply()
    ip = labels[0].replace("-", ".")
    parts = ip.split(".")
    well_formed = len(labels) == 2 and len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
    if not well_formed or (options.pods == "verified" and not _is_pod(api, labels[1], ip)):
        return Reply(NXDOMAIN)
    return Reply(answers=(Record(question.name, "A", options.ttl, ip),) if question.type == "A" else ())


def _is_pod(api: Client, namespace: str, ip: str) -> bool:
    return any(pod.get("status", {}).get("podIP") == ip for pod in api.list("Pod", namespace))


class _Services:
    """Answers under svc.ZONE."""

    def __init__(self, api: Client, zone: str, question: Question, options: Options) -> None:
        self.api, self.zone, self.question, self.options = api, zone, question, options

    def answer(self, labels: list[str]) -> Reply:
        """labels: [[_port, _protocol | endpoint], service, namespace]"""
        if not labels:
            return Reply()
        namespace = labels[-1]
        if _hidden(self.api, namespace, self.options):
            return Reply(NXDOMAIN)
        if len(labels) == 1:
            return Reply()
        service = self.api.get("Service", namespace, labels[-2])
        if service is None or len(labels) > 4:
            return Reply(NXDOMAIN)
        if service["spec"].get("type") == "ExternalName":
            return self._alias(service) if len(labels) == 2 else Reply(NXDOMAIN)
        if service["spec"].get("clusterIP") == "None":
            return self._headless(service, labels[:-2])
        return self._cluster_ip(service, labels[:-2])

    def _reply(self, found: bool, answers: Iterable[Record], extra: Iterable[Record] = ()) -> Reply:
        return Reply(answers=tuple(answers), extra=tuple(extra)) if found else Reply(NXDOMAIN)

    def _record(self, kind: str, data: str, name: str = "") -> Record:
        return Record(name or self.question.name, kind, self.options.ttl, data)

    def _alias(self, service: Obj) -> Reply:
        return self._reply(True, [self._record("CNAME", service["spec"]["externalName"].rstrip(".") + ".")])

    def _full_name(self, service: Obj, label: str = "") -> str:
        metadata = service["metadata"]
        name = f"{metadata['name']}.{metadata['namespace']}.svc.{self.zone}"
        return f"{label}.{name}" if label else name

    def _cluster_ip(self, service: Obj, before: list[str]) -> Reply:
        ip, ports = service["spec"].get("clusterIP", ""), service["spec"].get("ports", ())
        if len(before) == 1:
            return Reply(NXDOMAIN)
        chosen = [port for port in ports if _is_asked(before, port.get("name", ""), port.get("protocol", "TCP"))]
        if not before and self.question.type == "A":
            return self._reply(True, [self._record("A", ip)])
        if self.question.type != "SRV":
            return self._reply(not before or bool(chosen), ())
        target = self._full_name(service)
        answers = [self._record("SRV", f"0 {_weight(len(chosen))} {port['port']} {target}.") for port in chosen]
        return self._reply(bool(chosen), answers, [self._record("A", ip, target)])

    def _headless(self, service: Obj, before: list[str]) -> Reply:
        targets = self._targets(service)
        if len(before) == 1:
            targets = [target for target in targets if target.label == before[0]]
            before = []
            if not targets:
                return Reply(NXDOMAIN)
        chosen = [
            (target, number)
            for target in targets
            for name, protocol, number in target.ports
            if _is_asked(before, name, protocol)
        ]
        if self.question.type == "SRV":
            return self._endpoints_srv(service, chosen)
        if before:
            return self._reply(bool(chosen), ())
        answers = [self._record("A", ip) for ip in dict.fromkeys(target.ip for target in targets)]
        return self._reply(bool(targets), answers if self.question.type == "A" else ())

    def _endpoints_srv(self, service: Obj, chosen: list[tuple[Target, int]]) -> Reply:
        weight = _weight(len(chosen))
        answers = [
            self._record("SRV", f"0 {weight} {number} {self._full_name(service, target.label)}.") for target, number in chosen
        ]
        names = {target.label: target.ip for target, _ in chosen}
        extra = [self._record("A", ip, self._full_name(service, label)) for label, ip in names.items()]
        return self._reply(bool(chosen), answers, extra)

    def _targets(self, service: Obj) -> list[Target]:
        """The endpoints that are ready, or all when the service publishes those that are not."""
        found: list[Target] = []
        for each in _slices(self.api, service):
            ports = [
                (port.get("name") or "", port.get("protocol", "TCP"), port.get("port") or 0) for port in each.get("ports") or ()
            ]
            for endpoint in each.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready") is not False:
                    found += [Target(_label(endpoint, ip), ip, ports) for ip in endpoint["addresses"]]
        return found


def _slices(api: Client, service: Obj) -> list[Obj]:
    """The service's slices: those it owns, else those that name it."""
    owned = api.owned("EndpointSlice", service["metadata"].get("uid", ""))
    if service["spec"].get("selector") and owned:
        return owned
    metadata = service["metadata"]
    everything = api.list("EndpointSlice", metadata["namespace"])
    return [each for each in everything if each["metadata"].get("labels", {}).get(SERVICE_NAME) == metadata["name"]]


def _label(endpoint: Obj, ip: str) -> str:
    return str(endpoint.get("hostname") or ip.replace(".", "-"))


def _is_asked(before: list[str], name: str, protocol: str) -> bool:
    """Whether "_port._protocol" in front of the service's name means this port; nothing means all."""
    return not before or (before[0].removeprefix("_") == name and before[1].removeprefix("_") == protocol.lower())


def _weight(number: int) -> int:
    return 100 // number if number else 100
