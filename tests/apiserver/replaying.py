"""Plays the recorded conversations against a cluster in this process, with golden's own replay.py doing the comparing.

Time is virtual: what replay.py waits for by sleeping passes here in no time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

import orjson

from cluster_core.apiserver.request import ADMIN, ApiRequest, ApiResponse
from cluster_core.apiserver.server import ApiServer
from cluster_core.apiserver.watch import Watch
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.saved import ClusterSpec
from playground.kubeapi.responses import warning_header
from tests import golden

TRANSCRIPTS = golden.GOLDEN / "transcripts"
_BETWEEN_STEPS = 0.005
_POLL = 0.1
_START = 1_769_000_000_000_000
"""A time that no recording sends itself, which replay.py would not mask."""


@cache
def tool() -> ModuleType:
    """golden/replay.py."""
    return golden.load_tool(golden.GOLDEN / "replay.py")


def names() -> list[str]:
    return sorted(path.stem for path in TRANSCRIPTS.glob("*.json"))


def conversation(name: str) -> dict[str, Any]:
    return json.loads((TRANSCRIPTS / f"{name}.json").read_text())


def results(name: str) -> list[dict[str, Any]]:
    """One row per step: id, request, equal, differences, got."""
    recorded = conversation(name)
    replay = tool()
    responses = Player().run(recorded)
    ours, theirs = replay.Normaliser(recorded), replay.Normaliser(recorded)
    rows = []
    for step, response in zip(recorded["steps"], responses, strict=True):
        want, got = ours.response(step, step["response"]), theirs.response(step, response)
        notes, _ = replay.compare(want, got)
        request = f"{step['method']} {step['path']}"
        rows.append({"id": step["id"], "request": request, "equal": not notes, "differences": notes, "got": response})
    return rows


class Watcher:
    """A watch step that stays open: what playground.worker.watching does, in virtual time."""

    def __init__(self, cluster: Cluster, step: Mapping[str, Any], watch: Watch, request: ApiRequest) -> None:
        self.cluster, self.watch, self.asked = cluster, watch, step.get("watch", {})
        self.events: list[Any] = []
        self.ended = ""
        given = request.parameter("timeoutSeconds")
        self.bookmarks = request.parameter("allowWatchBookmarks") in ("true", "1")
        self.server_end = cluster.now + int(float(given or 1800) * 1e6)
        self.client_end = cluster.now + int(self.asked.get("timeout", 10) * 1e6)

    def pump(self) -> None:
        for frame in self.watch.read(self.cluster.revision):
            self._take(frame)
        if self.cluster.now >= self.server_end and self.bookmarks and not self.ended:
            self._take(self.watch.bookmark() or b"")
        if not self.ended and (self.watch.ended or self.cluster.now >= self.server_end):
            self.ended = "server"
        if not self.ended and self.cluster.now >= self.client_end:
            self.ended = "timeout"

    def _take(self, frame: bytes) -> None:
        if frame and not self.ended:
            self.events.append(orjson.loads(frame))
            if self.asked.get("events") == len(self.events):
                self.ended = "count"

    def finish(self) -> dict[str, Any]:
        self.pump()
        while not self.ended:
            self.cluster.advance(_POLL)
            self.pump()
        return {"events": self.events, "ended": self.ended}


class Player:
    """Runs one conversation on a fresh cluster without nodes."""

    def __init__(self) -> None:
        self.cluster = Cluster.create(ClusterSpec("transcripts", nodes=0, bare=True, start=_START))
        self.cluster.settle()
        self.resolver = tool().Resolver()
        self.responses: dict[str, Any] = {}
        self.open: list[tuple[Mapping[str, Any], Watcher, dict[str, Any]]] = []

    def run(self, recorded: Mapping[str, Any]) -> list[dict[str, Any]]:
        for step in recorded.get("setup", []):
            self.step(step)
        for step in recorded["steps"]:
            self.responses[step["id"]] = self.step(step)
            self._close_watches(step["id"])
        self._close_watches(None)
        return [self.responses[step["id"]] for step in recorded["steps"]]

    def _close_watches(self, step_id: str | None) -> None:
        for entry in list(self.open):
            step, watcher, response = entry
            watcher.pump()
            if step_id is None or step["watch"]["during"][-1] == step_id:
                response["body"] = watcher.finish()
                self.resolver.bodies[step["id"]] = response["body"]
                self.open.remove(entry)

    def step(self, step: Mapping[str, Any]) -> dict[str, Any]:
        replay, until = tool(), step.get("until")
        end = self.cluster.now + int(until.get("timeout", 20) * 1e6) if until else 0
        previous, since = None, self.cluster.now
        while True:
            try:
                response = self.once(step)
            except replay.Unresolved as error:
                return {"status": 0, "error": f"unresolved reference: {error}"}
            self.cluster.advance(_BETWEEN_STEPS)
            if response != previous:
                previous, since = response, self.cluster.now
            waited = (self.cluster.now - since) / 1e6
            if not until or replay.holds(until, response, waited) or self.cluster.now > end:
                break
            self.cluster.advance(_POLL)
        self.resolver.bodies[step["id"]] = response.get("body")
        if "select" in step and 200 <= response["status"] < 300:
            found = {path: replay.lookup(response["body"], path) for path in step["select"]}
            response = {**response, "body": {path: part for path, part in found.items() if part is not replay.MISSING}}
        return response

    def once(self, step: Mapping[str, Any]) -> dict[str, Any]:
        request = self._request(step)
        answer = self.cluster.watch(request) if ApiServer.is_watch(request) else self.cluster.submit(request)
        if isinstance(answer, ApiResponse):
            recorded = _as_recorded(answer)
            return {**recorded, "body": None} if step["method"] == "HEAD" else recorded
        watcher = Watcher(self.cluster, step, answer, request)
        response = {"status": 200, "content_type": getattr(answer, "content_type", "application/json"), "warnings": []}
        if step.get("watch", {}).get("during"):
            self.open.append((step, watcher, response))
        else:
            response["body"] = watcher.finish()
        return response

    def _request(self, step: Mapping[str, Any]) -> ApiRequest:
        path, _, inline = self.resolver.text(step["path"]).partition("?")
        query = parse_qsl(inline, keep_blank_values=True)
        for key, values in step.get("query", {}).items():
            listed = values if isinstance(values, list) else [values]
            query += [(key, str(self.resolver.text(value))) for value in listed]
        headers = {"accept": "application/json", "user-agent": tool().USER_AGENT}
        body = b""
        if "raw_body" in step:
            body = str(self.resolver.text(step["raw_body"])).encode()
        elif "body" in step:
            body = json.dumps(self.resolver.value(step["body"])).encode()
        if body or "body" in step or "raw_body" in step:
            headers["content-type"] = "application/json"
        headers |= {key.lower(): str(self.resolver.text(value)) for key, value in step.get("headers", {}).items()}
        sent = {key: value for key, value in headers.items() if value}
        anonymous = "authorization" in sent or step.get("auth") == "none"
        repeated = {key: [value] for key, value in sent.items() if key.startswith("impersonate-")}
        return ApiRequest(step["method"], path, tuple(query), sent, body, None if anonymous else ADMIN, repeated)


def _as_recorded(answer: ApiResponse) -> dict[str, Any]:
    response: dict[str, Any] = {
        "status": answer.status,
        "content_type": answer.content_type,
        "warnings": [warning_header(text) for text in answer.warnings],
    }
    kept = {name: value for name, value in answer.headers if name in tool().KEPT_HEADERS}
    if kept:
        response["headers"] = kept
    try:
        response["body"] = json.loads(answer.body) if answer.body else None
    except ValueError:
        response["body"] = answer.body.decode("utf-8", "replace")
    return response
