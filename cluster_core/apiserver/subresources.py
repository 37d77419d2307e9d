"""Subresources other than status: scale for whatever has replicas, and those a kind brings itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.apiserver import decode, identity, lifecycle, negotiate, options, patching, routing, schema
from cluster_core.apiserver.admission.chain import Attributes
from cluster_core.apiserver.body import check_media_type
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Subresource
from cluster_core.apiserver.request import ApiRequest, ApiResponse, RequestInfo
from cluster_core.machinery import errors, field, gofmt, selectors
from cluster_core.machinery.typed import Obj


def is_part(context: Context) -> bool:
    """Whether the subresource is a view of the whole object, got and written like the object."""
    found = context.kind.subresource(context.subresource)
    return found is not None and found.prepare is not None


def answer(context: Context, info: RequestInfo, request: ApiRequest) -> ApiResponse:
    """Serve one request for a subresource."""
    if info.subresource == "scale" and context.kind.scale is not None:
        return _scale(context, request)
    found = context.kind.subresource(info.subresource)
    if found is None:
        raise errors.generic_not_found()
    if context.verb not in found.verbs and not (request.method == "OPTIONS" and found.name in routing.WITH_TAIL):
        raise errors.method_not_allowed()
    if found.call is None:
        _admit_connection(context, found, request)
        return context.server.connect(context, found, info, request)
    negotiate.accepted(request)
    options.read_write_options(context, request, "CreateOptions" if request.method == "POST" else "UpdateOptions")
    body = _body(context, request, (found.group, found.version, found.kind)) if request.method != "GET" else None
    if found.kind in _NAMING and body is not None and body["metadata"].get("name", "") != context.name:
        raise errors.bad_request(f"name in URL does not match name in {found.kind} object")
    parent = lifecycle.existing(context)
    status = 201 if request.method == "POST" else 200
    return negotiate.respond(context, request, found.call(context, parent, body), status)


_STREAMS = {"exec": "PodExecOptions", "attach": "PodAttachOptions", "portforward": "PodPortForwardOptions", "proxy": "PodProxyOptions"}
_NAMING = ("Binding", "Eviction")
"""Kinds of bodies that name the object, which is compared before it is looked for."""
_LISTS = frozenset(("command", "ports"))
_TEXTS = frozenset(("container", "path"))


def _admit_connection(context: Context, subresource: Subresource, request: ApiRequest) -> None:
    """Opening a stream goes through admission, with what is asked for as the object. Raises ApiError."""
    name = _STREAMS.get(subresource.name)
    if name is None or context.kind.name != "Pod":
        return
    asked: dict[str, Any] = {"kind": name, "apiVersion": "v1"}
    for key in dict(request.query):
        if key in _LISTS:
            asked[key] = request.parameters(key)
        else:
            asked[key] = request.parameter(key) if key in _TEXTS else request.parameter(key) not in ("", "0", "false")
    attributes = Attributes("CONNECT", context, asked)
    context.server.admission.admit(attributes)
    context.server.admission.validate(attributes)


def _body(context: Context, request: ApiRequest, gvk: tuple[str, str, str]) -> Obj:
    check_media_type(request)
    decoded = decode.decode(
        request.body, request.header("content-type"), schema.type_of(*gvk), gvk=gvk, strict=context.field_validation
    )
    context.warnings.extend(decoded.warnings)
    return {"kind": gvk[2], "apiVersion": "/".join(filter(None, gvk[:2])), "metadata": {}, **decoded.obj}


# ------------------------------------------------------------------------------------------------ scale


_SCALE = ("autoscaling", "v1", "Scale")


def _scale(context: Context, request: ApiRequest) -> ApiResponse:
    if context.verb == "get":
        negotiate.accepted(request)
        obj = lifecycle.existing(context)
        if _is_custom(context) and _spec_replicas(context, obj) is None:
            raise errors.internal_error(f"the spec replicas field {_shown_path(context)} does not exist")
        return negotiate.respond(context, request, scale_of(context, obj))
    change = _scale_update(context, request) if context.verb == "update" else _scale_patch(context, request)
    return negotiate.respond(context, request, scale_of(context, lifecycle.update(context, change)))


def _scale_update(context: Context, request: ApiRequest) -> lifecycle.Change:
    negotiate.accepted(request)
    options.read_write_options(context, request, "UpdateOptions")
    wanted = _body(context, request, _SCALE)
    identity.check_names(context, wanted)
    return lambda old: with_replicas(context, old, wanted)


def _scale_patch(context: Context, request: ApiRequest) -> lifecycle.Change:
    media = patching.media_type(context, request)
    negotiate.accepted(request)
    options.read_patch_options(context, request, applying=media == patching.APPLY)
    if media == patching.APPLY:
        raise errors.unsupported_media_type(patching.ACCEPTED[:-1])
    patcher = patching.read(context, media, request.body)

    def change(old: Obj) -> Obj:
        before = scale_of(context, old)
        missing = _is_custom(context) and _spec_replicas(context, old) is None
        wanted = patcher.apply(schema.type_of(*_SCALE), before)
        if missing and "replicas" not in wanted.get("spec", {}):
            raise errors.bad_request(f"the spec replicas field {_shown_path(context)} cannot be empty")
        identity.check_names(context, wanted)
        return with_replicas(context, old, wanted)

    return change


def with_replicas(context: Context, obj: Obj, scale: Obj) -> Obj:
    """The object with the replicas of a Scale; a stale resourceVersion or another uid there conflicts."""
    given = {key: scale["metadata"][key] for key in ("resourceVersion", "uid") if scale["metadata"].get(key)}
    metadata = {**obj["metadata"], **given}
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if replicas < 0 and not _is_custom(context):
        problem = field.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid("autoscaling", "Scale", context.name, [problem])
    assert context.kind.scale is not None
    changed: Obj = _put(obj, context.kind.scale.spec_replicas.split("."), replicas)
    return {**changed, "metadata": metadata}


def _put(obj: Obj, path: list[str], value: Any) -> Obj:
    """The object with another value at the path."""
    name, *rest = path
    return {**obj, name: _put(obj.get(name) or {}, rest, value) if rest else value}


def _is_custom(context: Context) -> bool:
    return "types" in context.kind.facts


def _spec_replicas(context: Context, obj: Obj) -> Any:
    assert context.kind.scale is not None
    return at(obj, context.kind.scale.spec_replicas)


def _shown_path(context: Context) -> str:
    assert context.kind.scale is not None
    return gofmt.quote("." + context.kind.scale.spec_replicas)


def at(obj: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, None when something on the way is missing."""
    found: Any = obj
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _selector_text(selector: Any) -> str:
    """A LabelSelector, or the plain map of a replication controller, as a selector string."""
    if not selector:
        return ""
    plain = not ({"matchLabels", "matchExpressions"} & set(selector))
    return str(selectors.of_map(selector) if plain else selectors.of_object(selector))


def scale_of(context: Context, obj: Obj) -> Obj:
    """The Scale view of an object. Zero replicas are left out, as the real one's omitempty does."""
    paths = context.kind.scale
    assert paths is not None
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    spec, status = at(obj, paths.spec_replicas) or 0, at(obj, paths.status_replicas) or 0
    selector = at(obj, paths.selector)
    text = selector if isinstance(selector, str) else _selector_text(selector)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": spec} if spec else {},
        "status": {"replicas": status, **({"selector": text} if text else {})},
    }
