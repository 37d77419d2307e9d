"""etcd's v2 tree of directories and values, shown on the v3 keys: /a/b is the key "/a/b", a directory is what lies below.

Models server/etcdserver/api/v2store. A directory made by itself is kept as the key "/dir/" with an empty value.
(The real etcd keeps v2 and v3 data apart; here both see the same, so that `ls /registry` shows the cluster.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .gateway import Gateway

Node = dict[str, Any]
KEY_NOT_FOUND, TEST_FAILED, NOT_FILE, NOT_DIR, NODE_EXIST, ROOT_ONLY, DIR_NOT_EMPTY = 100, 101, 102, 104, 105, 107, 108
INVALID_FIELD, INDEX_NAN, EVENT_CLEARED = 209, 203, 401
_TEXTS = {
    KEY_NOT_FOUND: "Key not found",
    TEST_FAILED: "Compare failed",
    NOT_FILE: "Not a file",
    NOT_DIR: "Not a directory",
    NODE_EXIST: "Key already exists",
    ROOT_ONLY: "Root is read only",
    DIR_NOT_EMPTY: "Directory not empty",
    INVALID_FIELD: "Invalid field",
    INDEX_NAN: "The given index in POST form is not a number",
    EVENT_CLEARED: "The event in requested index is outdated and cleared",
}
_STATUS = {KEY_NOT_FOUND: 404, NOT_FILE: 403, ROOT_ONLY: 403, DIR_NOT_EMPTY: 403, TEST_FAILED: 412, NODE_EXIST: 412}


class V2Error(Exception):
    """errorCode, cause and the index at which it happened."""

    def __init__(self, code: int, cause: str, index: int = 0) -> None:
        super().__init__(_TEXTS[code])
        self.code, self.cause, self.index = code, cause, index

    @property
    def status(self) -> int:
        return _STATUS.get(self.code, 400)

    def body(self) -> Node:
        return {"errorCode": self.code, "message": str(self), "cause": self.cause, "index": self.index}


def clean(path: str) -> str:
    """ "/a/b", "" for the root."""
    return "".join(f"/{part}" for part in path.split("/") if part)


def flag(fields: Mapping[str, str], name: str) -> bool:
    return fields.get(name, "") in ("true", "1")


class Tree:
    """Operations of one request."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.index = 0

    async def _ask(self, op: str, **args: Any) -> dict[str, Any]:
        answer = await self._gateway.ask(op, **args)
        self.index = answer["revision"]
        return answer

    async def _value(self, key: str) -> list[Any] | None:
        found = (await self._ask("range", key=key))["kvs"] if key else []
        return found[0] if found else None

    async def _below(self, key: str) -> list[list[Any]]:
        found: list[list[Any]] = (await self._ask("range", key=f"{key}/", end=f"{key}0"))["kvs"]
        return found

    # ------------------------------------------------------------------------------------------------ reading

    async def get(self, path: str, fields: Mapping[str, str]) -> Node:
        key = clean(path)
        found = await self._value(key)
        if found is not None:
            return {"action": "get", "node": node_of(found)}
        below = await self._below(key)
        if key and not below:
            raise V2Error(KEY_NOT_FOUND, key, self.index)
        return {"action": "get", "node": directory(key, below, flag(fields, "recursive"))}

    # ------------------------------------------------------------------------------------------------ writing

    async def put(self, path: str, fields: Mapping[str, str]) -> tuple[int, Node]:
        """Answers (HTTP status, event)."""
        key = clean(path)
        if not key:
            raise V2Error(ROOT_ONLY, "/", self.index)
        before, below = await self._value(key), await self._below(key)
        self._check(key, before, below, fields)
        await self._check_parents(key)
        lease = await self._lease(fields)
        if flag(fields, "dir"):
            return await self._make_directory(key, below, lease)
        if below:
            raise V2Error(NOT_FILE, key, self.index)
        value = before[1] if before and flag(fields, "refresh") else fields.get("value", "").encode("utf-8", "surrogateescape")
        compare = [["mod_revision", 0, key, "", before[3] if before else 0]]
        write = {"key": key, "value": value, "lease": lease}
        if not (await self._ask("txn", compare=compare, success=[["put", write]], failure=[]))["succeeded"]:
            raise V2Error(TEST_FAILED, key, self.index)
        return self._written(key, value, before, fields)

    def _written(self, key: str, value: bytes, before: list[Any] | None, fields: Mapping[str, str]) -> tuple[int, Node]:
        created = before[2] if before else self.index
        event: Node = {"action": _action(fields), "node": node_of([key, value, created, self.index, 1, 0])}
        if fields.get("ttl"):
            event["node"]["ttl"] = int(fields["ttl"])
        if before:
            event["prevNode"] = node_of(before)
        return 200 if before else 201, event

    def _check(self, key: str, before: list[Any] | None, below: list[Any], fields: Mapping[str, str]) -> None:
        exists = before is not None or bool(below)
        if fields.get("prevExist") == "true" and not exists:
            raise V2Error(KEY_NOT_FOUND, key, self.index)
        if (fields.get("prevExist") == "false" or flag(fields, "dir")) and exists and not flag(fields, "refresh"):
            raise V2Error(NODE_EXIST, key, self.index)
        self._check_previous(key, before, fields)

    def _check_previous(self, key: str, before: list[Any] | None, fields: Mapping[str, str]) -> None:
        """prevValue and prevIndex."""
        wanted, index = fields.get("prevValue", ""), fields.get("prevIndex", "")
        if not wanted and not index:
            return
        if before is None:
            raise V2Error(KEY_NOT_FOUND, key, self.index)
        if index and not index.isdigit():
            raise V2Error(INDEX_NAN, f'invalid value for "prevIndex": {index}', self.index)
        value = _text(before[1])
        if wanted and wanted != value:
            raise V2Error(TEST_FAILED, f"[{wanted} != {value}]", self.index)
        if index and int(index) != before[3]:
            raise V2Error(TEST_FAILED, f"[{index} != {before[3]}]", self.index)

    async def _check_parents(self, key: str) -> None:
        parent = key.rpartition("/")[0]
        while parent:
            if await self._value(parent) is not None:
                raise V2Error(NOT_DIR, parent, self.index)
            parent = parent.rpartition("/")[0]

    async def _lease(self, fields: Mapping[str, str]) -> int:
        ttl = fields.get("ttl", "")
        if not ttl:
            return 0
        if not ttl.isdigit() or len(ttl) > 9:
            raise V2Error(INVALID_FIELD, 'invalid value for "ttl"', self.index)
        return int((await self._ask("grant", ttl=int(ttl)))["id"]) if int(ttl) else 0

    async def _make_directory(self, key: str, below: list[Any], lease: int) -> tuple[int, Node]:
        await self._ask("put", key=f"{key}/", value=b"", lease=lease)
        made = {"key": key, "dir": True, "modifiedIndex": self.index, "createdIndex": self.index}
        return 201, {"action": "set", "node": made}

    async def post(self, path: str, fields: Mapping[str, str]) -> tuple[int, Node]:
        """A key in order below a directory: its name is the index."""
        await self._ask("leases")
        status, event = await self.put(f"{clean(path)}/{self.index + 1:020d}", fields)
        return status, {**event, "action": "create"}

    async def delete(self, path: str, fields: Mapping[str, str]) -> Node:
        key = clean(path)
        if not key:
            raise V2Error(ROOT_ONLY, "/", self.index)
        before, below = await self._value(key), await self._below(key)
        if before is None and not below:
            raise V2Error(KEY_NOT_FOUND, key, self.index)
        self._check_previous(key, before, fields)
        if before is None:
            return await self._delete_directory(key, below, fields)
        await self._ask("delete", key=key)
        gone = {"key": key, "modifiedIndex": self.index, "createdIndex": before[2]}
        conditional = fields.get("prevValue") or fields.get("prevIndex")
        action = "compareAndDelete" if conditional else "delete"
        return {"action": action, "node": gone, "prevNode": node_of(before)}

    async def _delete_directory(self, key: str, below: list[list[Any]], fields: Mapping[str, str]) -> Node:
        if not flag(fields, "dir") and not flag(fields, "recursive"):
            raise V2Error(NOT_FILE, key, self.index)
        if not flag(fields, "recursive") and any(each[0] != f"{key}/" for each in below):
            raise V2Error(DIR_NOT_EMPTY, key, self.index)
        await self._ask("delete", key=f"{key}/", end=f"{key}0")
        gone = {"key": key, "dir": True, "modifiedIndex": self.index, "createdIndex": below[0][2]}
        before = {"key": key, "dir": True, "modifiedIndex": below[0][3], "createdIndex": below[0][2]}
        return {"action": "delete", "node": gone, "prevNode": before}


