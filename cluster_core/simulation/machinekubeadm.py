"""`kubeadm` on a machine: tokens, join, reset, init and its phases, certificates, configuration. Models cmd/kubeadm/app/cmd."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cluster_core.machines import rendering
from cluster_core.machines.certificates import Wanted
from cluster_core.machines.rendering import PKI
from cluster_core.simulation import joining, kubeadmcerts, kubeadmphases, kubeadmupgrade
from cluster_core.simulation.etcdarguments import Asked, split
from cluster_core.simulation.joining import Problem
from cluster_core.simulation.kubeadm.manifests import ETCD, VERSION
from cluster_core.simulation.machinepackages import version
from cluster_core.simulation.machinetools import Call, Ran, tool
from cluster_core.simulation.options import site_of

IMAGES = (
    *(f"registry.k8s.io/{name}:{VERSION}" for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")),
    "registry.k8s.io/coredns/coredns:v1.14.2",
    "registry.k8s.io/pause:3.10.1",
    f"registry.k8s.io/etcd:{ETCD}",
)


@tool("kubeadm")
def _kubeadm(call: Call) -> Ran:
    asked = split(_without_booleans(call.argv))
    words = asked.words
    action = next((_ACTIONS[" ".join(words[:count])] for count in (3, 2, 1) if " ".join(words[:count]) in _ACTIONS), None)
    if action is None:
        return Ran("", f'unknown command "{" ".join(words)}" for "kubeadm"\nTo see the stack trace of this error execute with --v=5 or higher\n', 1)
    if call.cluster.spec.flavour != "kubeadm" and words[:1] not in (["version"], ["config"], ["token"]):
        return Ran("", "error: this cluster was set up by hand: there is nothing of kubeadm's on its machines\n", 1)
    try:
        return Ran(action(call, asked))
    except Problem as error:
        return Ran(error.before, f"{error}\n", error.code)


_BOOLEANS = ("--print-join-command", "--force", "-f", "--discovery-token-unsafe-skip-ca-verification", "--yes", "-y", "--upload-certs", "--skip-phases=addon", "--dry-run", "--control-plane")


def _without_booleans(argv: Sequence[str]) -> list[str]:
    """Flags without a value, as "--flag=true"."""
    return [f"{word}=true" if word in _BOOLEANS else word for word in argv]


# ---------------------------------------------------------------------------------------------------- tokens


def _token_create(call: Call, asked: Asked) -> str:
    token = joining.create_token(call.cluster, asked.words[2] if len(asked.words) > 2 else "", asked.options)
    if "print-join-command" not in asked.options:
        return f"{token}\n"
    server = rendering_server(call)
    return f"kubeadm join {server} --token {token} --discovery-token-ca-cert-hash {joining.authority_hash(call.cluster)} \n"


def rendering_server(call: Call) -> str:
    return site_of(call.cluster).server.removeprefix("https://")


def _token_list(call: Call, asked: Asked) -> str:
    rows = joining.tokens(call.cluster)
    if not rows:
        return ""
    layout = "{:<25} {:<10} {:<22} {:<27} {:<30} {}\n"
    head = layout.format("TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS")
    return head + "".join(layout.format(*row) for row in rows)


def _token_delete(call: Call, asked: Asked) -> str:
    if len(asked.words) < 3:
        raise Problem('missing argument; "token delete" is missing token of form ["^([a-z0-9]{6})$"]')
    return "".join(joining.delete_token(call.cluster, word) for word in asked.words[2:])


def _token_generate(call: Call, asked: Asked) -> str:
    return joining.new_token(call.cluster) + "\n"


# ---------------------------------------------------------------------------------------------------- the machine


def _join(call: Call, asked: Asked) -> str:
    target = asked.words[1] if len(asked.words) > 1 else ""
    return joining.join(call.cluster, call.machine, target, asked.options)


def _reset(call: Call, asked: Asked) -> str:
    if not {"f", "force"} & asked.options.keys() and call.stdin.strip().lower() not in ("y", "yes"):
        raise Problem("error: aborted reset operation", before="[reset] WARNING: Changes made to this host by 'kubeadm init' or 'kubeadm join' will be reverted.\n[reset] Are you sure you want to proceed? [y/N]: ")
    return kubeadmphases.reset(call.cluster, call.machine)


def _init(call: Call, asked: Asked) -> str:
    return kubeadmphases.init(call.cluster, call.machine, asked.options)


def _phase(call: Call, asked: Asked) -> str:
    return kubeadmphases.phase(call.cluster, call.machine, asked.words[2:])


# ---------------------------------------------------------------------------------------------------- facts


def _version(call: Call, asked: Asked) -> str:
    own = version(call.machine, "kubeadm")
    if asked.option("o") == "short" or asked.option("output") == "short":
        return f"{own}\n"
    return f'kubeadm version: &version.Info{{Major:"1", Minor:"36", GitVersion:"{own}", GitTreeState:"clean", Compiler:"gc", Platform:"linux/amd64"}}\n'


def _images(call: Call, asked: Asked) -> str:
    return "".join(f"{image}\n" for image in IMAGES)


def _pull(call: Call, asked: Asked) -> str:
    return "".join(f"[config/images] Pulled {image}\n" for image in IMAGES)


def _defaults(call: Call, asked: Asked) -> str:
    cluster = {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration", "clusterName": "kubernetes", "kubernetesVersion": VERSION,
               "imageRepository": "registry.k8s.io", "certificatesDir": PKI, "etcd": {"local": {"dataDir": "/var/lib/etcd"}},
               "networking": {"dnsDomain": "cluster.local", "serviceSubnet": "10.96.0.0/12"}}  # fmt: skip
    init = {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "InitConfiguration", "localAPIEndpoint": {"advertiseAddress": call.machine.address, "bindPort": 6443},
            "nodeRegistration": {"criSocket": rendering.SOCKETS.get(call.machine.runtime, ""), "name": call.machine.name}}  # fmt: skip
    return f"{rendering.dump(init)}---\n{rendering.dump(cluster)}"


def _plan(call: Call, asked: Asked) -> str:
    return kubeadmupgrade.plan(call.cluster, call.machine)


def _apply(call: Call, asked: Asked) -> str:
    if len(asked.words) < 3:
        raise Problem("missing one or more required arguments. Required arguments: [version]")
    if not {"y", "yes", "f", "force"} & asked.options.keys() and call.stdin.strip().lower() not in ("", "y", "yes"):
        raise Problem("won't proceed; the user didn't answer (Y|y) in order to continue")
    return kubeadmupgrade.apply(call.cluster, call.machine, asked.words[2])


def _upgrade_node(call: Call, asked: Asked) -> str:
    return kubeadmupgrade.node(call.cluster, call.machine)


def _user(call: Call, asked: Asked) -> str:
    name = asked.option("client-name")
    if not name:
        raise Problem('error: required flag(s) "client-name" not set')
    groups = tuple(filter(None, asked.option("org").split(",")))
    return rendering.conf(site_of(call.cluster), Wanted(name, "ca", groups), call.cluster.clock.now)


_ACTIONS: dict[str, Callable[[Call, Asked], str]] = {
    "version": _version,
    "token create": _token_create,
    "token list": _token_list,
    "token delete": _token_delete,
    "token generate": _token_generate,
    "join": _join,
    "reset": _reset,
    "init": _init,
    "init phase": _phase,
    "certs check-expiration": lambda call, asked: kubeadmcerts.expirations(call.cluster, call.machine),
    "certs renew": lambda call, asked: kubeadmcerts.renew(call.cluster, call.machine, asked.words[2:]),
    "config images list": _images,
    "config images pull": _pull,
    "config print": _defaults,
    "config print init-defaults": _defaults,
    "upgrade plan": _plan,
    "upgrade apply": _apply,
    "upgrade node": _upgrade_node,
    "kubeconfig user": _user,
}

