"""Which routes a server has: the kinds' paths and the methods these take.

Models the routes that apiserver/pkg/endpoints/installer.go registers, and what go-restful answers when none fits.
"""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Kinds, Served
from cluster_core.apiserver.request import RequestInfo
from cluster_core.machinery import errors

_NAMED = frozenset({"get", "update", "patch", "delete"})
_COLLECTION = frozenset({"create", "list", "deletecollection"})
_VERB_OF_STATUS = frozenset({"get", "update", "patch"})
WITH_TAIL = frozenset({"proxy"})


class NoSuchPage(errors.NotFound):
    """No part of the server knows the path at all: answered in plain text."""


def find(kinds: Kinds, info: RequestInfo, method: str) -> tuple[Kind, Served]:
    """The kind a path is about. Raises NoSuchPage, NotFound (404) or MethodNotAllowed (405)."""
    found = kinds.resource(info.group, info.version, info.resource)
    if found is None:
        if info.group and not kinds.has_group(info.group, built_in=True):
            raise NoSuchPage("404 page not found")
        raise errors.generic_not_found()
    kind = found[0]
    if "resource" in kind.facts:
        _check_custom(kind, info)
    if not _has_path(kind, info):
        raise errors.generic_not_found()
    if not _takes(kind, info, method):
        raise errors.method_not_allowed()
    return found


def _check_custom(kind: Kind, info: RequestInfo) -> None:
    """What custom resources say otherwise than built-in ones: their paths are no routes but looked up one by one."""
    lost = kind.namespaced and not info.namespace and info.verb not in ("list", "watch")
    if lost or info.version in kind.facts["unserved"]:
        raise NoSuchPage("404 page not found")
    if info.subresource and not (info.subresource in ("status", "scale") and has_subresource(kind, info.subresource)):
        raise errors.not_found(info.group, info.resource, info.name)
    terminating = kind.facts["terminating"] and info.verb == "create"
    if terminating or (info.subresource and info.verb not in _VERB_OF_STATUS):
        raise errors.method_not_supported(info.group, info.resource, info.verb)


def _has_path(kind: Kind, info: RequestInfo) -> bool:
    if info.tail and info.subresource not in WITH_TAIL:
        return False
    if kind.namespaced and not info.namespace:
        return not info.name and "list" in kind.verbs
    if not kind.namespaced and info.namespace and (kind.name != "Namespace" or info.name != info.namespace):
        return False
    if info.subresource:
        return has_subresource(kind, info.subresource)
    return bool((_NAMED if info.name else _COLLECTION).intersection(kind.verbs))


def has_subresource(kind: Kind, name: str) -> bool:
    if name == "status":
        return kind.status
    if name == "scale":
        return kind.scale is not None
    return kind.subresource(name) is not None


def _takes(kind: Kind, info: RequestInfo, method: str) -> bool:
    if method == "OPTIONS" and info.subresource in WITH_TAIL:
        return True
    if (method == "HEAD" and info.subresource not in WITH_TAIL) or (info.deprecated_watch and method != "GET"):
        return False
    if info.subresource:
        return _subresource_takes(kind, info)
    if info.verb not in kind.verbs:
        return False
    if kind.namespaced and not info.namespace:
        return info.verb in ("list", "watch")
    return info.verb in ("watch", *(_NAMED if info.name else _COLLECTION))


def _subresource_takes(kind: Kind, info: RequestInfo) -> bool:
    if info.subresource in ("status", "scale"):
        return info.verb in _VERB_OF_STATUS
    found = kind.subresource(info.subresource)
    return found is not None and info.verb in found.verbs