def _action(fields: Mapping[str, str]) -> str:
    if fields.get("prevValue") or fields.get("prevIndex"):
        return "compareAndSwap"
    return {"true": "update", "false": "create"}.get(fields.get("prevExist", ""), "set")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def node_of(found: list[Any]) -> Node:
    key, value, created, modified, *_ = found
    return {"key": key, "value": _text(value), "modifiedIndex": modified, "createdIndex": created}


def directory(key: str, below: list[list[Any]], recursive: bool) -> Node:
    """A directory with its nodes; with what lies in them when `recursive`."""
    children: dict[str, list[list[Any]]] = {}
    for found in below:
        name = found[0][len(key) + 1 :].partition("/")[0]
        if name:
            children.setdefault(f"{key}/{name}", []).append(found)
    nodes = [_child(path, inside, recursive) for path, inside in children.items()]
    root = {"key": key, "modifiedIndex": below[0][2], "createdIndex": below[0][2]} if key else {}
    return {**root, "dir": True, **({"nodes": nodes} if nodes else {})}


def _child(path: str, inside: list[list[Any]], recursive: bool) -> Node:
    if inside[0][0] == path:
        return node_of(inside[0])
    whole = directory(path, inside, recursive)
    return whole if recursive else {name: value for name, value in whole.items() if name != "nodes"}
