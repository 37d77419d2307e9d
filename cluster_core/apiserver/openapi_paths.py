"""The paths of the OpenAPI documents: one operation per verb of every registered kind and subresource.

Models apiserver/pkg/endpoints/installer.go, as far as clients read it: operation names, query parameters (kubectl looks
for fieldValidation), the patch content types and which kind an operation is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from cluster_core.apiserver import schema
from cluster_core.apiserver.discovery import Facts, SubFacts
from cluster_core.apiserver.openapi_schemas import V3

Json = dict[str, Any]
MEDIA = ("application/json", "application/vnd.kubernetes.protobuf", "application/yaml")
STREAMS = (*MEDIA, "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_LIST = [
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "shardSelector",
    "timeoutSeconds",
    "watch",
]
_WRITE = ["dryRun", "fieldManager", "fieldValidation"]
_DELETE = [
    "dryRun",
    "gracePeriodSeconds",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "orphanDependents",
    "propagationPolicy",
]
_COLLECTION = sorted({*_DELETE, *_LIST} - {"allowWatchBookmarks", "watch"})
_TYPES = dict.fromkeys(("limit", "timeoutSeconds", "gracePeriodSeconds"), "integer")
_TYPES |= dict.fromkeys(("allowWatchBookmarks", "sendInitialEvents", "watch", "orphanDependents", "force"), "boolean")
_TYPES["ignoreStoreReadErrorWithClusterBreakingPotential"] = "boolean"
_OPTIONS = schema.META + "DeleteOptions"
_STATUS = schema.META + "Status"
_STREAM_OPTIONS = {
    "PodAttachOptions": ("container", "stderr", "stdin", "stdout", "tty"),
    "PodExecOptions": ("command", "container", "stderr", "stdin", "stdout", "tty"),
    "PodPortForwardOptions": ("ports",),
    "PodProxyOptions": ("path",),
    "ServiceProxyOptions": ("path",),
    "NodeProxyOptions": ("path",),
    "PodLogOptions": (
        "container",
        "follow",
        "insecureSkipTLSVerifyBackend",
        "limitBytes",
        "previous",
        "sinceSeconds",
        "stream",
        "tailLines",
        "timestamps",
    ),
}
_TYPES |= dict.fromkeys(("stderr", "stdin", "stdout", "tty", "follow", "previous", "timestamps"), "boolean")
_TYPES |= dict.fromkeys(("limitBytes", "sinceSeconds", "tailLines", "ports"), "integer")
_TYPES["insecureSkipTLSVerifyBackend"] = "boolean"
_VERBS = {
    # verb: (method, word in the operation name, action, query parameters, description)
    "list": ("get", "list", "list", _LIST, "list or watch objects of kind {}"),
    "create": ("post", "create", "post", _WRITE, "create a {}"),
    "deletecollection": ("delete", "delete", "deletecollection", _COLLECTION, "delete collection of {}"),
    "get": ("get", "read", "get", [], "read the specified {}"),
    "update": ("put", "replace", "put", _WRITE, "replace the specified {}"),
    "patch": ("patch", "patch", "patch", [*_WRITE, "force"], "partially update the specified {}"),
    "delete": ("delete", "delete", "delete", _DELETE, "delete a {}"),
}
_ON_COLLECTION = ("list", "create", "deletecollection")
_ON_ITEM = ("get", "update", "patch", "delete")


@cache
def parameter(name: str) -> Json:
    """A query parameter; its description is the published one of the option of that name."""
    out: Json = {"name": name, "in": "query"}
    description = schema.published()[_OPTIONS]["properties"].get(name, {}).get("description")
    if description:
        out["description"] = description
    return {**out, "schema": {"type": _TYPES.get(name, "string"), "uniqueItems": True}}


def _in_path(name: str, description: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "description": description,
        "required": True,
        "schema": {"type": "string", "uniqueItems": True},
    }


def component_name(facts: Facts) -> str:
    """The schema of a kind: published, or made up from the group for a custom one."""
    if not facts.custom:
        return schema.schema_name(facts.group, facts.version, facts.kind.name)
    return ".".join([*reversed(facts.group.split(".")), facts.version, facts.kind.name])


def list_name(facts: Facts) -> str:
    return component_name(facts) + "List"


def group_words(group: str) -> list[str]:
    """rbac.authorization.k8s.io as operation names spell it: rbac, authorization."""
    return (group.removesuffix(".k8s.io") or "core").split(".")


def tag(facts: Facts) -> str:
    first, *rest = group_words(facts.group)
    return first + "".join(map(_capital, rest)) + "_" + facts.version


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _operation_name(facts: Facts, word: str, name: str, *, suffix: str = "") -> str:
    group = "".join(map(_capital, group_words(facts.group))) + _capital(facts.version)
    collection = "Collection" if word == "deletecollection" else ""
    verb = "delete" if collection else word
    scope = "Namespaced" if facts.kind.namespaced and suffix != "ForAllNamespaces" else ""
    return f"{verb}{group}{collection}{scope}{name}{suffix}"


def paths(resources: Iterable[Facts]) -> dict[str, Json]:
    """Every path of one group and version."""
    found: dict[str, Json] = {}
    for facts in resources:
        root = f"/apis/{facts.group}/{facts.version}" if facts.group else f"/api/{facts.version}"
        found.update(_resource_paths(facts, root))
    return dict(sorted(found.items()))


def _resource_paths(facts: Facts, root: str) -> Iterator[tuple[str, Json]]:
    kind = facts.kind
    base = f"{root}/namespaces/{{namespace}}/{kind.plural}" if kind.namespaced else f"{root}/{kind.plural}"
    where = [_in_path("namespace", "object name and auth scope, such as for teams and projects")]
    where = where if kind.namespaced else []
    item = [_in_path("name", f"name of the {kind.name}"), *where]
    if kind.namespaced and "list" in kind.verbs:
        listing = _operation(facts, "list", suffix="ForAllNamespaces")
        yield f"{root}/{kind.plural}", _path_item({"get": listing}, [parameter("pretty")])
    yield from _path(facts, base, _ON_COLLECTION, where)
    yield from _path(facts, f"{base}/{{name}}", _ON_ITEM, item)
    for sub in facts.subresources:
        yield f"{base}/{{name}}/{sub.name}", _subresource_path(facts, sub, item)


def _path(facts: Facts, path: str, verbs: Iterable[str], where: list[Json]) -> Iterator[tuple[str, Json]]:
    operations = {_VERBS[verb][0]: _operation(facts, verb) for verb in verbs if verb in facts.kind.verbs}
    if operations:
        yield path, _path_item(operations, [*where, parameter("pretty")])


def _path_item(operations: dict[str, Json], parameters: list[Json]) -> Json:
    """A path with what all its operations share; a lone operation shares everything."""
    if len(operations) == 1:
        [(method, operation)] = operations.items()
        parameters = [*parameters, *operation.get("parameters", ())]
        operations = {method: {key: value for key, value in operation.items() if key != "parameters"}}
    return {**operations, "parameters": sorted(parameters, key=lambda parameter: str(parameter["name"]))}


def _operation(facts: Facts, verb: str, suffix: str = "") -> Json:
    name = facts.kind.name
    word, action, query, text = _VERBS[verb][1:]
    answer = list_name(facts) if verb == "list" else component_name(facts)
    operation_word = "deletecollection" if verb == "deletecollection" else word
    out: Json = {
        "tags": [tag(facts)],
        "description": text.format(name),
        "operationId": _operation_name(facts, operation_word, name, suffix=suffix),
        "responses": _responses(verb, _STATUS if verb.startswith("delete") else answer),
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {"group": facts.group, "version": facts.version, "kind": name},
    }
    if query:
        out["parameters"] = [parameter(key) for key in query]
    return {**out, **_body(verb, component_name(facts))}


def _subresource_path(facts: Facts, sub: SubFacts, where: list[Json]) -> Json:
    methods = {"create": "post", "get": "get", "update": "put", "patch": "patch", "delete": "delete"}
    operations = {methods[verb]: _subresource_operation(facts, sub, verb) for verb in sub.verbs}
    options = [parameter(name) for name in _STREAM_OPTIONS.get(sub.kind if sub.name != "log" else "PodLogOptions", ())]
    pretty = [] if options and sub.name != "log" else [parameter("pretty")]
    return _path_item(operations, [*where, *options, *pretty])


def _subresource_operation(facts: Facts, sub: SubFacts, verb: str) -> Json:
    group, version = (sub.group, sub.version) if sub.version else (facts.group, facts.version)
    body_name = component_name(facts) if sub.kind == facts.kind.name else _published_name(group, version, sub.kind)
    word, action, query, text = _VERBS[verb][1:]
    typed = bool(body_name)
    name = _operation_name(facts, word, facts.kind.name, suffix=_capital(sub.name))
    out: Json = {
        "tags": [tag(facts)],
        "description": text.format(f"{sub.name} of {facts.kind.name}"),
        "operationId": name if typed else _connect_name(facts, verb, sub),
        "responses": _responses(verb, body_name) if typed else _text_response(),
        "x-kubernetes-action": action if typed else "connect",
        "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": sub.kind},
    }
    if query and typed:
        out["parameters"] = [parameter(key) for key in query]
    return {**out, **(_body(verb, body_name) if typed else {})}


def _connect_name(facts: Facts, verb: str, sub: SubFacts) -> str:
    """Streams are named after the HTTP method: connectCoreV1GetNamespacedPodExec."""
    group = "".join(map(_capital, group_words(facts.group))) + _capital(facts.version)
    scope = "Namespaced" if facts.kind.namespaced else ""
    return f"connect{group}{_capital(_VERBS[verb][0])}{scope}{facts.kind.name}{_capital(sub.name)}"


def _published_name(group: str, version: str, kind: str) -> str:
    return schema.names_by_kind().get((group, version, kind), "")


def _responses(verb: str, name: str) -> Json:
    media = sorted(STREAMS) if verb == "list" else MEDIA
    content = {kind: {"schema": {"$ref": V3 + name}} for kind in media}
    codes = {"200": "OK"}
    if verb in ("create", "update", "patch"):
        codes["201"] = "Created"
    if verb in ("create", "delete"):
        codes["202"] = "Accepted"
    answers: Json = {code: {"description": text, "content": content} for code, text in codes.items()}
    return {**answers, "401": {"description": "Unauthorized"}}


def _text_response() -> Json:
    content = {"*/*": {"schema": {"type": "string"}}}
    return {"200": {"description": "OK", "content": content}, "401": {"description": "Unauthorized"}}


def _body(verb: str, name: str) -> Mapping[str, Any]:
    if verb in ("create", "update"):
        content = {"*/*": {"schema": {"$ref": V3 + name}}}
        return {"requestBody": {"content": content, "required": True}}
    if verb == "patch":
        reference = {"schema": {"$ref": V3 + schema.META + "Patch"}}
        return {"requestBody": {"content": dict.fromkeys(PATCHES, reference), "required": True}}
    if verb.startswith("delete"):
        return {"requestBody": {"content": {"*/*": {"schema": {"$ref": V3 + _OPTIONS}}}}}
    return {}
