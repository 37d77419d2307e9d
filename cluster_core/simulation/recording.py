"""A cluster's recording: all that comes from outside, each with its exact moment, so that it can be done again.

Entries are JSON: {"at": virtual microseconds since the cluster began, "steps": agenda entries run before it, and either
"request" or "command" and "args"}. Who asked is kept as whom the cluster took them for; credentials are not.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from cluster_core.apiserver import authentication
from cluster_core.apiserver.request import ApiRequest, User, parse_path
from cluster_core.machinery.errors import ApiError
from cluster_core.simulation.outside import Input
from cluster_core.simulation.saved import Saved, from_json, to_json

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

Entry = dict[str, Any]
MOST_ENTRIES, MOST_BYTES = 2000, 2 * 1024 * 1024
MOST_GAPS = 100
MOST_SAVED = 64 * 1024 * 1024
_HEADERS = ("content-type", "content-encoding", "user-agent", "impersonate-user", "impersonate-uid")
_SWITCHED, _FORBIDDEN = 101, 403
_REMEMBERED = ("on", "full", "entries", "gaps", "begin", "end")


class Recorder:
    """A part that remembers what came from outside since `start`."""

    name = "recorder"
    kinds = ()

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.on = False
        self.full = False
        self.entries: list[Entry] = []
        self.gaps: list[str] = []
        """What was done and cannot be done again: conversations inside of containers."""
        self.begin = ""
        """The cluster as it was when the recording began, packed; "" when nothing had been done to it yet."""
        self.end: dict[str, Any] = {}
        self._bytes = 0

    def start(self) -> None:
        self.begin = pack_saved(self._cluster.save()) if self._cluster.outside.inputs else ""
        self.on, self.full, self.entries, self.gaps, self.end, self._bytes = True, False, [], [], {}, 0

    def stop(self) -> None:
        if self.on:
            self.on, self.end = False, self.moment()

    def moment(self) -> dict[str, Any]:
        """Where the cluster is now, and its state there."""
        cluster = self._cluster
        return {"at": cluster.clock.since_start, "steps": cluster.outside.steps, "hash": cluster.state_hash()}

    def caption(self, text: str) -> None:
        """Say something about what was done last."""
        if self.entries:
            self.entries[-1] = {**self.entries[-1], "caption": text}

    def hear(self, given: Input) -> None:
        if not self.on or (given.status == _FORBIDDEN and not given.changed):
            return  # who may do what, and how much of it, is another matter where it is replayed
        if given.status == _SWITCHED and given.request is not None:
            self._miss(_conversation(given.request))
        elif (entry := self._entry(given)) is not None:
            self._keep(entry)

    def _entry(self, given: Input) -> Entry | None:
        moment = {"at": self._cluster.clock.since_start, "steps": self._cluster.outside.steps}
        if given.request is None:
            return {**moment, "command": given.command, "args": plain(given.args)}
        try:
            user = authentication.user_of(self._cluster.server, given.request)
        except ApiError:
            return None  # it was refused at the door and has done nothing
        return {**moment, "request": pack(given.request, user)}

    def _keep(self, entry: Entry) -> None:
        self._bytes += len(orjson.dumps(entry))
        if len(self.entries) >= MOST_ENTRIES or self._bytes > MOST_BYTES:
            self.full = True
            self.stop()
        else:
            self.entries.append(entry)

    def _miss(self, conversation: str) -> None:
        if conversation not in self.gaps and len(self.gaps) < MOST_GAPS:
            self.gaps.append(conversation)

    def observe(self, change: Any) -> None:
        """It hears of nothing inside."""

    def run(self, key: str) -> None:
        """Nothing is ever planned for it."""

    def dump(self) -> Any:
        if not self.on and not self.entries:
            return {}
        return {name: getattr(self, name) for name in _REMEMBERED}

    def load(self, state: Any) -> None:
        for name in _REMEMBERED:
            setattr(self, name, state[name])
        self._bytes = sum(len(orjson.dumps(entry)) for entry in self.entries)


def _conversation(request: ApiRequest) -> str:
    """What was talked about, and where: exec default/web: sh -c ls"""
    info = parse_path(request.path, request.method)
    if info is None:
        return request.path
    words = " ".join(request.parameters("command"))
    where = f"{info.subresource} {info.namespace}/{info.name}"
    return f"{where}: {words}" if words else where


def pack_saved(saved: Saved) -> str:
    """A whole cluster as a text: it is alike enough to become small."""
    return base64.b64encode(zlib.compress(orjson.dumps(to_json(saved)), 9)).decode()


def unpack_saved(text: str) -> Saved:
    """Raises ValueError for what `pack_saved` has not made."""
    try:
        opened = zlib.decompressobj()
        data = opened.decompress(base64.b64decode(text, validate=True), MOST_SAVED)
        if opened.unconsumed_tail:
            raise ValueError(f"a cluster of more than {MOST_SAVED} bytes")
        return from_json(orjson.loads(data))
    except (zlib.error, KeyError, TypeError) as error:
        raise ValueError("not the saved form of a cluster") from error


def pack(request: ApiRequest, user: User) -> Entry:
    """A request as JSON, without credentials."""
    headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
    who: Entry = {"name": user.name, "groups": list(user.groups)}
    if user.uid or user.extra:
        who |= {"uid": user.uid, "extra": {key: list(values) for key, values in user.extra.items()}}
    packed = {"method": request.method, "path": request.path, "user": who, **_body(request.body)}
    more = {"query": [list(pair) for pair in request.query], "headers": headers}
    more["multiHeaders"] = {name: list(values) for name, values in request.multi_headers.items()}
    return packed | {key: value for key, value in more.items() if value}


def _body(body: bytes) -> Entry:
    """As an object where that gives the same bytes again, else as text, else in base64."""
    if not body:
        return {}
    try:
        found = orjson.loads(body)
        if orjson.dumps(found) == body:
            return {"body": found}
    except orjson.JSONDecodeError:
        pass  # it is YAML, protobuf or broken
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def unpack(packed: Mapping[str, Any]) -> ApiRequest:
    """The request again."""
    if "body" in packed:
        body = orjson.dumps(packed["body"])
    else:
        body = packed["text"].encode() if "text" in packed else base64.b64decode(packed.get("base64", ""))
    who = packed["user"]
    user = User(who["name"], tuple(who.get("groups", ())), who.get("uid", ""), who.get("extra", {}))
    query = tuple((key, value) for key, value in packed.get("query", ()))
    headers, multi = packed.get("headers", {}), packed.get("multiHeaders", {})
    return ApiRequest(packed["method"], packed["path"], query, headers, body, user, multi)


def plain(value: Any) -> Any:
    """Arguments as JSON: bytes become {"base64": ...}."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {key: plain(member) for key, member in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def again(value: Any) -> Any:
    """Arguments from JSON."""
    if isinstance(value, dict):
        return base64.b64decode(value["base64"]) if value.keys() == {"base64"} else {key: again(member) for key, member in value.items()}
    return [again(item) for item in value] if isinstance(value, list) else value
