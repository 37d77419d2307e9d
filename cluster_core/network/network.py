"""The cluster's network: requests from anywhere to anything, answered with all that happens on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cluster_core.apiserver.parts import Change
from cluster_core.apiserver.world import World
from cluster_core.machinery.ingressclasses import controller_of, own_ports
from cluster_core.machinery.typed import Obj
from cluster_core.network import ingresses, nodeports, outside, trace
from cluster_core.network.carrying import NEAR, OUTER, Carrier, End, Origin, origin_of_node, origin_of_pod
from cluster_core.network.links import Links
from cluster_core.network.places import Places, on_host, pod_key
from cluster_core.network.resolving import Resolver, hosts, is_address, resolv_conf
from cluster_core.network.trace import Call, Hop, Response, Source, Trace

_PORTS = {"http": 80, "https": 443, "redis": 6379, "tcp": 80, "udp": 53}
SCHEMES = tuple(_PORTS)
THINKING = 0.001


class Network:
    """The part "network"."""

    name = "network"
    kinds = frozenset(("Node",))

    def __init__(self, world: World, links: Links) -> None:
        self.world, self.links = world, links
        self.api = world.client("system:network")
        self.places = Places(self.api)
        self._asked = 0

    # ------------------------------------------------------------------------------------------------ asking

    def conversation(self, source: Source, probing: bool = False) -> Conversation:
        """What one program at the source may do: look up names, connect, ask. Chance is drawn per conversation; for probes,
        which must be the same however often they are gone through, per source and moment."""
        if probing:
            stream = self.world.seed.stream("network", *source, self.world.clock.now)
        else:
            self._asked += 1
            stream = self.world.seed.stream("network", self._asked)
        carrier = Carrier(self.api, self.places, self.links, stream.random)
        return Conversation(self, source, carrier)

    def request(self, source: Source, target: str, call: Call | None = None) -> Trace:
        """One request. target: a URL, host:port or a host; `call` gives method, headers and body."""
        return self.conversation(source).request(target, call or Call())

    # ------------------------------------------------------------------------------------------------ a part

    def observe(self, change: Change) -> None:
        self.places.observe(change)

    def run(self, key: str) -> None:
        """Nothing is planned under this name."""

    def dump(self) -> Any:
        return {"asked": self._asked} if self._asked else {}

    def load(self, state: Any) -> None:
        self._asked = state.get("asked", 0)


class Work(NamedTuple):
    """What a container has done for who asked: microseconds of CPU, and the pods that share such requests with its own."""

    pod: Obj
    container: str
    cpu: int
    sharers: Callable[[], list[Obj]]


_MOST_SHARERS = 50


class Conversation:
    """One program at a source, talking."""

    def __init__(self, network: Network, source: Source, carrier: Carrier) -> None:
        self.network, self.source, self.carrier = network, source, carrier
        self.api, self.links = network.api, network.links
        self.work: list[Work] = []
        """What it has cost others so far."""
        self.pod: Obj | None = None
        self.origin: Origin | None = self._origin()
        self.conf = resolv_conf(self.api, self.pod, self.links.own_dns)

    def _origin(self) -> Origin | None:
        """None when there is no such source, or nothing runs there."""
        if self.source.kind == "outside":
            return OUTER
        if self.source.kind == "node":
            node = self.api.get("Node", "", self.source.name)
            return origin_of_node(node) if node is not None and self.links.is_up(self.source.name) else None
        self.pod = self.api.get("Pod", self.source.namespace, self.source.name)
        if self.pod is None or not self.pod.get("status", {}).get("podIP"):
            return None
        return origin_of_pod(self.pod) if self.links.is_up(self.pod["spec"].get("nodeName", "")) else None

    @property
    def resolver(self) -> Resolver:
        assert self.origin is not None
        return Resolver(self.carrier, self.origin, self.conf)

    def resolve(self, host: str) -> tuple[str, str]:
        """(address, "") of a name, or ("", failure)."""
        if is_address(host):
            return host, ""
        assert self.origin is not None
        known = hosts(self.api, self.origin, self.pod).get(host)
        if known:
            return known, ""
        asked = self.resolver.lookup(host)
        if asked.failure:
            return "", asked.failure
        addresses = asked.reply.addresses()
        if not addresses:
            return "", trace.SERVFAIL if asked.reply.code == "SERVFAIL" else trace.NXDOMAIN
        return addresses[int(self.carrier.chance() * len(addresses))], ""

    # ------------------------------------------------------------------------------------------------ requests

    def request(self, target: str, call: Call) -> Trace:
        result = Trace(self.source, target, hops=self.carrier.hops)
        host, call = parsed(target, call)
        result.name, result.port, result.call = host, call.port, call
        if self.origin is None:
            return self._nowhere(result)
        self.carrier.hops.append(Hop("source", f"{self._words()} asks {host}:{call.port}", 0.0, self.origin.node, self._pod_key()))
        result.address, failure = self.resolve(host)
        if failure:
            result.outcome = failure
            return result
        self.exchange(self.origin, result, call, 0)
        return result

    def connect(self, address: str, call: Call) -> Trace:
        """As `request`, to an address that is known already: no name is looked up."""
        result = Trace(self.source, address, hops=self.carrier.hops, address=address, port=call.port, name=address, call=call)
        if self.origin is None:
            return self._nowhere(result)
        self.exchange(self.origin, result, call, 0)
        return result

    def _nowhere(self, result: Trace) -> Trace:
        result.outcome = trace.NO_SOURCE
        text = f"{self.source.kind} {self.source.name} does not run: nothing can be sent from there"
        self.carrier.hops.append(Hop("failure", text))
        return result

    def _words(self) -> str:
        if self.source.kind == "pod":
            return f"pod {self._pod_key()}"
        return "somebody outside" if self.source.kind == "outside" else f"node {self.source.name}"

    def _pod_key(self) -> str:
        return pod_key(self.pod) if self.pod is not None else ""

    def exchange(self, origin: Origin, result: Trace, call: Call, depth: int) -> None:
        """Connect to result.address and ask; fills in outcome and response."""
        end = self.carrier.connect(origin, result.address, call.port, call.protocol)
        if end.failure:
            result.outcome = end.failure
            return
        call = call._replace(client=end.client, port=end.port)
        if end.pod is not None:
            self._ask_pod(end, end.pod, result, call, depth)
        elif end.node:
            self._ask_node(end, result, call, depth)
        else:
            self._ask_outside(end, result, call)

    def _finish(self, result: Trace, response: Response | None, hop: Hop) -> None:
        """The other side's answer, None when nobody listens."""
        self.carrier.hops.append(hop)
        if response is None:
            result.outcome = trace.REFUSED
            hop.facts["failure"] = trace.REFUSED
            return
        result.response = response
        result.outcome = trace.ANSWERED if response.status or response.body else trace.OPEN
        hop.seconds = THINKING + response.seconds
        if response.status:
            hop.facts["status"] = response.status

    def _ask_outside(self, end: End, result: Trace, call: Call) -> None:
        response = outside.answer(call)
        text = f"{end.ip}:{call.port} outside the cluster answers" if response else f"{end.ip}:{call.port} refuses"
        self._finish(result, response, Hop("outside", text))

    def _ask_pod(self, end: End, pod: Obj, result: Trace, call: Call, depth: int) -> None:
        container = self.links.containers.listener(pod, call.port, call.protocol)
        where = f"pod {pod_key(pod)}"
        if container is None:
            text = f"nothing listens on port {call.port} in {where}: connection refused"
            self._finish(result, None, Hop("container", text, NEAR, end.node, pod_key(pod)))
            return
        controller = controller_of(pod) if call.scheme in ("http", "https") else ""
        if controller and depth == 0 and call.port not in own_ports(pod):
            self._ask_ingress(controller, pod, result, call)
            return
        response = self.links.containers.answer(pod, container, call)
        self.work.append(Work(pod, container, response.cpu, lambda: self._sharers(result, pod, call)))
        text = f"container {container} of {where} answers"
        if response.status:
            text += f" {response.status}"
        self._finish(result, response, Hop("container", text, 0.0, end.node, pod_key(pod)))

    def _sharers(self, result: Trace, pod: Obj, call: Call) -> list[Obj]:
        """All pods that the rules on the way might have chosen, each as likely; only this one when they do not choose it."""
        assert self.origin is not None
        found: dict[str, Obj] = {}
        for skipped in range(_MOST_SHARERS):
            carrier = Carrier(self.api, self.carrier.places, self.links, _last_of(skipped))
            end = carrier.connect(self.origin, result.address, result.call.port, call.protocol)
            if end.pod is None or end.pod["metadata"]["uid"] in found:
                break
            found[end.pod["metadata"]["uid"]] = end.pod
        return list(found.values()) if pod["metadata"]["uid"] in found else [pod]

    # ------------------------------------------------------------------------------------------------ nodes

    def _ask_node(self, end: End, result: Trace, call: Call, depth: int) -> None:
        """A program on the machine itself: part of the control plane, kubelet, or a pod on the host's network."""
        port, node = call.port, end.node
        for pod in self.api.on_node("Pod", node):
            if on_host(pod) and not _is_static(pod) and self.links.containers.listener(pod, port, call.protocol):
                self._ask_pod(end, pod, result, call, depth)
                return
        response = nodeports.answer(self.api, self.links, node, call)
        text = f"port {port} of node {node} " + ("answers" if response else "is closed: connection refused")
        self._finish(result, response, Hop("node", text, NEAR, node))

    # ------------------------------------------------------------------------------------------------ ingress

    def _ask_ingress(self, controller: str, pod: Obj, result: Trace, call: Call) -> None:
        chosen = ingresses.choose(self.api, controller, call)
        where = (pod["spec"].get("nodeName", ""), pod_key(pod))
        if chosen is None:
            text = f"ingress controller {where[1]}: no Ingress is for {call.host}{call.plain}"
            self._finish(result, _page(404, "Not Found"), Hop("ingress", text, 0.0, *where))
            return
        text = f"Ingress {chosen.ingress} sends {call.host}{call.plain} to service {chosen.namespace}/{chosen.service}:{chosen.port}"
        hop = Hop("ingress", text, NEAR, *where, {"ingress": chosen.ingress})
        if chosen.redirect:
            moved = _page(308, "Permanent Redirect")
            location = f"https://{call.host}{call.path}"
            self._finish(result, moved._replace(headers=(("Location", location),)), hop)
            return
        self._forward(pod, chosen, result, call, hop)

    def _forward(self, pod: Obj, chosen: ingresses.Chosen, result: Trace, call: Call, hop: Hop) -> None:
        behind = ingresses.backends(self.api, chosen)
        if not behind:
            hop.text += ": there is no such service" if behind is None else ": it has no ready endpoints"
            self._finish(result, _page(503, "Service Temporarily Unavailable"), hop)
            return
        self.carrier.hops.append(hop)
        ip, port = behind[int(self.carrier.chance() * len(behind))]
        hop.facts["backend"] = f"{ip}:{port}"
        inner = Trace(result.source, result.target, hops=result.hops, address=ip)
        sent = call._replace(path=chosen.path, port=port, scheme="http", headers=ingresses.forwarded(call))
        self.exchange(origin_of_pod(pod), inner, sent, 1)
        result.outcome, result.response = trace.ANSWERED, inner.response
        if inner.outcome == trace.REFUSED:
            result.response = _page(502, "Bad Gateway")
        elif inner.outcome != trace.ANSWERED:
            result.response = _page(504, "Gateway Time-out")


