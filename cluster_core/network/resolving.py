"""Names to addresses, as the C library of a pod or node does it: hosts file, search list, ndots, name servers in turn.

Models pkg/kubelet/network/dns for resolv.conf, and the resolvers of glibc and musl for the rest.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import yaml

from cluster_core.apiserver.client import Client
from cluster_core.machinery.dns import NXDOMAIN, SERVFAIL, Question, Reply
from cluster_core.machinery.typed import Obj
from cluster_core.network import outside
from cluster_core.network.carrying import Carrier, End, Origin, origin_of_pod
from cluster_core.network.places import address_of, on_host, pod_key
from cluster_core.network.trace import NO_DNS, REFUSED, TIMEOUT, Hop

CLUSTER_DNS, DOMAIN = "10.96.0.10", "cluster.local"
OwnDns = Callable[[Obj], tuple[list[str], str] | None]
WAIT, ATTEMPTS = 5.0, 2
LOOKUP = 0.0003


class ResolvConf(NamedTuple):
    """/etc/resolv.conf"""

    servers: tuple[str, ...] = (outside.RESOLVER,)
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def ndots(self) -> int:
        found = [option[6:] for option in self.options if option.startswith("ndots:")]
        return int(found[-1]) if found and found[-1].isdigit() else 1

    def text(self) -> str:
        lines = [f"search {' '.join(self.searches)}"] if self.searches else []
        lines += [f"nameserver {server}" for server in self.servers]
        return "\n".join([*lines, *([f"options {' '.join(self.options)}"] if self.options else []), ""])

    def candidates(self, name: str) -> list[str]:
        """The names that are asked for, in turn."""
        if name.endswith("."):
            return [name.rstrip(".")]
        searched = [f"{name}.{domain.rstrip('.')}" for domain in self.searches]
        return [name, *searched] if name.count(".") >= self.ndots else [*searched, name]


class Asked(NamedTuple):
    """How a name was looked up: the reply that counts, the name it is for, the server that gave it; failure: see trace."""

    reply: Reply
    name: str
    server: str = ""
    failure: str = ""
    refused: bool = False
    """Whether nobody was waited for: the questions were rejected on their way."""


def cluster_dns(api: Client) -> tuple[str, str]:
    """(address, domain) that kubelets write into pods' resolv.conf: their configuration's clusterDNS and clusterDomain."""
    found = api.get("ConfigMap", "kube-system", "kubelet-config")
    text = (found or {}).get("data", {}).get("kubelet", "")
    if "clusterDNS" not in text:
        return CLUSTER_DNS, DOMAIN
    known = _PARSED.get(text)
    if known is None:
        known = _PARSED[text] = _parsed(text)
    return known


_PARSED: dict[str, tuple[str, str]] = {}


def _parsed(text: str) -> tuple[str, str]:
    try:
        config: Any = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return CLUSTER_DNS, DOMAIN
    servers = config.get("clusterDNS") or [CLUSTER_DNS]
    return str(servers[0]), str(config.get("clusterDomain") or DOMAIN)


def resolv_conf(api: Client, pod: Obj | None, own: OwnDns = lambda pod: None) -> ResolvConf:
    """The resolv.conf in a pod's containers; None: a node's own. `own`: see links."""
    if pod is None:
        return ResolvConf()
    spec = pod["spec"]
    policy = spec.get("dnsPolicy", "ClusterFirst")
    if policy == "Default" or (policy == "ClusterFirst" and on_host(pod)):
        conf = ResolvConf()
    elif policy == "None":
        conf = ResolvConf((), (), ())
    else:
        server, domain = cluster_dns(api)
        servers, domain = own(pod) or ([server], domain)
        namespace = pod["metadata"]["namespace"]
        conf = ResolvConf(tuple(servers), (f"{namespace}.svc.{domain}", f"svc.{domain}", domain), ("ndots:5",))
    return _with(conf, spec.get("dnsConfig") or {})


def _with(conf: ResolvConf, more: Obj) -> ResolvConf:
    """The pod's own dnsConfig on top."""
    if not more:
        return conf
    servers = tuple(dict.fromkeys((*conf.servers, *(more.get("nameservers") or ()))))[:3]
    searches = tuple(dict.fromkeys((*conf.searches, *(more.get("searches") or ()))))
    wanted = [f"{each['name']}:{each['value']}" if each.get("value") else each["name"] for each in more.get("options") or ()]
    replaced = {option.partition(":")[0] for option in wanted}
    kept = [option for option in conf.options if option.partition(":")[0] not in replaced]
    return ResolvConf(servers, searches, (*kept, *wanted))


