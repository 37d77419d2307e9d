"""Create and update, once for all kinds.

Models apiserver/pkg/registry/generic/registry/store.go with registry/rest/{create,update}.go: the order of
admission, strategy, validation and storage is theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from cluster_core.apiserver import empties, identity, objectmeta, objectmeta_validation, schema
from cluster_core.apiserver.admission.chain import Attributes
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Kind
from cluster_core.machinery import errors
from cluster_core.machinery.typed import Obj

Change = Callable[[Obj], Obj]


def create(context: Context, obj: Obj) -> Obj:
    """Store a new object; `obj` is decoded and has its defaults. Answers what was stored (or would be, in a dry run)."""
    server, kind = context.server, context.kind
    obj = objectmeta.begin_create(context, obj)
    if not context.options.get("applying"):
        obj = server.fields.created(context, obj)
    obj = _as_stored(context, obj)
    context.name = obj["metadata"].get("name", "")
    admitted = server.admission.admit(Attributes("CREATE", context, obj))
    assert admitted is not None
    obj = objectmeta.fill(context, admitted)
    obj = prepare_create(kind, obj if kind.begin is None else kind.begin(context, obj, None))
    context.name = obj["metadata"].get("name", "")
    if not context.trusted:
        context.warnings.extend(kind.early_warnings(obj) if kind.early_warnings is not None else ())
        _validate(context, obj, lambda sent: objectmeta_validation.validate_create(kind, sent, context.api_version))
    if kind.before_store is not None:
        obj = kind.before_store(context, obj, None)
    _add_warnings(context, obj, None)
    server.admission.validate(Attributes("CREATE", context, obj))
    found = server.storage.get(kind, context.namespace, context.name)
    if found is not None:
        raise already_exists(context, obj, found)
    return obj if context.dry_run else server.storage.put(kind, obj)


def _as_stored(context: Context, obj: Obj) -> Obj:
    """Without the empty lists that the store would not keep."""
    kind = context.kind
    if context.trusted or "types" in kind.facts:
        return obj
    return cast(Obj, empties.stored(schema.type_of(kind.group, kind.version, kind.name), obj))


def _as_sent(context: Context, obj: Obj) -> Obj:
    """As validation sees it: with the empty lists and maps that the client sent."""
    if context.sent is None:
        return obj
    kind = context.kind
    return cast(Obj, empties.restored(schema.type_of(kind.group, kind.version, kind.name), context.sent, obj))


def already_exists(context: Context, obj: Obj, found: Obj) -> errors.ApiError:
    refuse = errors.generate_name_conflict if obj["metadata"].get("generateName") else errors.already_exists
    error = refuse(context.served.group, context.kind.plural, context.name)
    if "deletionTimestamp" in found["metadata"]:
        error.message = f"object is being deleted: {error.message}"
    return error


def prepare_create(kind: Kind, obj: Obj) -> Obj:
    if kind.status and not kind.keeps_status and "status" in obj:
        obj = {name: value for name, value in obj.items() if name != "status"}
    if kind.generation:
        obj = {**obj, "metadata": {**obj["metadata"], "generation": 1}}
    return kind.prepare_create(obj)


def _validate(context: Context, obj: Obj, problems_of: Callable[[Obj], list[Any]]) -> None:
    """Raises Invalid. An empty list is as good as none to a rule, but the words of a refusal tell them apart."""
    problems, kind = problems_of(obj), context.kind
    if problems:
        problems = problems_of(_as_sent(context, obj)) or problems
        raise errors.invalid(kind.group, kind.name, obj["metadata"].get("name", ""), problems)


def _add_warnings(context: Context, new: Obj, old: Obj | None) -> None:
    if context.kind.warnings is not None and not context.trusted and context.subresource != "status":
        context.warnings.extend(context.kind.warnings(new, old))


def existing(context: Context) -> Obj:
    """The object the context names. Raises NotFound."""
    kind = context.kind
    found = _computed(context) if kind.compute else context.server.storage.get(kind, context.namespace, context.name)
    if found is None:
        raise errors.not_found(context.served.group, kind.facts.get("missing", kind.plural), context.name)
    return found


def _computed(context: Context) -> Obj | None:
    assert context.kind.compute is not None
    return next((obj for obj in context.kind.compute(context) if obj["metadata"]["name"] == context.name), None)


def create_on_update(context: Context, obj: Obj) -> Obj:
    """A PUT of something that is not there yet, for the kinds that allow it. Its resourceVersion means nothing."""
    uid = obj["metadata"].get("uid")
    if uid:
        raise identity.other_uid(context, uid, "")
    metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
    return create(context, {**obj, "metadata": metadata})


def update(context: Context, change: Change) -> Obj:
    """Replace the object with what `change` makes of it; answers what is stored afterwards."""
    old = existing(context)
    new = identity.begin_update(context, change(old), old)
    new = _as_stored(context, context.server.fields.updated(context, new, old))
    new = prepare_update(context, new, old)
    return _store_update(context, new, old)


def prepare_update(context: Context, new: Obj, old: Obj) -> Obj:
    """Admission and strategy. A status update changes nothing but status, another one everything else."""
    kind = context.kind
    admitted = context.server.admission.admit(Attributes("UPDATE", context, new, old))
    assert admitted is not None
    new = admitted if kind.begin is None or context.subresource else kind.begin(context, admitted, old)
    if context.subresource == "status":
        prepared = kind.prepare_status(_only_status(new, old, () in kind.status_resets), old)
        return prepared if kind.begin_status is None else kind.begin_status(context, prepared, old)
    if context.subresource == "finalize":
        return new
    if context.subresource in _PAST_THE_STRATEGY:
        return new
    part = kind.subresource(context.subresource) if context.subresource else None
    if part is not None and part.prepare is not None:
        new = part.prepare(new, old)
    else:
        new = kind.prepare_update(_with_status_of(new, old) if kind.status else new, old)
    return _next_generation(context, new, old) if kind.generation else new


_PAST_THE_STRATEGY = frozenset({"binding"})
"""Subresources written to the store as they are: a binding is neither validated nor counted in the generation."""


def _only_status(new: Obj, old: Obj, keep_metadata: bool) -> Obj:
    metadata = {**new["metadata"]}
    if keep_metadata:
        metadata = {**old["metadata"], **{key: metadata[key] for key in ("managedFields", "resourceVersion") if key in metadata}}
    kept = {name: value for name, value in old.items() if name not in ("metadata", "status")}
    result = {**kept, "metadata": metadata}
    if "status" in new:
        result["status"] = new["status"]
    return result


def _with_status_of(new: Obj, old: Obj) -> Obj:
    if new.get("status") is old.get("status"):
        return new
    result = {name: value for name, value in new.items() if name != "status"}
    if "status" in old:
        result["status"] = old["status"]
    return result


def _next_generation(context: Context, new: Obj, old: Obj) -> Obj:
    kind, generation = context.kind, old["metadata"].get("generation", 0)
    told = _as_sent(context, new) if kind.counts_empties else new
    if objectmeta.body(told) != objectmeta.body(old) or (kind.counts_annotations and _annotations(new) != _annotations(old)):
        generation += 1
    if new["metadata"].get("generation") == generation:
        return new
    return {**new, "metadata": {**new["metadata"], "generation": generation}}


def _annotations(obj: Obj) -> Obj:
    found: Obj = obj["metadata"].get("annotations") or {}
    return found


def _store_update(context: Context, new: Obj, old: Obj) -> Obj:
    kind, server = context.kind, context.server
    if not context.trusted:
        _validate(context, new, lambda sent: _update_problems(context, sent, old))
    if kind.before_store is not None and not context.subresource:
        new = kind.before_store(context, new, old)
    _add_warnings(context, new, old)
    server.admission.validate(Attributes("UPDATE", context, new, old))
    if context.dry_run:
        return new
    if _is_done_for(kind, new):
        server.storage.remove(kind, new)
        return new  # as it was, with the resourceVersion of before
    if new == old:
        return old
    return server.storage.put(kind, new)


def _update_problems(context: Context, new: Obj, old: Obj) -> list[Any]:
    kind = context.kind
    if context.subresource in _PAST_THE_STRATEGY:
        return []
    part = kind.subresource(context.subresource) if context.subresource else None
    validate = kind.validate_status if context.subresource == "status" else kind.validate_update
    if part is not None and part.validate is not None:
        validate = part.validate
    own = validate(new, old)
    if kind.validate_as is not None and not context.subresource:
        own = kind.validate_as(context.api_version, new, old)
    return [*objectmeta_validation.validate_update(kind, new, old, context.subresource), *own]


def _is_done_for(kind: Kind, obj: Obj) -> bool:
    """Nothing holds a terminating object any more."""
    metadata = obj["metadata"]
    if "deletionTimestamp" not in metadata or kind.finalizers(obj):
        return False
    return not metadata.get("deletionGracePeriodSeconds")