def _last_of(skipped: int) -> Callable[[], float]:
    """Chance that lets so many rules pass by and takes the next one."""
    draws = iter([1 - 1e-9] * skipped)
    return lambda: next(draws, 0.0)


def _is_static(pod: Obj) -> bool:
    return "kubernetes.io/config.mirror" in pod["metadata"].get("annotations", {})


def _page(status: int, title: str) -> Response:
    head = f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n<center><h1>{status} {title}</h1></center>\r\n"
    return Response(status, f"{head}<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n", "text/html", "nginx")


def parsed(target: str, call: Call) -> tuple[str, Call]:
    """(host, the call with scheme, port, path and Host header as the target says)."""
    with_scheme = "://" in target
    try:
        parts = urlsplit(target if with_scheme else f"{call.scheme}://{target}")
    except ValueError:  # brackets that hold no address
        parts = urlsplit(f"{call.scheme}://")
    host = parts.hostname or ""
    scheme = parts.scheme or call.scheme
    try:
        port = parts.port or _PORTS.get(scheme, 80)
    except ValueError:
        port = 0
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = next((value for name, value in call.headers.items() if name.lower() == "host"), "")
    shown = host if port == _PORTS.get(scheme) else f"{host}:{port}"
    protocol = "UDP" if scheme == "udp" else call.protocol
    return host, call._replace(scheme=scheme, host=named or shown, port=port, path=path, protocol=protocol)
