"""The OpenAPI documents: an index, one version 3 document per group and version, and one version 2 document.

Built from the registered kinds; the same for all clusters with the same kinds, so kept per process. Models kube-openapi's
handler3 and handler, and the CustomResourceDefinition controller that adds custom kinds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from cluster_core.apiserver import discovery, schema
from cluster_core.apiserver import openapi_paths as paths
from cluster_core.apiserver import openapi_schemas as schemas
from cluster_core.apiserver.discovery import Catalogue, Facts
from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.machinery import errors

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

Json = dict[str, Any]
_INFO = {"title": "Kubernetes", "version": "v1.36.2"}
_INFO_V3 = {"title": "Kubernetes", "version": "1.36"}
_SECURITY = {
    "BearerToken": {
        "type": "apiKey",
        "description": "Bearer Token authentication",
        "name": "authorization",
        "in": "header",
    }
}
_ALWAYS = tuple(schema.META + name for name in ("Status", "DeleteOptions", "Patch", "WatchEvent", "APIResourceList"))


def document(resources: Sequence[Facts]) -> bytes:
    """The version 3 document of one group and version."""
    return _document(tuple(resources))


@lru_cache(maxsize=128)
def _document(resources: tuple[Facts, ...]) -> bytes:
    body = {
        "openapi": "3.0.0",
        "info": _INFO_V3,
        "paths": paths.paths(resources),
        "components": {"schemas": _components(resources, schemas.V3), "securitySchemes": _SECURITY},
    }
    return orjson.dumps(body)


def _components(resources: Sequence[Facts], prefix: str) -> Json:
    wanted = list(_ALWAYS)
    custom: Json = {}
    for facts in resources:
        if facts.custom:
            wanted += [schema.META + "ObjectMeta", schema.META + "ListMeta"]
            custom.update(_custom_components(facts, prefix))
        else:
            wanted += [paths.component_name(facts), paths.list_name(facts)]
        wanted += _subresource_names(facts)
    published = {name: schemas.component(name, prefix) for name in schemas.closure(wanted)}
    return dict(sorted({**published, **custom}.items()))


def _subresource_names(facts: Facts) -> list[str]:
    found = []
    for sub in facts.subresources:
        place = (sub.group, sub.version) if sub.version else (facts.group, facts.version)
        name = schema.names_by_kind().get((*place, sub.kind))
        found += [name] if name else []
    return found


def _custom_components(facts: Facts, prefix: str) -> Json:
    gvk = {"group": facts.group, "version": facts.version, "kind": facts.kind.name}
    name = paths.component_name(facts)
    definition: Mapping[str, Any] = facts.kind.facts.get("schemas", {}).get(facts.version) or {"type": "object"}
    return {
        name: schemas.custom(definition, gvk, prefix),
        paths.list_name(facts): schemas.custom_list(prefix + name, gvk, prefix),
    }


def index(found: Catalogue) -> Json:
    """Where each document is, with a hash that changes when it does."""
    places: Json = {}
    for group, versions in found.items():
        for version, resources in versions.items():
            place = f"apis/{group}/{version}" if group else f"api/{version}"
            places[place] = {"serverRelativeURL": f"/openapi/v3/{place}?hash={_hash(resources)}"}
    return {"paths": dict(sorted(places.items()))}


def _hash(resources: Sequence[Facts]) -> str:
    """From what a document is made of, because making them all for the index would cost a second."""
    made_of = [[_INFO["version"], facts.group, facts.version, facts.subresources, _shape(facts)] for facts in resources]
    return hashlib.sha512(orjson.dumps(made_of, default=str)).hexdigest().upper()


def _shape(facts: Facts) -> list[Any]:
    kind = facts.kind
    return [kind.name, kind.plural, kind.namespaced, kind.verbs, kind.facts.get("schemas", {}).get(facts.version)]


# -------------------------------------------------------------------------------------------------- version 2


def document_v2(found: Catalogue) -> bytes:
    """The version 2 document of everything."""
    return _document_v2(tuple(facts for versions in found.values() for group in versions.values() for facts in group))


@lru_cache(maxsize=8)
def _document_v2(resources: tuple[Facts, ...]) -> bytes:
    body = {
        "swagger": "2.0",
        "info": _INFO,
        "paths": {path: _path_v2(item) for path, item in paths.paths(resources).items()},
        "definitions": _components(resources, schemas.V2),
        "securityDefinitions": _SECURITY,
        "security": [{"BearerToken": []}],
    }
    return orjson.dumps(body)


def _path_v2(item: Json) -> Json:
    operations: Json = {key: _operation_v2(value) for key, value in item.items() if key != "parameters"}
    return {**operations, "parameters": list(map(_parameter_v2, item["parameters"]))}


def _parameter_v2(parameter: Json) -> Json:
    return {**{key: value for key, value in parameter.items() if key != "schema"}, **parameter["schema"]}


def _operation_v2(operation: Json) -> Json:
    out = {key: value for key, value in operation.items() if key not in ("requestBody", "parameters", "responses")}
    body = operation.get("requestBody")
    parameters = list(map(_parameter_v2, operation.get("parameters", ())))
    if body is not None:
        [content, *_] = body["content"].values()
        reference = {"name": "body", "in": "body", "schema": _reference_v2(content["schema"])}
        parameters.insert(0, {**reference, "required": True} if body.get("required") else reference)
        out["consumes"] = list(body["content"])
    out["produces"] = list(operation["responses"]["200"]["content"])
    responses = {code: _response_v2(answer) for code, answer in operation["responses"].items()}
    return {**out, "schemes": ["https"], "parameters": parameters, "responses": responses}


def _response_v2(answer: Json) -> Json:
    if "content" not in answer:
        return answer
    [content, *_] = answer["content"].values()
    return {"description": answer["description"], "schema": _reference_v2(content["schema"])}


def _reference_v2(reference: Json) -> Json:
    target = reference.get("$ref")
    return {"$ref": schemas.V2 + target.removeprefix(schemas.V3)} if target else reference


# -------------------------------------------------------------------------------------------------- requests


def answer(server: ApiServer, request: ApiRequest, path: str) -> ApiResponse:
    """The answer to a GET below /openapi/."""
    found = discovery.catalogue(list(server.kinds))
    if path == "/openapi/v2":
        if PROTOBUF_V2 in request.header("accept") and "json" not in request.header("accept"):
            return ApiResponse(200, _HEAD_V2, PROTOBUF_V2.replace("@", "."))
        return _tagged(document_v2(found))
    if path == "/openapi/v3":
        return ApiResponse(200, orjson.dumps(index(found)))
    resources = _resources(found, path.removeprefix("/openapi/v3/").split("/"))
    if not path.startswith("/openapi/v3/") or not resources:
        return discovery.PAGE_NOT_FOUND
    _refuse_protobuf(request)
    caching = [("Cache-Control", "public, immutable")] if request.parameter("hash") else []
    return _tagged(document(resources), caching)


PROTOBUF_V2 = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_HEAD_V2 = b"\x0a\x032.0\x12\x15\x0a\x0aKubernetes\x12\x07v1.36.2\x42\x00"
"""A gnostic Document with its head (swagger, info) and no paths. kubectl looks at /openapi/v2, and only in this form, for
kinds that the v3 documents do not have; finding nothing there either, it says so in its usual words."""


def _resources(found: Catalogue, parts: Sequence[str]) -> Sequence[Facts]:
    if len(parts) == 2 and parts[0] == "api":
        return found.get("", {}).get(parts[1], ())
    if len(parts) == 3 and parts[0] == "apis":
        return found.get(parts[1], {}).get(parts[2], ())
    return ()


def _refuse_protobuf(request: ApiRequest) -> None:
    """We have the documents as JSON only; clients that ask for protobuf alone fall back when told so."""
    clauses = [clause.strip() for clause in (request.header("accept") or "*/*").split(",")]
    if all("protobuf" in clause or "proto-openapi" in clause for clause in clauses):
        raise errors.not_acceptable(("application/json",))


def _tagged(body: bytes, caching: Sequence[tuple[str, str]] = ()) -> ApiResponse:
    tag = hashlib.sha512(body).hexdigest().upper()
    return ApiResponse(200, body, headers=[("ETag", f'"{tag}"'), ("Vary", "Accept"), *caching])
