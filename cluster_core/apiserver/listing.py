"""Lists: selectors, pages, resource versions. Models apiserver/pkg/storage/etcd3 GetList and its continue tokens."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.request import ApiRequest
from cluster_core.etcd.store import CompactedError, prefix_end
from cluster_core.machinery import errors, selector_text
from cluster_core.machinery.selectors import SelectorError
from cluster_core.machinery.typed import Obj

Predicate = Callable[[Obj], bool]

EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


class Page(NamedTuple):
    """One page of a list. `remaining` is None when it is the last or when a selector makes it unknown."""

    items: list[Obj]
    revision: int
    token: str = ""
    remaining: int | None = None

    def metadata(self) -> dict[str, Any]:
        """The ListMeta."""
        found: dict[str, Any] = {"resourceVersion": str(self.revision)}
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
        checks.append(_field_predicate(context.kind, fields))
    if context.name:
        checks.append(lambda obj: obj["metadata"]["name"] == context.name)
    if not checks:
        return None
    return lambda obj: all(check(obj) for check in checks)


def selectable(kind: Kind, obj: Obj) -> dict[str, str]:
    """The values field selectors see."""
    metadata = obj["metadata"]
    found = {"metadata.name": metadata["name"]}
    if kind.namespaced:
        found["metadata.namespace"] = metadata.get("namespace", "")
    return {**found, **kind.fields(obj)} if kind.fields else found


_PROBE: Obj = {"metadata": {"name": "", "namespace": ""}, "spec": {}, "status": {}}


def _label_predicate(text: str) -> Predicate:
    try:
        matches = selector_text.parse_labels(text).matches
    except SelectorError as error:
        raise errors.bad_request(str(error)) from error
    return lambda obj: matches(obj["metadata"].get("labels", {}))


def _field_predicate(kind: Kind, text: str) -> Predicate:
    try:
        selector = selector_text.parse_fields(text)
    except SelectorError as error:
        raise errors.bad_request(str(error)) from error
    known = selectable(kind, _PROBE)
    for name, _, _ in selector.terms:
        if name not in known:
            raise errors.bad_request(_unknown_field(kind, name))
    return lambda obj: selector.matches(selectable(kind, obj))


def _unknown_field(kind: Kind, key: str) -> str:
    if kind.fields is None:
        return f'"{key}" is not a known field selector: only "metadata.name", "metadata.namespace"'
    return f"field label not supported: {key}"


def page(context: Context, request: ApiRequest) -> Page:
    """The list a request asks for."""
    keep = predicate(context, request)
    limit = _limit(request)
    token = request.parameter("continue")
    storage = context.server.storage
    if token:
        return _continued(context, token, limit, keep)
    objects = storage.list(context.kind, context.namespace or None)
    return _cut(context, objects, limit, keep, storage.revision)


def _limit(request: ApiRequest) -> int:
    text = request.parameter("limit")
    return int(text) if text.isdigit() else 0


def _cut(context: Context, objects: list[Obj], limit: int, keep: Predicate | None, revision: int) -> Page:
    """The first `limit` matching objects, and a token for the rest."""
    if keep is None and (not limit or len(objects) <= limit):
        return Page(objects, revision)
    found: list[Obj] = []
    for position, obj in enumerate(objects):
        if keep is not None and not keep(obj):
            continue
        if limit and len(found) == limit:
            remaining = len(objects) - position if keep is None else None
            return Page(found, revision, _token(context.kind, found[-1], revision), remaining)
        found.append(obj)
    return Page(found, revision)


def _token(kind: Kind, last: Obj, revision: int) -> str:
    """An opaque token in the real shape: version, resource version and the key to go on at."""
    metadata = last["metadata"]
    start = kind.key(metadata.get("namespace", ""), metadata["name"])[len(kind.registry_prefix) :] + "\0"
    body = orjson.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start})
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def _read_token(token: str) -> tuple[int, str]:
    try:
        body = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(body["rv"]), str(body["start"])
    except (ValueError, KeyError, TypeError) as error:
        raise errors.bad_request("continue key is not valid: " + str(error)) from error


def _continued(context: Context, token: str, limit: int, keep: Predicate | None) -> Page:
    revision, start = _read_token(token)
    prefix = context.kind.registry_prefix + (f"{context.namespace}/" if context.namespace else "")
    storage = context.server.storage
    try:
        values = storage.store.range(context.kind.registry_prefix + start, prefix_end(prefix), revision)
    except CompactedError as error:
        raise errors.expired(EXPIRED_CONTINUE) from error
    objects = [obj for obj in map(storage.decode, values) if obj is not None]
    return _cut(context, objects, limit, keep, revision)