def hosts(api: Client, origin: Origin, pod: Obj | None) -> dict[str, str]:
    """/etc/hosts: name -> address."""
    found = {"localhost": "127.0.0.1", "ip6-localhost": "127.0.0.1"}
    if pod is not None:
        for alias in pod["spec"].get("hostAliases") or ():
            found |= dict.fromkeys(alias.get("hostnames") or (), alias["ip"])
        name, subdomain = pod["spec"].get("hostname") or pod["metadata"]["name"], pod["spec"].get("subdomain")
        found[name] = origin.ip
        if subdomain:
            found[f"{name}.{subdomain}.{pod['metadata']['namespace']}.svc.{cluster_dns(api)[1]}"] = origin.ip
    elif origin.node:
        found |= {node["metadata"]["name"]: address_of(node) for node in api.list("Node")}
    return found


def is_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 4
    except ValueError:
        return False


class Resolver:
    """Looks names up for one origin."""

    def __init__(self, carrier: Carrier, origin: Origin, conf: ResolvConf) -> None:
        self.carrier, self.origin, self.conf = carrier, origin, conf

    def lookup(self, name: str, kind: str = "A", servers: Iterable[str] = ()) -> Asked:
        """Follow the search list until a name exists. `servers` in place of those of resolv.conf."""
        asked = Asked(Reply(NXDOMAIN), name.rstrip("."))
        for candidate in self.conf.candidates(name.lower()):
            asked = self.ask(Question(candidate, kind), servers)
            if asked.failure or (asked.reply.answers and asked.reply.code == "NOERROR"):
                return asked
        return asked

    def ask(self, question: Question, servers: Iterable[str] = ()) -> Asked:
        """One question to the first server that replies."""
        chosen, silent = tuple(servers) or self.conf.servers, 0
        for server in chosen:
            reply = self._query(self.origin, server, question)
            if isinstance(reply, Reply):
                return Asked(reply, question.name, server)
            silent += reply != REFUSED
        seconds = WAIT * ATTEMPTS * silent if chosen else WAIT
        text = f"no name server answers ({', '.join(chosen)})" if chosen else "there is no name server in resolv.conf"
        self.carrier.hops.append(Hop("dns", f"{question.name}: {text}", seconds, self.origin.node))
        return Asked(Reply(SERVFAIL), question.name, chosen[0] if chosen else "", NO_DNS, bool(chosen) and not silent)

    def _query(self, origin: Origin, server: str, question: Question) -> Reply | str:
        """The reply, or how the question failed."""
        carrier = self.carrier
        above, carrier.hops = carrier.hops, []
        end = carrier.connect(origin, server, 53, "UDP")
        reply, how = self._reply(end, question) if not end.failure else (None, [])
        inner, carrier.hops = carrier.hops, above
        facts: dict[str, Any] = {"question": question.name, "type": question.type, "server": server}
        facts["hops"] = [hop.encode() for hop in inner]
        if reply is not None:
            facts |= {"code": reply.code, "answers": [list(record) for record in reply.answers], "how": how}
            data = ", ".join(record.data for record in reply.answers) or reply.code
            text = f"{question.name} {question.type}? {data}"
        else:
            text = f"{question.name} {question.type}? {inner[-1].text if inner else 'no answer'} (asking {server})"
        pod = pod_key(end.pod) if end.pod is not None else ""
        seconds = LOOKUP + sum(hop.seconds for hop in inner if reply is not None)
        carrier.hops.append(Hop("dns", text, seconds, end.node or origin.node, pod, facts))
        return end.failure or TIMEOUT if reply is None else reply

    def _reply(self, end: End, question: Question) -> tuple[Reply | None, list[str]]:
        """What answers on port 53 where the question has arrived."""
        if end.pod is None and not end.node:
            return (outside.lookup(question), ["the world outside"]) if outside.is_resolver(end.ip) else (None, [])
        pod = end.pod
        if pod is None or self.carrier.links.containers.listener(pod, end.port, "UDP") is None:
            return None, []

        def upstream(server: str, further: Question) -> Reply:
            target = outside.RESOLVER if server.startswith("/") else server.removeprefix("dns://").partition(":")[0]
            reply = self._query(origin_of_pod(pod), target, further)
            return reply if isinstance(reply, Reply) else Reply(SERVFAIL, authoritative=False)

        return self.carrier.links.name_server(pod, question, end.client, upstream) or (None, [])
