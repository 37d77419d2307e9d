"""Lists: selectors, pages, resource versions. Models apiserver/pkg/storage/etcd3 GetList and its continue tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from cluster_core.apiserver import continuing
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.continuing import Token
from cluster_core.apiserver.fieldlabels import convert_label, selectable
from cluster_core.apiserver.options import ListOptions, list_options, object_version, too_large_version
from cluster_core.apiserver.request import ApiRequest
from cluster_core.etcd.store import CompactedError, prefix_end
from cluster_core.machinery import errors, selector_text
from cluster_core.machinery.selectors import SelectorError
from cluster_core.machinery.typed import Obj

Predicate = Callable[[Obj], bool]
_TOO_OLD = "The resourceVersion for the provided list is too old."

class Page(NamedTuple):
    """One page of a list; revision 0 when what it lists is not stored. `remaining` is None when it is the last or when a selector makes it unknown."""

    items: list[Obj]
    revision: int
    token: str = ""
    remaining: int | None = None

    def metadata(self) -> dict[str, Any]:
        """The ListMeta."""
        found: dict[str, Any] = {"resourceVersion": str(self.revision)} if self.revision else {}
        if self.token:
            found["continue"] = self.token
        if self.remaining:
            found["remainingItemCount"] = self.remaining
        return found


def predicate(context: Context, request: ApiRequest) -> Predicate | None:
    """What the label and field selectors of a list, watch or deletecollection let through; None means everything."""
    checks: list[Predicate] = []
    labels = request.parameter("labelSelector")
    if labels:
        checks.append(_label_predicate(labels))
    fields = request.parameter("fieldSelector")
    if fields:
        checks.append(_field_predicate(context, fields))
    if context.name:
        checks.append(lambda obj: obj["metadata"]["name"] == context.name)
    if not checks:
        return None
    return lambda obj: all(check(obj) for check in checks)


def _label_predicate(text: str) -> Predicate:
    try:
        matches = selector_text.parse_labels(text).matches
    except SelectorError as error:
        raise errors.bad_request(str(error)) from error
    return lambda obj: matches(obj["metadata"].get("labels", {}))


def _field_predicate(context: Context, text: str) -> Predicate:
    try:
        selector = selector_text.parse_fields(text).transform(lambda name, value: convert_label(context, name, value))
    except SelectorError as error:
        raise errors.bad_request(str(error)) from error
    kind, served = context.kind, context.served
    return lambda obj: selector.matches(selectable(kind, served, obj))


def page(context: Context, request: ApiRequest) -> Page:
    """The list a request asks for."""
    options = list_options(request, watching=False)
    keep = predicate(context, request)
    if options.token:
        return _continued(context, options, keep)
    if context.kind.compute is not None:
        return Page([obj for obj in context.kind.compute(context) if keep is None or keep(obj)], 0)
    storage = context.server.storage
    limit = 0 if options.version == "0" else max(0, options.limit)
    if options.version:
        wanted = _wanted_version(options.version)
        if wanted > storage.revision:
            raise too_large_version(wanted, storage.revision)
        if wanted and (options.match == "Exact" or (not options.match and limit)):
            return _at(context, Token(wanted, ""), limit, keep)
    return _cut(context, storage.list(context.kind, context.namespace or None), limit, keep, storage.revision)


def _wanted_version(text: str) -> int:
    try:
        return object_version(text)
    except ValueError as error:
        raise errors.bad_request(f"invalid resource version: {error}") from error


def _cut(context: Context, objects: list[Obj], limit: int, keep: Predicate | None, revision: int) -> Page:
    """The first `limit` matching objects, and a token for the rest."""
    if not limit:
        return Page(objects if keep is None else [obj for obj in objects if keep(obj)], revision)
    found: list[Obj] = []
    for position, obj in enumerate(objects):
        if keep is None or keep(obj):
            found.append(obj)
        if len(found) == limit:
            left = len(objects) - position - 1
            token = _token(context, obj, revision) if left else ""
            return Page(found, revision, token, left if keep is None else None)
    return Page(found, revision)


def _prefix(context: Context) -> str:
    """What the keys of a list have in common, without a slash at the end."""
    kind = context.kind
    return kind.registry_prefix + context.namespace if kind.namespaced and context.namespace else kind.registry_prefix[:-1]


def _token(context: Context, last: Obj, revision: int) -> str:
    metadata = last["metadata"]
    key = context.kind.key(metadata.get("namespace", ""), metadata["name"])
    return Token(revision, key.removeprefix(_prefix(context)) + "\0").encoded()


def _continued(context: Context, options: ListOptions, keep: Predicate | None) -> Page:
    token = continuing.decode(options.token)
    if options.version not in ("", "0"):
        raise errors.bad_request("specifying resource version is not allowed when using continue")
    limit = 0 if options.version == "0" else max(0, options.limit)
    return _at(context, token, limit, keep)


def _at(context: Context, token: Token, limit: int, keep: Predicate | None) -> Page:
    """The list as it was at the token's revision, from its start on."""
    prefix, storage = _prefix(context), context.server.storage
    revision = token.revision if token.revision > 0 else storage.revision
    if revision > storage.revision:
        raise too_large_version(revision, storage.revision)
    try:
        values = storage.store.range(prefix + (token.start or "/"), prefix_end(prefix + "/"), revision)
    except CompactedError as error:
        raise (continuing.Expired(token.start) if token.start else errors.expired(_TOO_OLD)) from error
    objects = [obj for obj in map(storage.decode, values) if obj is not None]
    return _cut(context, objects, limit, keep, revision)
