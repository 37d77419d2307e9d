"""The table of Django's routes: which action each method of each route is. The gate refuses what has no row.

Routes are written as the resolver knows them; those that name a cluster or a course have it in their address as
`cluster` or `name`, or as `course`.
"""

from __future__ import annotations

from collections.abc import Mapping

from .access import Action

OPEN, SIGNED_IN, TEACHERS = "open", "signed in", "teachers"
Row = Mapping[str, str]

_READ: Row = {"GET": Action.VIEW}
_CHANGE: Row = {"POST": Action.EDIT}
_NODE_COMMANDS = ("kill", "revive", "drain", "cordon", "uncordon", "poweroff", "load")
_API = "api/v1/"
_CLUSTER = f"{_API}clusters/<slug:cluster>/"
_COURSE = f"{_API}courses/<slug:course>/"
_SUBMISSION = r"submissions/(?P<pk>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?P<form>junit\.xml|report\.md)$"

PAGES: Mapping[str, Row] = {
    "login/": {"GET": OPEN, "POST": OPEN},
    "logout/": {"POST": SIGNED_IN},
    "welcome/": {"GET": SIGNED_IN},
    "i18n/setlang/": {"POST": OPEN},  # a cookie of the browser's own
    "mine/": {"GET": SIGNED_IN, "POST": SIGNED_IN},  # its forms name a cluster: the view asks
    "courses/": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "courses/<slug:course>/": {"GET": Action.STUDY, "POST": Action.MANAGE},
    "courses/<slug:course>/wall/": {"GET": Action.TEACH},
    "": {"GET": SIGNED_IN},
    "clusters/<slug:name>/": _READ,
    "follow/<str:token>/": {"GET": OPEN},  # whoever has the link
    "lessons/": {"GET": SIGNED_IN},
    "lessons/<slug:slug>/": {"GET": SIGNED_IN, "POST": SIGNED_IN},  # its cluster is in the query: the view asks
    "demos/": {"GET": SIGNED_IN, "POST": SIGNED_IN},  # replay; who may import, the view asks
    "exercises/": {"GET": SIGNED_IN},
    "exercises/<slug:slug>/": {"GET": SIGNED_IN, "POST": SIGNED_IN},  # as with lessons
    "exercises/<slug:slug>/submissions/<uuid:pk>/": {"GET": SIGNED_IN},
    "submissions/<uuid:pk>/moment/": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "api/schema/": {"GET": OPEN},
    "api/docs/": {"GET": OPEN},
}
CLUSTERS: Mapping[str, Row] = {
    f"{_API}clusters/": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    _CLUSTER: {"GET": Action.VIEW, "DELETE": Action.OWN},
    f"{_CLUSTER}nodes/": _CHANGE,
    f"{_CLUSTER}nodes/<str:node>/": {"DELETE": Action.EDIT},
    **{f"{_CLUSTER}nodes/<str:node>/{command}/": _CHANGE for command in _NODE_COMMANDS},
    **{f"{_CLUSTER}components/<str:part>/{action}/": _CHANGE for action in ("stop", "start")},
    f"{_CLUSTER}nodes/<str:node>/load/": _CHANGE,
    f"{_CLUSTER}apply/": _CHANGE,
    f"{_CLUSTER}timings/": {"GET": Action.VIEW, "PATCH": Action.EDIT},
    f"{_CLUSTER}images/": {"GET": Action.VIEW, "PATCH": Action.EDIT},
    f"{_CLUSTER}clock/": _CHANGE,
    f"{_CLUSTER}state-hash/": _READ,
    f"{_CLUSTER}scheduling/<str:uid>/": _READ,
    f"{_CLUSTER}history/": _READ,
    f"{_CLUSTER}fork/": {"POST": Action.VIEW},  # it changes nothing here; the new cluster is the asker's own
    f"{_CLUSTER}etcd/": {"GET": Action.EDIT},  # secrets lie there too
    f"{_CLUSTER}trace/": _CHANGE,  # what it asks, an application may remember
    f"{_CLUSTER}follow/": {"GET": Action.SHARE, "POST": Action.SHARE},
    f"{_CLUSTER}follow/<str:token>/": {"DELETE": Action.SHARE},
    f"{_CLUSTER}demo/": {"GET": Action.VIEW, "POST": Action.EDIT},  # saving it for everybody: the view asks
    f"{_CLUSTER}demo/file/": _READ,
    f"{_CLUSTER}kubeconfig/": {"GET": Action.SHARE},
}
GRADING: Mapping[str, Row] = {
    f"{_API}exercises/": {"GET": SIGNED_IN},
    f"{_API}exercises/schema/": {"GET": OPEN},
    f"{_API}exercises/<slug:slug>/": {"GET": SIGNED_IN},
    f"{_API}exercises/<slug:slug>/submissions/": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    f"{_API}exercises/<slug:slug>/submissions/bulk/": {"POST": SIGNED_IN},
    f"{_API}submissions/<uuid:pk>/": {"GET": SIGNED_IN},
    f"{_API}submissions/<uuid:pk>/regrade/": {"POST": SIGNED_IN},
    f"{_API}submissions/<uuid:pk>/moment/": {"POST": SIGNED_IN},
    f"{_API}submissions/<uuid:pk>/token/": {"GET": SIGNED_IN},
    f"{_API}{_SUBMISSION}": {"GET": SIGNED_IN},
    f"{_API}gradebook/": {"GET": SIGNED_IN},
    f"{_API}jwks/": {"GET": OPEN},
}
"""Beyond the login, grading asks for its own scopes and shows to each only their students' work."""
LEARNING: Mapping[str, Row] = {
    f"{_API}lessons/": {"GET": SIGNED_IN},
    f"{_API}lessons/<slug:slug>/": {"GET": SIGNED_IN},  # its cluster is in the query: the view asks
    f"{_API}demos/": {"GET": SIGNED_IN, "POST": TEACHERS},
    f"{_API}demos/schema/": {"GET": OPEN},
    f"{_API}demos/<slug:name>/": {"GET": SIGNED_IN, "DELETE": TEACHERS},
    f"{_API}demos/<slug:name>/file/": {"GET": SIGNED_IN},
    f"{_API}demos/<slug:name>/replay/": {"POST": SIGNED_IN},
}
"""Demos are everybody's: those who teach somewhere add and delete them."""
CLASSES: Mapping[str, Row] = {
    f"{_API}me/": {"GET": SIGNED_IN},
    f"{_API}tokens/": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    f"{_API}tokens/<int:token>/": {"DELETE": SIGNED_IN},
    f"{_API}courses/": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    _COURSE: {"GET": Action.STUDY, "PATCH": Action.MANAGE, "DELETE": Action.MANAGE},
    f"{_COURSE}code/": {"GET": Action.TEACH, "POST": Action.MANAGE, "DELETE": Action.MANAGE},
    f"{_COURSE}members/": {"GET": Action.TEACH},
    f"{_COURSE}members/<int:member>/": {"PATCH": Action.MANAGE, "DELETE": Action.MANAGE},
    f"{_COURSE}roster/": {"POST": Action.MANAGE},
    f"{_COURSE}templates/": {"GET": Action.STUDY, "POST": Action.MANAGE},
    f"{_COURSE}templates/<int:template>/": {"DELETE": Action.MANAGE},
    f"{_COURSE}wall/": {"GET": Action.TEACH},
    **{f"{_COURSE}{what}/": {"POST": Action.TEACH} for what in ("exercise", "broadcast", "timer", "freeze", "push")},
    f"{_COURSE}collect/": {"POST": Action.TEACH},
    f"{_COURSE}clusters/<slug:cluster>/hints/": {"POST": Action.TEACH},
    f"{_COURSE}clusters/<slug:cluster>/take-over/": {"POST": Action.TEACH},
    f"{_CLUSTER}hints/": {"GET": Action.VIEW},
    f"{_CLUSTER}hints/<int:hint>/seen/": {"POST": Action.SHARE},
    f"{_CLUSTER}shares/": {"GET": Action.SHARE, "POST": Action.SHARE},
    f"{_CLUSTER}shares/<int:share>/": {"POST": Action.SHARE, "DELETE": Action.SHARE},
    f"{_CLUSTER}reset/": {"POST": Action.OWN},
}

ROUTES: Mapping[str, Row] = {**PAGES, **CLUSTERS, **GRADING, **LEARNING, **CLASSES}


def action_of(route: str, method: str) -> str | None:
    """What this is; None: there is no row for it. Methods that only ask are like GET."""
    if route.startswith(("admin/", "static/")):
        return OPEN  # Django's own login and permissions
    row = ROUTES.get(route)
    if row is None:
        return None
    return row.get("GET" if method in ("HEAD", "OPTIONS") else method, SIGNED_IN)
