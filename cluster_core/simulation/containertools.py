"""curl and its kin inside containers: commands of the sandboxed shell that talk to the simulated network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from bashkit import BuiltinContext

from cluster_core.machinery.containers import Launch
from cluster_core.machinery.typed import Obj
from cluster_core.network import certgen, resolving, tools
from cluster_core.network.network import Network, Work
from cluster_core.network.trace import ANSWERED, Call, Source
from cluster_core.workloads import asking
from cluster_core.workloads.asking import Told, Tool

if TYPE_CHECKING:
    from cluster_core.workloads.runtime import Containers

_MOST_REDIRECTS = 10
_SMALL = ("busybox", "alpine")
"""Images with BusyBox' programs."""


def install(containers: Containers, network: Network) -> None:
    """Give what is executed in containers the network's commands."""

    def commands(launch: Launch, probing: bool) -> Mapping[str, Tool]:
        found = {name: _tool(network, launch, name, probing) for name in tools.NAMES}
        return {**found, certgen.NAME: _certgen(network, launch)} if certgen.NAME in launch.container["image"] else found

    containers.tools = commands
    containers.send = lambda launch, action: _send(network, launch, action)
    containers.network_files = lambda launch: network_files(network, launch)


def _send(network: Network, launch: Launch, action: Obj) -> str:
    """A hook's request from the node, along with where it is redirected to; why it reached nobody."""
    named = {each.get("name"): each["containerPort"] for each in launch.container.get("ports", ())}
    port, path = named.get(action["port"], action["port"]), "/" + str(action.get("path", "/")).lstrip("/")
    host = action.get("host") or launch.pod.get("status", {}).get("podIP", "")
    headers = {each["name"]: each["value"] for each in action.get("httpHeaders") or ()}
    target = f"{str(action.get('scheme', 'HTTP')).lower()}://{host}:{port}{path}"
    for _ in range(_MOST_REDIRECTS):
        trace = network.request(Source("node", launch.node), target, Call(headers=headers))
        if trace.outcome != ANSWERED:
            return f'Get "{target}": {trace.why}'
        location = next((value for name, value in trace.response.headers if name.lower() == "location"), "")
        if not location or not 300 <= trace.response.status < 400:
            return ""
        target = urljoin(target, location)
    return f'Get "{target}": stopped after {_MOST_REDIRECTS} redirects'


def network_files(network: Network, launch: Launch) -> dict[str, str]:
    """/etc/resolv.conf and /etc/hosts as the kubelet writes them; the machine's own where the pod is on its network."""
    pod = launch.pod
    conf = resolving.resolv_conf(network.api, pod, network.links.own_dns)
    if pod["spec"].get("hostNetwork"):
        return {"/etc/resolv.conf": conf.text(), "/etc/hosts": f"127.0.0.1\tlocalhost\n127.0.1.1\t{launch.node}\n"}
    return {"/etc/resolv.conf": conf.text(), "/etc/hosts": _managed_hosts(network, pod)}


_IPV6 = ("fe00::0\tip6-localnet", "fe00::0\tip6-mcastprefix", "fe00::1\tip6-allnodes", "fe00::2\tip6-allrouters")


def _managed_hosts(network: Network, pod: Obj) -> str:
    aliases = pod["spec"].get("hostAliases") or ()
    lines = ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", *_IPV6]
    name = str(pod["spec"].get("hostname") or pod["metadata"]["name"])
    subdomain = pod["spec"].get("subdomain")
    full = f"{name}.{subdomain}.{pod['metadata']['namespace']}.svc.{resolving.cluster_dns(network.api)[1]}\t{name}"
    lines.append(f"{pod.get('status', {}).get('podIP', '')}\t{full if subdomain else name}")
    if aliases:
        lines += ["", "# Entries added by HostAliases."]
        lines += ["\t".join([alias["ip"], *(alias.get("hostnames") or ())]) for alias in aliases]
    return "\n".join([*lines, ""])


def _tool(network: Network, launch: Launch, name: str, probing: bool) -> Tool:
    source = _source(launch)
    small = any(word in launch.container["image"] for word in _SMALL)

    def run(context: BuiltinContext) -> Told:
        files = _Files(context)
        typed = tools.Typed(context.argv, network, source, context.stdin or "", files.given(), small, probing)
        ran = tools.run(name, typed)
        assert ran is not None
        written = {files.whole(path): text for path, text in ran.files.items()}
        return Told(ran.out, ran.err, ran.code, ran.seconds, written, [_work(work) for talk in typed.talks for work in talk.work])

    return run


def _work(done: Work) -> asking.Work:
    return asking.Work(done.cpu, lambda: [_life(pod, done.container) for pod in done.sharers()])


def _life(pod: Obj, container: str) -> str:
    """The life (`workloads.lives.life_of`) of the container that runs there now."""
    statuses = (*pod.get("status", {}).get("containerStatuses", ()), *pod.get("status", {}).get("initContainerStatuses", ()))
    attempt = next((each["restartCount"] for each in statuses if each["name"] == container), 0)
    return f"{pod['metadata']['uid']}/{container}/{attempt}"


_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"


def _certgen(network: Network, launch: Launch) -> Tool:
    source = _source(launch)

    def run(context: BuiltinContext) -> Told:
        token = context.fs.read_file(_TOKEN).decode() if context.fs.exists(_TOKEN) else ""
        host, port = (context.env.get(f"KUBERNETES_SERVICE_{name}", "") for name in ("HOST", "PORT"))
        ran = certgen.run(context.argv, network, certgen.Account(source, token.strip(), f"{host}:{port}"))
        return Told(ran.out, ran.err, ran.code, ran.seconds)

    return run


def _source(launch: Launch) -> Source:
    metadata = launch.pod["metadata"]
    return Source("pod", metadata["name"], metadata["namespace"], launch.container["name"])


class _Files:
    """The files a command line names with "@path"."""

    def __init__(self, context: BuiltinContext) -> None:
        self._context = context

    def whole(self, path: str) -> str:
        return path if path.startswith("/") else f"{self._context.cwd.rstrip('/')}/{path}"

    def given(self) -> dict[str, str]:
        fs = self._context.fs
        paths = [word[1:] for word in self._context.argv if word.startswith("@") and fs.exists(self.whole(word[1:]))]
        return {path: fs.read_file(self.whole(path)).decode("utf-8", "replace") for path in paths}
