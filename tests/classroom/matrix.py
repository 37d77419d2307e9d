"""Every way into the product, how it is called, and the table of what each persona is answered.

`addresses()` finds the ways: Django's resolver, the websockets' router, and the ways of the raw Kubernetes API. Each has
a row in `matrix.txt`: method, address, and a status per persona of `school.PERSONAS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from playground.classroom.routes import ROUTES

TABLE = Path(__file__).with_name("matrix.txt")
_METHODS = ("get", "post", "put", "patch", "delete")
Way = tuple[str, str]
_NAMED = "^ws/clusters/(?P<name>[a-z0-9-]+)/"
SOCKETS: Mapping[str, str] = {
    "live": f"{_NAMED}$",
    "terminal": f"{_NAMED}terminal/$",
    "present": f"{_NAMED}present/(?P<token>[A-Za-z0-9_-]{{16,64}})/$",
    "follow": "^ws/follow/(?P<token>[A-Za-z0-9_-]{16,64})/$",
    "course": "^ws/courses/(?P<course>[-a-z0-9_]+)/$",
}
"""Name in the table -> the router's pattern."""
KUBERNETES: Mapping[str, tuple[str, str]] = {
    "page read": ("GET", "/clusters/{cluster}/k8s/api/v1/namespaces/default/pods"),
    "page secrets": ("GET", "/clusters/{cluster}/k8s/api/v1/namespaces/default/secrets"),
    "page watch": ("GET", "/clusters/{cluster}/k8s/api/v1/namespaces/default/pods?watch=1&timeoutSeconds=1"),
    "page write": ("POST", "/clusters/{cluster}/k8s/api/v1/namespaces/default/configmaps"),
    "page delete": ("DELETE", "/clusters/{cluster}/k8s/api/v1/namespaces/default/configmaps/nothing"),
    "page discovery": ("GET", "/clusters/{cluster}/k8s/apis"),
    "page exec": ("GET", "/clusters/{cluster}/k8s/api/v1/namespaces/default/pods/nothing/exec?command=ls&stdout=1"),
    "page proxy": ("GET", "/clusters/{cluster}/k8s/api/v1/namespaces/default/services/nothing/proxy/"),
    "network read": ("GET", "/k8s/{cluster}/api/v1/namespaces/default/pods"),
    "network version": ("GET", "/k8s/{cluster}/version"),
    "token read": ("GET", "/k/{token}/api/v1/namespaces/default/pods"),
    "wrong token": ("GET", "/k/wrong/api/v1/namespaces/default/pods"),
}
_LAST = ("DELETE api/v1/courses/<slug:course>/", "POST logout/")
_LATE = ("POST api/v1/clusters/<slug:cluster>/reset/", "DELETE")


def addresses() -> list[Way]:
    """(method, route) of everything Django answers, in the order in which it can be asked: what destroys comes last."""
    found = [way for route, callback in _routes(get_resolver().url_patterns) for way in _ways(route, callback)]
    return sorted(set(found), key=_turn)


def _turn(way: Way) -> tuple[int, int, Way]:
    """Harmless ones first; parts are deleted before the whole."""
    text = " ".join(way)
    late = next((turn for turn, begins in enumerate(_LATE, 1) if text.startswith(begins)), 0)
    harm = _LAST.index(text) + 10 if text in _LAST else late
    return harm, -way[1].count("/") if way[0] == "DELETE" else 0, way


def _routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern).removeprefix("^"), pattern.callback


def _ways(route: str, callback: Any) -> Iterator[Way]:
    view = getattr(callback, "view_class", None)
    if route.startswith("admin/"):
        yield "GET", route
    elif view is not None:
        yield from ((name.upper(), route) for name in _METHODS if hasattr(view, name))
    else:
        yield from ((method, route) for method in ROUTES.get(route, {"GET": ""}))


def table() -> dict[str, dict[str, str]]:
    """`method address` -> persona -> status."""
    rows: dict[str, dict[str, str]] = {}
    personas: list[str] = []
    for line in TABLE.read_text().splitlines():
        cells = re.split(r"\s{2,}", line.strip())
        if not personas:
            personas = cells[1:]
        elif line.strip():
            rows[cells[0]] = dict(zip(personas, cells[1:], strict=True))
    return rows


def written(rows: Mapping[str, Mapping[str, str]], personas: tuple[str, ...]) -> str:
    """The table as text; for a person who adds a route: see test_matrix."""
    width = max(map(len, rows)) + 2
    head = "way".ljust(width) + "".join(persona.ljust(11) for persona in personas)
    lines = [way.ljust(width) + "".join(answers[each].ljust(11) for each in personas) for way, answers in rows.items()]
    return "\n".join(line.rstrip() for line in [head, *lines]) + "\n"


def path_of(route: str, values: Mapping[str, Any]) -> str:
    """The address with real names in it."""
    text = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", lambda match: str(values.get(match[1], "x")), route)
    text = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values.get(match[1], 1)), text)
    return "/" + text.replace("^", "").replace("$", "").replace("\\", "")


BODIES: Mapping[str, Any] = {
    "api/v1/clusters/<slug:cluster>/images/": {"acceptAnyImage": False},
    "api/v1/clusters/": {"name": "matrix", "nodes": 0},
    "api/v1/clusters/<slug:cluster>/nodes/": {"count": 1},
    "api/v1/clusters/<slug:cluster>/clock/": {"action": "pause"},
    "api/v1/clusters/<slug:cluster>/fork/": {"name": "matrix"},
    "api/v1/clusters/<slug:cluster>/trace/": {"to": "10.96.0.1:443"},
    "api/v1/clusters/<slug:cluster>/shares/": {"username": "classmate2", "mode": "read"},
    "api/v1/clusters/<slug:cluster>/shares/<int:share>/": {"granted": True},
    "api/v1/exercises/<slug:slug>/submissions/": {"manifests": "apiVersion: v1\nkind: Pod\n"},
    "api/v1/tokens/": {"name": "ci", "scopes": ["read"]},
    "api/v1/courses/": {"name": "Gamma"},
    "api/v1/courses/<slug:course>/": {"top_speed": 30},
    "api/v1/courses/<slug:course>/members/<int:member>/": {"role": "student"},
    "api/v1/courses/<slug:course>/templates/": {"name": "empty", "spec": {"nodes": 1}},
    "api/v1/courses/<slug:course>/exercise/": {"exercise": ""},
    "api/v1/courses/<slug:course>/broadcast/": {"cluster": ""},
    "api/v1/courses/<slug:course>/timer/": {"seconds": 60},
    "api/v1/courses/<slug:course>/freeze/": {"frozen": False},
    "api/v1/courses/<slug:course>/push/": {"command": "revive-node", "args": {"node": "nothing"}},
    "api/v1/courses/<slug:course>/clusters/<slug:cluster>/hints/": {"text": "look at the events"},
}
"""What is sent; {} where nothing is given."""
TEXTS: Mapping[str, str] = {
    "api/v1/clusters/<slug:cluster>/apply/": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: matrix}\n",
    "api/v1/courses/<slug:course>/roster/": "name\nNew Student\n",
}
