"""One CoreDNS answering a question, as its Corefile tells it. Models the order and the behaviour of CoreDNS' plugins
rewrite, template, hosts, kubernetes and forward; caches and logs change nothing that can be seen here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cluster_core.apiserver.client import Client
from cluster_core.coredns import records
from cluster_core.coredns.corefile import Plugin, Server, parse, zone_of
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.dns import NXDOMAIN, REFUSED, SERVFAIL, Question, Record, Reply
from cluster_core.machinery.timestamps import parse_time

Upstream = Callable[[str, Question], Reply]
"""Asks a name server, by address or "/etc/resolv.conf", on behalf of CoreDNS. SERVFAIL when it does not answer."""


@dataclass(slots=True)
class Told:
    """A reply and how it came about."""

    reply: Reply
    how: list[str] = field(default_factory=list)


def answer(api: Client, corefile: str, question: Question, upstream: Upstream) -> Told:
    """What CoreDNS replies. Raises CorefileError when it cannot even start."""
    server = block(corefile, question.name)
    if server is None:
        return Told(Reply(REFUSED), ["no server block is for this name"])
    return _Asked(api, server, upstream).answer(question)


def is_within(name: str, zone: str) -> bool:
    return not zone or name == zone or name.endswith("." + zone)


def block(corefile: str, name: str) -> Server | None:
    """The server block with the longest zone that the name is in. Raises CorefileError."""
    fitting = [(len(zone), server) for server in parse(corefile) for zone in server.zones if is_within(name, zone)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


class _Asked:
    """One question on its way through the plugins."""

    def __init__(self, api: Client, server: Server, upstream: Upstream) -> None:
        self.api, self.server, self.upstream = api, server, upstream

    def answer(self, question: Question) -> Told:
        told = Told(Reply())
        asked = self._rewritten(question, told)
        told.reply = self._chain(asked, told)
        if told.reply.answers and told.reply.answers[-1].type == "CNAME" and question.type != "CNAME":
            self._follow(told)
        if asked.name != question.name:
            told.reply = _renamed(told.reply, asked.name, question.name)
        return told

    # ------------------------------------------------------------------------------------------------ plugins

    def _rewritten(self, question: Question, told: Told) -> Question:
        for plugin in self.server.named("rewrite"):
            name = _rewrite(plugin, question.name)
            if name is not None and name != question.name:
                told.how.append(f"rewrite: {question.name} is asked for as {name}")
                return question._replace(name=name)
        return question

    def _chain(self, question: Question, told: Told) -> Reply:
        for name, ask in (("hosts", self._hosts), ("kubernetes", self._kubernetes), ("forward", self._forward)):
            for plugin in self.server.named(name):
                reply = ask(plugin, question)
                if reply is not None:
                    told.how.append(f"{name}: {reply.code}")
                    return reply
        told.how.append("no plugin answers")
        return Reply(REFUSED, authoritative=False)

    def _hosts(self, plugin: Plugin, question: Question) -> Reply | None:
        zones = [arg for arg in plugin.args if not arg.startswith("/")]
        if zones and not any(is_within(question.name, zone_of(zone)) for zone in zones):
            return None
        found = [
            Record(question.name, "A", 3600, line[0])
            for line in plugin.lines
            if _is_address(line[0]) and question.name in [zone_of(word) for word in line[1:]]
        ]
        if found:
            return Reply(answers=tuple(found) if question.type == "A" else ())
        through = plugin.option("fallthrough")
        return None if _falls(through, question.name) else Reply(NXDOMAIN)

    def _kubernetes(self, plugin: Plugin, question: Question) -> Reply | None:
        zones = [zone_of(arg) for arg in plugin.args] or list(self.server.zones)
        zone = max((zone for zone in zones if is_within(question.name, zone)), key=len, default=None)
        if zone is None:
            return None
        if zone.endswith(".arpa"):
            reply = _reverse(self.api, question, zones, _options(plugin))
        else:
            reply = records.lookup(self.api, zone, question, _options(plugin))
        if reply.code == NXDOMAIN and _falls(plugin.option("fallthrough"), question.name):
            return None
        return reply if reply.answers else reply._replace(authority=(_beginning(self.api, zone, _options(plugin)),))

    def _forward(self, plugin: Plugin, question: Question) -> Reply | None:
        if not plugin.args or not is_within(question.name, zone_of(plugin.args[0])):
            return None
        excepted = plugin.option("except") or ()
        if any(is_within(question.name, zone_of(zone)) for zone in excepted):
            return None
        targets = plugin.args[1:]
        if not targets:
            return Reply(SERVFAIL)
        return self.upstream(targets[0], question)._replace(authoritative=False)

    def _follow(self, told: Told) -> None:
        """Where an alias leads, as the plugins answer it, up to eight times."""
        for _ in range(8):
            last = told.reply.answers[-1] if told.reply.answers else None
            if last is None or last.type != "CNAME":
                return
            further = self._chain(Question(zone_of(last.data)), told)
            answers = (*told.reply.answers, *further.answers)
            told.reply = told.reply._replace(answers=answers, code=further.code if not further.answers else "NOERROR")
            if not further.answers:
                return


def _beginning(api: Client, zone: str, options: records.Options) -> Record:
    """The zone's SOA record, which goes with every answer that there is nothing."""
    own = api.get("Service", "kube-system", "kube-dns")
    serial = parse_time(own["metadata"]["creationTimestamp"]) // SECOND if own is not None else 0
    return Record(zone, "SOA", options.ttl, f"ns.dns.{zone}. hostmaster.{zone}. {serial} 7200 1800 86400 {options.ttl}")


