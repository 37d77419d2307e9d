"""Commands about the network: one request hop by hop, kube-proxies stopped and started; curl and its kin on machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.parts import split_key
from cluster_core.network import tools
from cluster_core.network.network import SCHEMES, parsed
from cluster_core.network.trace import OUTSIDE, Call, Source
from cluster_core.simulation.arguments import Arguments
from cluster_core.simulation.commands import CommandError, command
from cluster_core.simulation.machinetools import TOOLS, Ran
from cluster_core.simulation.machinetools import Call as MachineCall
from cluster_core.simulation.networking import network_of, proxies_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


@command("trace")
def trace(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """from: {"pod": "namespace/name"}, {"node": name} or "outside"; to: a URL, host:port or host; method, headers, body."""
    given = Arguments(args)
    headers = args.get("headers") or {}
    if not isinstance(headers, Mapping) or not all(isinstance(value, str) for value in headers.values()):
        raise CommandError("headers must be an object of strings")
    call = Call(given.text("method", "GET").upper(), headers=dict(headers), body=given.text("body", ""))
    target = given.text("to")
    host, sent = parsed(target, call)
    if not host or not 0 < sent.port < 2**16 or sent.scheme not in SCHEMES:
        raise CommandError(f"to must be a URL ({', '.join(SCHEMES)}), host:port or a host")
    return network_of(cluster).request(source_of(cluster, args.get("from")), target, call).encode()


def source_of(cluster: Cluster, given: Any) -> Source:
    """Where a request begins. Raises CommandError when there is no such pod or node."""
    if given in (None, "", "outside"):
        return OUTSIDE
    if not isinstance(given, Mapping) or not isinstance(given.get("pod") or given.get("node"), str):
        raise CommandError('from must be {"pod": "namespace/name"}, {"node": "name"} or "outside"')
    api = cluster.world.client("system:network")
    if given.get("pod"):
        namespace, name = split_key(given["pod"])
        if api.get("Pod", namespace or "default", name) is None:
            raise CommandError(f'there is no pod "{given["pod"]}"', 404)
        return Source("pod", name, namespace or "default")
    if api.get("Node", "", given["node"]) is None:
        raise CommandError(f'there is no node named "{given["node"]}"', 404)
    return Source("node", given["node"])


@command("kube-proxy")
def kube_proxy(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """node, running: stop or start the node's kube-proxy process. Its rules stay when it stops."""
    node = Arguments(args).node()
    if cluster.world.client("system:network").get("Node", "", node) is None:
        raise CommandError(f'there is no node named "{node}"', 404)
    proxies = proxies_of(cluster)
    if args.get("running"):
        proxies.resume(node)
    else:
        proxies.halt(node)
    return {"node": node, "running": proxies.is_running(node)}


def _on_machine(call: MachineCall, name: str) -> Ran:
    """A network command typed on a machine."""
    files = {path: data.decode("utf-8", "replace") for path, data in call.data.items()}
    typed = tools.Typed(call.argv, network_of(call.cluster), Source("node", call.machine.name), call.stdin, files)
    ran = tools.run(name, typed)
    assert ran is not None
    call.files.update({path: text.encode() for path, text in ran.files.items()})
    return Ran(ran.out, ran.err, ran.code)


def _register(name: str) -> None:
    TOOLS.setdefault(name, lambda call: _on_machine(call, name))


for _name in tools.NAMES:
    _register(_name)
