"""metadata.managedFields and server-side apply, between the request path and `machinery.managedfields`.

Models apiserver/pkg/endpoints/handlers/patch.go (applyPatcher) and the reset fields of the strategies. Parts of the
cluster write without being tracked: a trusted write leaves the entries as they are.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import cache
from typing import Any, cast

import orjson

from cluster_core.apiserver import decode, decode_yaml, identity, lifecycle, negotiate, partowners, unstructured
from cluster_core.apiserver.body import inward, type_of
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.request import ApiRequest
from cluster_core.machinery import errors, fieldset, gofmt, managedfields, managers, yamlio
from cluster_core.machinery.typed import Obj, Type

_REMEMBERED = 256
_STATUS = fieldset.of_paths((fieldset.field("status"),))
_ALL_BUT_STATUS = fieldset.of_paths((fieldset.field("metadata"),), (fieldset.field("spec"),))


class FieldManager:
    """Keeps managedFields of what clients write, and applies their configurations."""

    def __init__(self) -> None:
        self._first_entries: OrderedDict[tuple[str, ...], list[Obj]] = OrderedDict()
        """The entries of objects created lately, by all that decides them: many objects differ in little but the name."""
        self.shown: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        """The entries of objects shown lately, with those of parts, by uid, resourceVersion and apiVersion: see `partowners`."""

    def created(self, context: Context, obj: Obj) -> Obj:
        """The new object with its creator as the manager of every field."""
        if context.trusted:
            return obj
        if "managedFields" in obj["metadata"] or "types" in context.kind.facts:
            return self._managed(context, obj, None)
        key = _creation_key(context, obj)
        entries = self._first_entries.get(key)
        if entries is None:
            found = self._managed(context, obj, None)
            self._remember(key, found["metadata"].get("managedFields", []))
            return found
        if not entries:
            return obj
        now = context.server.world.clock.timestamp()
        metadata = {**obj["metadata"], "managedFields": [{**entry, "time": now} for entry in entries]}
        return {**obj, "metadata": metadata}

    def _remember(self, key: tuple[str, ...], entries: list[Obj]) -> None:
        self._first_entries[key] = entries
        if len(self._first_entries) > _REMEMBERED:
            self._first_entries.popitem(last=False)

    def updated(self, context: Context, new: Obj, old: Obj) -> Obj:
        """The new object with the writer as the manager of every field that changed."""
        if context.trusted or context.options.get("applying") or context.subresource == "binding":
            return new
        sent = (context.sent or {}).get("metadata")
        if isinstance(sent, dict) and sent.get("managedFields") == []:
            new = {**new, "metadata": {**new["metadata"], "managedFields": []}}
        return self._managed(context, new, old)

    def _managed(self, context: Context, new: Obj, old: Obj | None) -> Obj:
        live = negotiate.outward(context, old) if old is not None else None
        if live is not None and not managers.entries_of(live):
            live = partowners.told(context, live)
        if context.api_version == context.kind.api_version:
            return managedfields.update(type_of(context), live, new, self._writer(context))
        found = managedfields.update(type_of(context), live, negotiate.outward(context, new), self._writer(context))
        return {**new, "metadata": found["metadata"]}

    @staticmethod
    def _writer(context: Context) -> managedfields.Writer:
        beside = _ALL_BUT_STATUS if "types" in context.kind.facts else _beside_status(context.kind.status_resets)
        reset = beside if context.subresource == "status" else _STATUS if context.kind.status else fieldset.EMPTY
        if context.kind.resets and not context.subresource:
            reset = fieldset.of_paths(*((fieldset.field(name),) for name in ("status", *context.kind.resets)))
        return replace(writer(context, context.api_version), ignored=reset)

    def apply(self, context: Context, request: ApiRequest, force: bool) -> tuple[Obj, bool]:
        """Server-side apply; answers (what is stored, whether it was created)."""
        config = configuration(request, context.served.group, context.served.version, context.kind.name)
        context.options["applying"] = True
        context.options["repeated"] = _repeated(context, request.body, config)
        live = context.server.storage.get(context.kind, context.namespace, context.name)
        if live is None or (config.get("metadata") or {}).get("name"):
            identity.check_names(context, config)
        if live is None:
            return self._create(context, config), True
        return lifecycle.update(context, lambda old: self._applied(context, old, config, force)), False

    def _create(self, context: Context, config: Obj) -> Obj:
        if context.subresource:
            raise errors.not_found(context.kind.group, context.kind.plural, context.name)
        uid = config.get("metadata", {}).get("uid")
        if uid:
            detail = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise errors.conflict(context.kind.group, context.kind.plural, context.name, detail)
        obj = self._applied(context, None, config, False)
        metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
        return lifecycle.create(context, {**obj, "metadata": metadata})

    def _applied(self, context: Context, live: Obj | None, config: Obj, force: bool) -> Obj:
        """The live object with the configuration applied, with defaults, in its storage version."""
        type = type_of(context)
        before = partowners.told(context, negotiate.outward(context, live)) if live is not None else None
        new = managedfields.apply(type, before, config, self._writer(context), force)
        _hold_against(context, context.options.get("repeated") or [])
        if new is before:
            return new
        if "types" not in context.kind.facts:
            context.sent = new
        return inward(context, converted(type, new, config))


def converted(type: Type, obj: Obj, config: Obj) -> Obj:
    """The applied object as its type has it. Raises a plain 500 for what the schema allows and the type does not."""
    try:
        return decode.normalize(type, obj)
    except decode.DecodeError:
        pass
    try:
        return decode.normalize(type, cast(Obj, unstructured.converted(type, obj)))
    except decode.DecodeError as error:
        detail = unstructured.complaint(type, obj) or str(error)
    version = obj["apiVersion"] if "/" in obj["apiVersion"] else f"/{obj['apiVersion']}"
    problem = f"unable to convert unstructured object to {version}, Kind={obj['kind']}: {detail}"
    raise errors.plain_error(f"failed to convert new object ({managedfields.named(config)}) to proper version: {problem}")


def writer(context: Context, api_version: str) -> managedfields.Writer:
    """Who writes now, in which version, resetting nothing."""
    now = context.server.world.clock.timestamp()
    return managedfields.Writer(context.field_manager[:128] or "unknown", api_version, now, context.subresource)


@cache
def _beside_status(resets: tuple[tuple[str, ...], ...]) -> fieldset.FieldSet:
    """What an update of the status resets: the spec, and what the kind says of the metadata."""
    paths = [tuple(map(fieldset.field, ("metadata", *path))) for path in resets]
    return fieldset.of_paths((fieldset.field("spec"),), *paths)


def _creation_key(context: Context, obj: Obj) -> tuple[str, ...]:
    """All that decides who owns what of a new object: everything but its name and the values of its labels."""
    metadata = dict(obj["metadata"])
    for key in ("labels", "annotations"):
        if key in metadata:
            metadata[key] = sorted(metadata[key])
    for key in ("name", "namespace", "uid", "creationTimestamp"):
        metadata.pop(key, None)
    body = orjson.dumps({**obj, "metadata": metadata}).decode()
    return (context.api_version, context.kind.name, context.field_manager, context.subresource, body)


def _repeated(context: Context, body: bytes, config: Obj) -> list[str]:
    """The complaint about keys that the configuration has twice, as far as anybody wants to hear of it."""
    if context.field_validation == "Ignore" or not decode.may_repeat(body, config):
        return []
    return [f"error converting YAML to JSON: {complaint}" for complaint in decode_yaml.parse(body)[1]]


def _hold_against(context: Context, complaints: list[str]) -> None:
    """Refuse or warn, after a failed apply would have been refused for its own reasons."""
    if complaints and context.field_validation == "Strict":
        raise errors.bad_request(f"error strict decoding YAML: {complaints[0]}")
    context.warnings.extend(complaints)


def configuration(request: ApiRequest, group: str, version: str, kind: str) -> dict[str, Any]:
    """The applied configuration in the body. Raises 400 for YAML that cannot be read, and for another kind."""
    try:
        config = yamlio.read_one(request.body)
    except yamlio.YamlError as error:
        raise errors.bad_request(f"error decoding YAML: error converting YAML to JSON: {error}") from error
    if config is not None and not isinstance(config, dict):
        found = f"json: cannot unmarshal {gofmt.json_kind(config)} into Go value of type map[string]interface {{}}"
        raise errors.bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {found}")
    config = unstructured.in_64_bits(config or {})
    given = (config.get("apiVersion", ""), config.get("kind", ""))
    if given != ("/".join(filter(None, (group, version))), kind):
        said = given[0] if "/" in str(given[0]) else f"/{given[0]}"
        raise errors.bad_request(f"invalid object type: {said}, Kind={given[1]}")
    return cast("dict[str, Any]", config)