def _is_address(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*", text))


def _falls(zones: tuple[str, ...] | None, name: str) -> bool:
    """fallthrough: for all names, or for those in the zones it lists."""
    return zones is not None and (not zones or any(is_within(name, zone_of(zone)) for zone in zones))


def _options(plugin: Plugin) -> records.Options:
    ttl, pods, namespaces = plugin.option("ttl"), plugin.option("pods"), plugin.option("namespaces")
    return records.Options(int(ttl[0]) if ttl and ttl[0].isdigit() else 5, pods[0] if pods else "disabled", namespaces or ())


def _rewrite(plugin: Plugin, name: str) -> str | None:
    """The plugin's name rules: rewrite [stop|continue] name [exact|prefix|suffix|substring|regex] FROM TO."""
    words = [word for word in (plugin.args or (plugin.lines[0] if plugin.lines else ())) if word not in ("stop", "continue")]
    if len(words) < 3 or words[0] != "name":
        return None
    how, (old, new) = ("exact", words[1:3]) if len(words) == 3 or words[1] not in _REWRITES else (words[1], words[2:4])
    return _REWRITES[how](name, old, new)


def _exact(name: str, old: str, new: str) -> str | None:
    return zone_of(new) if name == zone_of(old) else None


def _prefix(name: str, old: str, new: str) -> str | None:
    return zone_of(new + name[len(old) :]) if name.startswith(old) else None


def _suffix(name: str, old: str, new: str) -> str | None:
    old = old.rstrip(".")
    return zone_of(name[: -len(old)] + new) if name.endswith(old) else None


def _substring(name: str, old: str, new: str) -> str | None:
    return zone_of(name.replace(old, new)) if old in name else None


def _regex(name: str, old: str, new: str) -> str | None:
    """Go's regular expressions match names with their last dot; {0}, {1} stand for the groups."""
    match = re.search(old, name + ".") or re.search(old, name)
    if match is None:
        return None
    groups = (match[0], *match.groups(""))
    return zone_of(re.sub(r"\{(\d+)\}", lambda found: groups[int(found[1])] if int(found[1]) < len(groups) else "", new))


_REWRITES: dict[str, Callable[[str, str, str], str | None]] = {
    "exact": _exact,
    "prefix": _prefix,
    "suffix": _suffix,
    "substring": _substring,
    "regex": _regex,
}


def _renamed(reply: Reply, old: str, new: str) -> Reply:
    """The answers under the name that was asked for."""
    answers = tuple(record._replace(name=new) if record.name == old else record for record in reply.answers)
    return reply._replace(answers=answers)


def _reverse(api: Client, question: Question, zones: list[str], options: records.Options) -> Reply:
    """The names of an address: of a service's cluster IP, or of the endpoints that have it."""
    domain = next((zone for zone in zones if not zone.endswith(".arpa")), "cluster.local")
    parts = question.name.removesuffix(".in-addr.arpa").split(".")[::-1]
    ip = ".".join(parts)
    if len(parts) != 4 or not all(part.isdigit() and int(part) < 256 for part in parts):
        return Reply(NXDOMAIN)
    found = [f"{name}.svc.{domain}." for name in _names_of(api, ip)]
    if not found:
        return Reply(NXDOMAIN)
    return Reply(answers=tuple(Record(question.name, "PTR", options.ttl, name) for name in found))


def _names_of(api: Client, ip: str) -> list[str]:
    for service in api.list("Service"):
        if service["spec"].get("clusterIP") == ip:
            return [f"{service['metadata']['name']}.{service['metadata']['namespace']}"]
    names = []
    for each in api.list("EndpointSlice"):
        service_name = each["metadata"].get("labels", {}).get(records.SERVICE_NAME)
        for endpoint in each.get("endpoints") or () if service_name else ():
            if ip in endpoint["addresses"]:
                label = endpoint.get("hostname") or ip.replace(".", "-")
                names.append(f"{label}.{service_name}.{each['metadata']['namespace']}")
    return names
