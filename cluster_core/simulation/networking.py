"""The network put together with what it runs through: kube-proxies, CoreDNS, machines and containers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl

from cluster_core.apiserver.request import ApiRequest
from cluster_core.apiserver.server import ApiServer
from cluster_core.kubelet import surroundings
from cluster_core.kubelet.fleet import Fleet
from cluster_core.kubeproxy.proxies import Proxies
from cluster_core.machinery.containers import Launch
from cluster_core.machinery.dns import Question, Reply
from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj
from cluster_core.network import accesslogs
from cluster_core.network.answers import Program, respond
from cluster_core.network.links import Links, Listening, Upstream
from cluster_core.network.network import Network
from cluster_core.network.trace import Call, Response, Source, Trace
from cluster_core.simulation import containertools, nameserving
from cluster_core.simulation.nodes import containers_of, fleet_of, park_of
from cluster_core.workloads import listening
from cluster_core.workloads.imagefiles import image_files
from cluster_core.workloads.lives import life_of
from cluster_core.workloads.process import Process, request_cost

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster



def network_of(cluster: Cluster) -> Network:
    return cast(Network, cluster.parts["network"])


def proxies_of(cluster: Cluster) -> Proxies:
    return cast(Proxies, cluster.parts["kube-proxy"])


def add_network(cluster: Cluster) -> None:
    """Give the cluster its proxies and its network."""
    proxies = Proxies(cluster.world)
    cluster.add_part(proxies)
    wires = _Wires(cluster)
    answers = _ContainerAnswers(cluster)
    links = Links(proxies, answers, answers.name_server, wires.is_up, wires.has_kubelet, wires.api_server, wires.own_dns)
    network = Network(cluster.world, links)
    cluster.add_part(network)
    containertools.install(containers_of(cluster), network)


class _Wires:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._api = cluster.world.client("system:network")

    def is_up(self, node: str) -> bool:
        """A machine with power; a node without a machine of ours is up while it is ready."""
        machine = park_of(self._cluster).get(node)
        if machine is not None:
            return machine.state == "on"
        found = self._api.get("Node", "", node)
        conditions = found.get("status", {}).get("conditions", ()) if found else ()
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def has_kubelet(self, node: str) -> bool:
        machine = park_of(self._cluster).get(node)
        return machine is not None and machine.well

    def own_dns(self, pod: Obj) -> tuple[list[str], str] | None:
        known = fleet_of(self._cluster).environs.dns.get(pod["metadata"].get("uid", ""))
        return (list(known[0]), str(known[1])) if known else None

    def api_server(self, call: Call) -> Response | None:
        """As whoever the request's token says, or nobody, hears it."""
        from cluster_core.simulation.control import control_of

        if not control_of(self._cluster).is_running("kube-apiserver"):
            return None
        if call.scheme != "https":
            return Response(400, "Client sent an HTTP request to an HTTPS server.\n")
        path, _, query = call.path.partition("?")
        headers = {name.lower(): value for name, value in call.headers.items()}
        request = ApiRequest(call.method, path, parse_qsl(query, keep_blank_values=True), headers, call.body.encode())
        if ApiServer.is_watch(request):
            return Response(406, "a watch is not followed here: list instead\n")
        answer = self._cluster.server.submit(request)
        return Response(answer.status, answer.body.decode("utf-8", "replace"), answer.content_type)


