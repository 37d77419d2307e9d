"""Watches: the changes after a revision, as frames. Models apiserver/pkg/endpoints/handlers/watch.go.

A watch is a cursor into etcd's history. Whoever serves it reads up to the revision that is durable, so nothing is seen
that a crash could take back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from cluster_core.apiserver import decode
from cluster_core.apiserver.body import type_of
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.listing import Predicate
from cluster_core.apiserver.parts import Change
from cluster_core.etcd.store import CompactedError, StoreEvent
from cluster_core.machinery import errors
from cluster_core.machinery.typed import Obj

Encode = Callable[[str, Obj, bytes | None], bytes]
"""(event type, object, its stored bytes if these are current) -> one frame."""


def plain_frame(type: str, obj: Obj, value: bytes | None) -> bytes:
    """A frame with the whole object."""
    return b'{"type":"%b","object":%b}\n' % (type.encode(), value if value is not None else orjson.dumps(obj))


class Watch:
    """One open watch. `read` gives the frames that have become visible since the last call."""

    def __init__(self, context: Context, keep: Predicate | None, revision: int, encode: Encode = plain_frame) -> None:
        self._context = context
        self._keep = keep
        self._encode = encode
        self._prefix = _prefix(context)
        self._pending: list[bytes] = []
        self.revision = revision
        self._announced = revision
        self.ended = False

    def preload(self, objects: list[Obj], bookmark: bool) -> None:
        """Begin with these objects as ADDED events, and mark their end when the client asked for it."""
        storage = self._context.server.storage
        for obj in objects:
            self._pending.append(self._encode("ADDED", obj, storage.encoded(self._context.kind, obj)))
        if bookmark:
            self._pending.append(self._bookmark(self.revision, {"k8s.io/initial-events-end": "true"}))

    def read(self, limit_revision: int) -> list[bytes]:
        """The frames up to `limit_revision`. After a gap (410) one ERROR frame comes and the watch has ended."""
        frames, self._pending = self._pending, []
        if self.ended or limit_revision <= self.revision:
            return frames
        try:
            events = self._context.server.storage.store.events_after(self.revision, limit_revision)
        except CompactedError:
            self.ended = True
            return [*frames, _error_frame(errors.expired(f"too old resource version: {self.revision}"))]
        for event in events:
            if event.key.startswith(self._prefix):
                frame = self._frame(event)
                if frame is not None:
                    frames.append(frame)
        self.revision = limit_revision
        return frames

    def bookmark(self) -> bytes | None:
        """A BOOKMARK when there is a newer revision to report than the last one told."""
        if self.revision <= self._announced or self.ended:
            return None
        return self._bookmark(self.revision, {})

    def _bookmark(self, revision: int, annotations: dict[str, str]) -> bytes:
        self._announced = revision
        metadata: dict[str, Any] = {"resourceVersion": str(revision)}
        if annotations:
            metadata["annotations"] = annotations
        kind = self._context.kind
        obj = {"kind": kind.name, "apiVersion": self._context.api_version, **_blank(self._context), "metadata": metadata}
        return self._encode("BOOKMARK", obj, None)

    def _frame(self, event: StoreEvent) -> bytes | None:
        kind = self._context.kind
        change = self._context.server.storage.change_of(kind, event)
        type, obj = self._visible(change)
        if obj is None:
            return None
        current = event.new if event.new is not None and obj is change.new else None
        value = current.value if current is not None and current.obj is obj else None
        self._announced = event.revision
        return self._encode(type, obj, value)

    def _visible(self, change: Change) -> tuple[str, Obj | None]:
        """What the change is to this watch: objects enter and leave its selector."""
        keep = self._keep
        before = change.old is not None and (keep is None or keep(change.old))
        after = change.new is not None and (keep is None or keep(change.new))
        if after:
            return ("MODIFIED" if before else "ADDED"), change.new
        if before and change.old is not None:
            metadata = {**change.old["metadata"], "resourceVersion": str(change.revision)}
            return "DELETED", {**change.old, "metadata": metadata}
        return "", None


def _blank(context: Context) -> Obj:
    """An object of the kind with nothing in it, as Go writes it: what a bookmark carries its version in."""
    return {} if "types" in context.kind.facts else decode.normalize(type_of(context), {})


def _prefix(context: Context) -> str:
    prefix = context.kind.registry_prefix
    return f"{prefix}{context.namespace}/" if context.kind.namespaced and context.namespace else prefix


def _error_frame(error: errors.ApiError) -> bytes:
    return plain_frame("ERROR", error.status(), None)
