"""Nothing is created beyond the namespace's quotas. Models apiserver/pkg/admission/plugin/resourcequota."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.apiserver import quota
from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery import errors, resourcelists
from cluster_core.machinery.resourcelists import Totals
from cluster_core.machinery.typed import Obj

_CHANGING = frozenset({"Service", "PersistentVolumeClaim"})


def _handles(attributes: Attributes) -> bool:
    if attributes.operation == "CREATE":
        return not attributes.subresource
    if attributes.operation != "UPDATE" or attributes.kind.group:
        return False
    if attributes.kind.name == "Pod":
        return attributes.subresource == "resize" or _changes_its_end(attributes)
    return attributes.kind.name in _CHANGING and not attributes.subresource


def _changes_its_end(attributes: Attributes) -> bool:
    new, old = attributes.obj, attributes.old
    both = new is not None and old is not None and not attributes.subresource
    return both and quota.is_terminating(new or {}) != quota.is_terminating(old or {})


def _quotas(attributes: Attributes) -> Sequence[Obj]:
    server = attributes.context.server
    return server.storage.list(server.kinds.named("ResourceQuota", ""), attributes.namespace)


def _validate(attributes: Attributes) -> None:
    if attributes.obj is None or not attributes.namespace or not _handles(attributes):
        return
    if not quota.counted(attributes.kind):
        return
    found = [(each, _delta(attributes, each)) for each in _quotas(attributes)]
    charged = [(each, _charged(attributes, each, delta)) for each, delta in found if delta]
    if not attributes.context.dry_run and not _exists_already(attributes):
        for each, after in charged:
            _record(attributes, each, after)


def _refusal(attributes: Attributes, text: str) -> errors.ApiError:
    return errors.forbidden(attributes.kind.group, attributes.kind.plural, attributes.name, text)


def _delta(attributes: Attributes, found: Obj) -> Totals:
    """What the request adds to the use of this quota; {} when the quota does not count it."""
    obj, old, kind = attributes.obj, attributes.old, attributes.kind
    hard = found.get("status", {}).get("hard") or {}
    if obj is None or not quota.matches(found, kind, obj, hard):
        return {}
    _check_named(attributes, found, obj)
    now = attributes.context.server.world.clock.now
    delta = quota.usage(kind, obj, now)
    if old is not None and quota.matches(found, kind, old, hard):
        delta = resourcelists.subtracted(delta, quota.usage(kind, old, now))
    return {name: amount for name, amount in delta.items() if amount.sign() and name in hard}


def _check_named(attributes: Attributes, found: Obj, obj: Obj) -> None:
    status, name = found.get("status", {}), found["metadata"]["name"]
    names = quota.concerned(attributes.kind, status.get("hard") or {})
    missing = quota.unnamed(obj, names) if attributes.kind.name == "Pod" else ""
    if missing:
        raise _refusal(attributes, f"failed quota: {name}: must specify {missing}")
    if not set(names) <= set(status.get("used") or {}):
        raise _refusal(attributes, f"status unknown for quota: {name}, resources: {','.join(names)}")


def _charged(attributes: Attributes, found: Obj, delta: Totals) -> Totals:
    """The quota's use afterwards. Raises Forbidden when it is too much."""
    status = found["status"]
    hard, used = resourcelists.parsed(status["hard"]), resourcelists.parsed(status.get("used"))
    after = dict(used)
    resourcelists.add(after, delta)
    exceeded = [name for name in delta if after[name].compare(hard[name]) > 0]
    if exceeded:
        asked, before, limited = (
            resourcelists.pretty(resourcelists.masked(each, exceeded)) for each in (delta, used, hard)
        )
        name = found["metadata"]["name"]
        raise _refusal(attributes, f"exceeded quota: {name}, requested: {asked}, used: {before}, limited: {limited}")
    return after


def _exists_already(attributes: Attributes) -> bool:
    """A create that is about to fail: it costs nothing."""
    storage = attributes.context.server.storage
    found = storage.get(attributes.kind, attributes.namespace, attributes.name)
    return attributes.operation == "CREATE" and found is not None


def _record(attributes: Attributes, found: Obj, after: Totals) -> None:
    server = attributes.context.server
    status = {**found["status"], "used": resourcelists.texts(after)}
    server.storage.put(server.kinds.named("ResourceQuota", ""), {**found, "status": status})


PLUGIN = Plugin("ResourceQuota", validate=_validate)
