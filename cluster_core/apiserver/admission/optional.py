"""Plugins that are off unless --enable-admission-plugins names them.

Models plugin/pkg/admission/{alwayspullimages,namespace/autoprovision,podnodeselector,network/denyserviceexternalips}.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery import errors
from cluster_core.machinery.typed import Obj

_LISTS = ("initContainers", "containers", "ephemeralContainers")
SELECTOR = "scheduler.alpha.kubernetes.io/node-selector"
"""The annotation of a namespace that says on which nodes its pods run."""


def _pull_always(attributes: Attributes) -> Obj | None:
    """Nobody runs an image without the right to pull it."""
    pod = attributes.obj
    if pod is None or attributes.operation == "DELETE" or not attributes.about("", "Pod"):
        return pod
    changed = {name: [{**each, "imagePullPolicy": "Always"} for each in pod["spec"][name]] for name in _LISTS if name in pod["spec"]}
    return {**pod, "spec": {**pod["spec"], **changed}}


def _provide_namespace(attributes: Attributes) -> Obj | None:
    """A namespace that is named is made."""
    server, name = attributes.context.server, attributes.namespace
    if attributes.operation == "CREATE" and name and attributes.kind.name != "Namespace":
        client = server.client("system:apiserver")
        if client.get("Namespace", "", name) is None:
            client.create("Namespace", {"metadata": {"name": name}})
    return attributes.obj


def _select_nodes(attributes: Attributes) -> Obj | None:
    """The namespace's selector is added to the pod's; where they differ the pod is refused."""
    pod = attributes.obj
    if pod is None or attributes.operation != "CREATE" or not attributes.about("", "Pod"):
        return pod
    namespace = attributes.context.server.client("system:apiserver").get("Namespace", "", attributes.namespace)
    wanted = dict(_pairs(((namespace or {}).get("metadata", {}).get("annotations") or {}).get(SELECTOR, "")))
    if not wanted:
        return pod
    own: dict[str, Any] = pod["spec"].get("nodeSelector") or {}
    if any(own.get(key, value) != value for key, value in wanted.items()):
        text = "pod node label selector conflicts with its namespace node label selector"
        raise errors.forbidden("", "pods", attributes.name, text)
    return {**pod, "spec": {**pod["spec"], "nodeSelector": {**own, **wanted}}}


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        yield name.strip(), value.strip()


def _deny_external(attributes: Attributes) -> None:
    """No new external addresses."""
    service = attributes.obj
    if service is None or not attributes.about("", "Service"):
        return
    before = set(((attributes.old or {}).get("spec") or {}).get("externalIPs") or ())
    if set(service["spec"].get("externalIPs") or ()) - before:
        raise errors.forbidden("", "services", attributes.name, "Use of external IPs is denied by admission control.")


ALWAYS_PULL_IMAGES = Plugin("AlwaysPullImages", admit=_pull_always, kinds=frozenset({"Pod"}), on_by_default=False)
NAMESPACE_AUTO_PROVISION = Plugin("NamespaceAutoProvision", admit=_provide_namespace, on_by_default=False)
POD_NODE_SELECTOR = Plugin("PodNodeSelector", admit=_select_nodes, kinds=frozenset({"Pod"}), on_by_default=False)
DENY_EXTERNAL_IPS = Plugin("DenyServiceExternalIPs", validate=_deny_external, kinds=frozenset({"Service"}), on_by_default=False)
