"""What a server serves, told to clients: /api, /apis and the documents below, plain and aggregated.

Built from the registered kinds whenever they change. Models apiserver/pkg/endpoints/discovery (plain and aggregated) and
the group order of the API service priorities.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cluster_core.apiserver import negotiate
from cluster_core.apiserver.kind import Kind, Served
from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.machinery import errors

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
GROUP_ORDER = [
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "resource.k8s.io",
    "flowcontrol.apiserver.k8s.io",
]
"""Built-in groups by falling priority; custom groups follow by name."""
LAST_GROUPS = ("metrics.k8s.io",)
_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?\Z")
_STAGES = {None: 2, "beta": 1, "alpha": 0}
_STATUS_VERBS = ("get", "patch", "update")
_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""Of custom resources, in the order in which the real server has them."""
PAGE_NOT_FOUND = ApiResponse(404, b"404 page not found\n", "text/plain; charset=utf-8")
"""What the real server's router says to a path of which it does not even know the group."""


class SubFacts(NamedTuple):
    """A subresource as discovery shows it; group and version are empty where they are the parent's."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


class Facts(NamedTuple):
    """A kind in one served version."""

    kind: Kind
    group: str
    version: str
    subresources: tuple[SubFacts, ...]

    @property
    def custom(self) -> bool:
        """Comes from a CustomResourceDefinition."""
        return "types" in self.kind.facts

    @property
    def singular(self) -> str:
        return self.kind.singular or self.kind.name.lower()


def facts_of(kind: Kind) -> Iterator[Facts]:
    """A kind in each version it is served in."""
    for served in kind.all_served():
        yield Facts(kind, served.group, served.version, _in_order(kind, _subresources(kind, served)))


def _in_order(kind: Kind, found: Iterator[SubFacts]) -> tuple[SubFacts, ...]:
    """By name; of custom resources the status comes first."""
    return tuple(found) if "resource" in kind.facts else tuple(sorted(found))


def _subresources(kind: Kind, served: Served) -> Iterator[SubFacts]:
    if kind.status:
        yield SubFacts("status", kind.name, _STATUS_VERBS)
    if kind.scale is not None:
        group, _, version = kind.scale.version.rpartition("/")
        yield SubFacts("scale", "Scale", _STATUS_VERBS, group, version)
    for sub in kind.subresources:
        foreign = bool(sub.group) and sub.group != served.group
        yield SubFacts(sub.name, sub.kind, sub.verbs, sub.group if foreign else "", sub.version if foreign else "")


Catalogue = dict[str, dict[str, list[Facts]]]


def catalogue(kinds: Sequence[Kind]) -> Catalogue:
    """Everything served, by group in priority order, by version with the preferred first, by plural."""
    found: Catalogue = {}
    for kind in kinds:
        for facts in facts_of(kind):
            found.setdefault(facts.group, {}).setdefault(facts.version, []).append(facts)
    return {group: _ordered(found[group]) for group in sorted(found, key=_group_rank)}


def _ordered(versions: dict[str, list[Facts]]) -> dict[str, list[Facts]]:
    by_rank = sorted(versions, key=version_rank)
    return {version: sorted(versions[version], key=lambda facts: facts.kind.plural) for version in by_rank}


def _group_rank(group: str) -> tuple[int, str]:
    if group in GROUP_ORDER:
        return GROUP_ORDER.index(group), ""
    return len(GROUP_ORDER) + (group in LAST_GROUPS), group


def version_rank(version: str) -> tuple[int, int, int, str]:
    """Sorts v2, v1, v1beta2, v1beta1, v1alpha1, then anything else by name."""
    match = _VERSION.match(version)
    if match is None:
        return (1, 0, 0, version)
    return (-_STAGES[match[2]], -int(match[1]), -int(match[3] or 0), "")


# ---------------------------------------------------------------------------------------------------- documents


def aggregated(found: Catalogue, *, core: bool) -> dict[str, Any]:
    """The APIGroupDiscoveryList of /api (core) or /apis."""
    items = [_group_discovery(group, versions) for group, versions in found.items() if (group == "") == core]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _group_discovery(group: str, versions: dict[str, list[Facts]]) -> dict[str, Any]:
    listed = [
        {"version": version, "resources": list(map(_aggregated_resource, resources)), "freshness": "Current"}
        for version, resources in versions.items()
    ]
    return {"metadata": {"name": group} if group else {}, "versions": listed}


def _aggregated_resource(facts: Facts) -> dict[str, Any]:
    kind = facts.kind
    resource: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": _response_kind(facts, kind.name),
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": facts.singular,
        "verbs": [*_CUSTOM_VERBS] if "resource" in kind.facts else sorted(kind.verbs),
        **_names(kind),
    }
    if facts.subresources:
        resource["subresources"] = [_aggregated_subresource(facts, sub) for sub in facts.subresources]
    return resource


def _aggregated_subresource(facts: Facts, sub: SubFacts) -> dict[str, Any]:
    answered = _response_kind(facts, sub.kind, sub.group, sub.version)
    return {"subresource": sub.name, "responseKind": answered, "verbs": sorted(sub.verbs)}


def _response_kind(facts: Facts, name: str, group: str = "", version: str = "") -> dict[str, str]:
    if facts.custom and not version:
        group, version = facts.group, facts.version
    return {"group": group, "version": version, "kind": name}


def _names(kind: Kind) -> dict[str, Any]:
    names = {"shortNames": list(kind.short), "categories": list(kind.categories)}
    return {key: value for key, value in names.items() if value}


def group_list(found: Catalogue) -> dict[str, Any]:
    """The APIGroupList of /apis."""
    groups = [_group(group, list(versions)) for group, versions in found.items() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _group(group: str, versions: Sequence[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def resource_list(group: str, version: str, resources: Sequence[Facts]) -> dict[str, Any]:
    """The APIResourceList of one group and version."""
    group_version = f"{group}/{version}" if group else version
    listed = [entry for facts in resources for entry in _plain_resources(facts)]
    head = {"kind": "APIResourceList", "apiVersion": "v1"} if group else {"kind": "APIResourceList"}
    return {**head, "groupVersion": group_version, "resources": listed}


def _plain_resources(facts: Facts) -> Iterator[dict[str, Any]]:
    kind = facts.kind
    head = {"name": kind.plural, "singularName": facts.singular, "namespaced": kind.namespaced, "kind": kind.name}
    hashed = {"storageVersionHash": storage_version_hash(kind)} if "watch" in kind.verbs else {}
    verbs = [*_CUSTOM_VERBS] if "resource" in kind.facts else sorted(kind.verbs)
    yield {**head, "verbs": verbs, **_names(kind), **hashed}
    for sub in facts.subresources:
        place = {"group": sub.group, "version": sub.version} if sub.version else {}
        entry = {"name": f"{kind.plural}/{sub.name}", "singularName": "", "namespaced": kind.namespaced, **place}
        yield {**entry, "kind": sub.kind, "verbs": sorted(sub.verbs)}


def storage_version_hash(kind: Kind) -> str:
    """How discovery tells under which version a kind is stored."""
    digest = hashlib.sha256(f"{kind.group}/{kind.version}/{kind.name}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


# ---------------------------------------------------------------------------------------------------- requests


def answer(server: ApiServer, request: ApiRequest, path: str) -> ApiResponse:
    """The answer to a GET of a discovery path, given without a slash at its end."""
    found = catalogue(list(server.kinds))
    if path in ("/api", "/apis"):
        return _root(found, request, path)
    parts = path.strip("/").split("/")
    body = _paths(found) if path == "/" else _document(found, parts)
    if body is None:
        if parts[0] == "api" or (parts[0] == "apis" and len(parts) == 3 and _has_routes(found, parts[1])):
            raise errors.generic_not_found()
        return PAGE_NOT_FOUND
    return _encoded(request, body)


def _has_routes(found: Catalogue, group: str) -> bool:
    """Whether anything built in is in the group: only that is known to the server before it is asked for."""
    versions = found.get(group, {}).values()
    return any("resource" not in facts.kind.facts for version in versions for facts in version)


def _root(found: Catalogue, request: ApiRequest, path: str) -> ApiResponse:
    for clause in (request.header("accept") or "*/*").split(","):
        if "".join(clause.split()).startswith(AGGREGATED):
            body = aggregated(found, core=path == "/api")
            return ApiResponse(200, negotiate.encode(body, negotiate.Format()), AGGREGATED)
        if "as=" not in clause:
            break
    return _encoded(request, _versions(request) if path == "/api" else group_list(found))


def _versions(request: ApiRequest) -> dict[str, Any]:
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": request.header("host") or "kubernetes"}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}


def _document(found: Catalogue, parts: Sequence[str]) -> dict[str, Any] | None:
    group = "" if parts[0] == "api" else parts[1] if len(parts) > 1 and parts[0] == "apis" else None
    versions = {} if group is None else found.get(group, {})
    if len(parts) == 2 and group and versions:
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, list(versions))}
    wanted = 2 if group == "" else 3
    if group is None or len(parts) != wanted or parts[-1] not in versions:
        return None
    return resource_list(group, parts[-1], versions[parts[-1]])


def _paths(found: Catalogue) -> dict[str, Any]:
    """The index at /."""
    paths = ["/api", "/api/v1", "/apis", "/apis/", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3"]
    paths += ["/openapi/v3/", "/readyz", "/version"]
    for group, versions in found.items():
        if group:
            paths += [f"/apis/{group}", *(f"/apis/{group}/{version}" for version in versions)]
    return {"paths": sorted(paths)}


def _encoded(request: ApiRequest, body: dict[str, Any]) -> ApiResponse:
    format = negotiate.accepted(request, ())
    return ApiResponse(200, negotiate.encode(body, format), format.media)