class _ContainerAnswers:
    """What listens in containers and what it says."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @property
    def _fleet(self) -> Fleet:
        return fleet_of(self._cluster)

    def _is_played(self, pod: Obj) -> bool:
        """Whether KWOK only plays its node: then everything that is declared answers."""
        return pod["spec"].get("nodeName") in self._fleet.fake

    def listener(self, pod: Obj, port: int, protocol: str) -> str | None:
        """The container that listens."""
        for container in (*pod["spec"]["containers"], *_sidecars(pod)):
            if self._listens(pod, container, port, protocol):
                return str(container["name"])
        return None

    def open_ports(self, pod: Obj) -> list[Listening]:
        found = []
        for container in (*pod["spec"]["containers"], *_sidecars(pod)):
            launch, process = self._running(pod, container)
            numbers = {*process.program.ports, *process.program.udp, *(each["containerPort"] for each in container.get("ports", ()))}
            numbers |= set(listening.open_ports(launch, process))
            found += [
                Listening(port, protocol, process.program.name)
                for port in sorted(numbers) for protocol in ("TCP", "UDP") if self._listens(pod, container, port, protocol)
            ]  # fmt: skip
        return found

    def _listens(self, pod: Obj, container: Obj, port: int, protocol: str) -> bool:
        running = (_status(pod, container["name"]) or {}).get("state", {}).get("running")
        if not running:
            return False
        if self._is_played(pod):
            return any(each["containerPort"] == port for each in container.get("ports", ()))
        launch, process = self._running(pod, container)
        return listening.is_open(launch, process, parse_time(running["startedAt"]), port, protocol)

    def _running(self, pod: Obj, container: Obj) -> tuple[Launch, Process]:
        try:
            found = self._fleet.environs.of(pod, container)
        except surroundings.Missing:
            found = surroundings.nothing(container)
        status = _status(pod, container["name"]) or {}
        now = self._fleet.clock.now
        launch = Launch(pod, found.container, status.get("restartCount", 0), pod["spec"]["nodeName"], found.environment, found.files, now, found.changes)
        started = status.get("state", {}).get("running", {}).get("startedAt")
        return containers_of(self._cluster).running(launch, parse_time(started) if started else now)

    def answer(self, pod: Obj, container: str, call: Call) -> Response:
        found = next(each for each in (*pod["spec"]["containers"], *_sidecars(pod)) if each["name"] == container)
        if self._is_played(pod):
            return respond(Program(pod, found, {}, {}, self._fleet.clock.now), call)
        launch, process = self._running(pod, found)
        ask, run = self._asker(pod, container), self._runner(pod, container)
        left, serving = (process.trace.files, process.trace.serving) if process.trace else ({}, ())
        memory = containers_of(self._cluster).memory_of(launch)
        brought = {path: text for path, text in image_files(found["image"]).items() if path not in launch.gone()}
        files = {**brought, **launch.files_now(left)}
        program = Program(pod, found, files, launch.environment, launch.now, launch.gone(), ask, run, serving, process.says, memory)
        response = self._worked(launch, process, respond(program, call, process.program.name))
        noted = accesslogs.line(process.program.name, call, response, launch.now)
        if noted:
            containers_of(self._cluster).note(launch, noted)
        return response

    def _worked(self, launch: Launch, process: Process, response: Response) -> Response:
        """The response with what it has cost the container."""
        cpu, seconds = request_cost(launch, process.program)
        containers_of(self._cluster).meter.count(life_of(launch), cpu, launch.now)
        return response._replace(cpu=cpu, seconds=response.seconds + seconds)

    def name_server(self, pod: Obj, question: Question, client: str, upstream: Upstream) -> tuple[Reply, list[str]] | None:
        container = nameserving.container_of(pod)
        if container is None:
            return None
        launch, _ = self._running(pod, container)
        started = parse_time((_status(pod, container["name"]) or {})["state"]["running"]["startedAt"])
        life = nameserving.life(launch, started, launch.now)
        if life is None:
            return None
        api = self._cluster.world.client("system:network")
        one = nameserving.NameServer(api, life.corefile, str(pod["status"].get("podIP", "")), launch.now)
        told = one.answer(nameserving.Asked(question, client), upstream)
        for line in one.log:
            containers_of(self._cluster).note(launch, line)
        return told

    def _asker(self, pod: Obj, container: str) -> Callable[[str, Call], Trace]:
        source = Source("pod", pod["metadata"]["name"], pod["metadata"]["namespace"], container)
        return lambda target, call: network_of(self._cluster).request(source, target, call)

    def _runner(self, pod: Obj, container: str) -> Callable[[str], tuple[int, str]]:
        def run(command: str) -> tuple[int, str]:
            done = self._fleet.inside.execute(pod, container, ["sh", "-c", command])
            return done.exit_code, done.stdout + done.stderr

        return run


def _sidecars(pod: Obj) -> list[Obj]:
    return [each for each in pod["spec"].get("initContainers") or () if each.get("restartPolicy") == "Always"]


def _status(pod: Obj, name: str) -> Obj | None:
    status = pod.get("status", {})
    for key in ("containerStatuses", "initContainerStatuses"):
        for found in status.get(key) or ():
            if found["name"] == name:
                return found  # type: ignore[no-any-return]
    return None
