"""The scale subresource of whatever has replicas: a Scale that is read from the object and written back into it.

Models ScaleREST of pkg/registry/apps and of apiextensions, and who owns the replicas after a write through it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cluster_core.apiserver import fieldmanager, identity, lifecycle, negotiate, options, patching, schema
from cluster_core.apiserver.body import read_part
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.machinery import errors, field, gofmt, managedfields, managers, scalefields, selectors
from cluster_core.machinery.typed import Obj

_SCALE = ("autoscaling", "v1", "Scale")
Change = Callable[[Obj], Obj]
"""What turns the Scale of before into the one wanted, managedFields included."""


def answer(context: Context, request: ApiRequest) -> ApiResponse:
    """Get, replace, patch or apply the Scale of the object the context names."""
    if context.verb == "get":
        negotiate.accepted(request)
        obj = lifecycle.existing(context)
        if _is_custom(context) and _spec_replicas(context, obj) is None:
            raise errors.internal_error(f"the spec replicas field {_shown_path(context)} does not exist")
        return negotiate.respond(context, request, scale_of(context, obj))
    change = _update(context, request) if context.verb == "update" else _patch(context, request)
    context.options["applying"] = True  # the owners come from the Scale, not from what changed in the object
    return negotiate.respond(context, request, scale_of(context, lifecycle.update(context, lambda old: _scaled(context, old, change))))


def _scaled(context: Context, old: Obj, change: Change) -> Obj:
    """The object after a change of its Scale: its replicas, and who owns them."""
    path = scalefields.path(context.kind.scale.spec_replicas if context.kind.scale else "")
    owners = managers.decode_or_none(managers.entries_of(old))
    before = managers.with_managed(scale_of(context, old), scalefields.to_scale(owners, path))
    wanted = change(before)
    new = with_replicas(context, old, wanted)
    after = managers.decode_or_none(managers.entries_of(wanted))
    return managers.with_managed(new, scalefields.to_parent(owners, after, context.api_version, path))


def resized(context: Context, obj: Obj, replicas: int) -> Obj:
    """The object with so many replicas, owned by the context's field manager."""
    return _scaled(context, obj, lambda before: _written(context, before, {**before, "spec": {"replicas": replicas}}))


def _written(context: Context, before: Obj, wanted: Obj) -> Obj:
    """The Scale wanted, with the writer as the owner of what changed."""
    type = schema.type_of(*_SCALE)
    return managedfields.update(type, before, managers.without_entries(wanted), fieldmanager.writer(context, scalefields.API_VERSION))


def _update(context: Context, request: ApiRequest) -> Change:
    negotiate.accepted(request)
    options.read_write_options(context, request, "UpdateOptions")
    wanted = read_part(context, request, _SCALE)
    identity.check_names(context, wanted)
    return lambda before: _written(context, before, wanted)


def _patch(context: Context, request: ApiRequest) -> Change:
    media = patching.media_type(context, request)
    negotiate.accepted(request)
    force = options.read_patch_options(context, request, applying=media == patching.APPLY)
    if media == patching.APPLY:
        return _apply(context, request, force)
    patcher = patching.read(context, media, request.body)

    def change(before: Obj) -> Obj:
        wanted = patcher.apply(schema.type_of(*_SCALE), managers.without_entries(before))
        _check_replicas(context, wanted)
        identity.check_names(context, wanted)
        return _written(context, before, wanted)

    return change


def _check_replicas(context: Context, wanted: Obj) -> None:
    """A patch has to give replicas to a custom resource that has none."""
    given = "replicas" in wanted.get("spec", {})
    if not given and _is_custom(context) and _spec_replicas(context, lifecycle.existing(context)) is None:
        raise errors.bad_request(f"the spec replicas field {_shown_path(context)} cannot be empty")


def _apply(context: Context, request: ApiRequest, force: bool) -> Change:
    config = fieldmanager.configuration(request, *_SCALE)
    type, writer = schema.type_of(*_SCALE), fieldmanager.writer(context, scalefields.API_VERSION)
    if (config.get("metadata") or {}).get("name"):
        identity.check_names(context, config)

    def change(before: Obj) -> Obj:
        new = managedfields.apply(type, before, config, writer, force)
        if _is_custom(context) and managers.without_entries(new) != managers.without_entries(before):
            raise _unconvertible(config)
        return fieldmanager.converted(type, new, config)

    return change


def _unconvertible(config: Obj) -> errors.ApiError:
    """Upstream's field manager of custom resources converts a changed Scale as if it were one of them."""
    problem = f"request to convert CR to an invalid group/version: {scalefields.API_VERSION}"
    return errors.plain_error(f"failed to convert new object ({managedfields.named(config)}) to proper version: {problem}")


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
