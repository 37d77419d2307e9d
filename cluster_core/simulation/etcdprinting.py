"""The forms in which etcdctl and etcdutl print: simple, json, fields and table. Models etcdctl/ctlv3/command/printer*.go."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

CLUSTER, MEMBER = 14841639068965178418, 0x8E9E05C52164694D
"""The identities of a cluster of one member."""
FORMS = ("simple", "json", "fields", "table", "protobuf")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode() + "\n"


def header(revision: int) -> dict[str, Any]:
    return {"cluster_id": CLUSTER, "member_id": MEMBER, "revision": revision, "raft_term": 2}


def header_fields(revision: int) -> str:
    return f'"ClusterID" : {CLUSTER}\n"MemberID" : {MEMBER}\n"Revision" : {revision}\n"RaftTerm" : 2\n'


def table(names: Sequence[str], rows: Sequence[Sequence[str]], form: str) -> str:
    """As comma-separated lines, or as the table that -w table draws."""
    if form != "table":
        return "".join(", ".join(row) + "\n" for row in rows)
    widths = [max(len(line[index]) for line in (names, *rows)) for index in range(len(names))]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+\n"
    lines = [_line(names, widths, "^"), *(_line(row, widths, ">" if _is_number(row) else "<") for row in rows)]
    return f"{rule}{lines[0]}{rule}{''.join(lines[1:])}{rule}"


def _is_number(row: Sequence[str]) -> bool:
    """tablewriter puts lines of numbers to the right."""
    return all(cell.isdigit() for cell in row)


def _line(cells: Sequence[str], widths: Sequence[int], side: str) -> str:
    return "|" + "|".join(f" {cell:{side}{width}} " for cell, width in zip(cells, widths, strict=True)) + "|\n"


def size(count: int) -> str:
    """As go-humanize has it: "20 kB", "2.1 MB"."""
    units = ["B", "kB", "MB", "GB"]
    value = float(count)
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.1f} {units[0]}" if value < 10 and units[0] != "B" else f"{value:.0f} {units[0]}"


# ---------------------------------------------------------------------------------------------------- keys

KeyValue = Sequence[Any]
"""(key, value, created, modified, version, lease)"""


def as_json(found: KeyValue, keys_only: bool = False) -> dict[str, Any]:
    key, value, created, modified, version, lease = found
    plain: dict[str, Any] = {"key": encoded(key.encode()), "create_revision": created, "mod_revision": modified, "version": version}
    if value and not keys_only:
        plain["value"] = encoded(value)
    return {**plain, "lease": lease} if lease else plain


def as_fields(found: KeyValue) -> str:
    key, value, created, modified, version, lease = found
    return (
        f'"Key" : {_quoted(key)}\n"CreateRevision" : {created}\n"ModRevision" : {modified}\n"Version" : {version}\n'
        f'"Value" : {_quoted(value.decode("utf-8", "replace"))}\n"Lease" : {lease}\n'
    )


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def as_text(found: KeyValue, values_only: bool = False, as_hex: bool = False) -> str:
    """The key on one line, the value on the next."""
    key, value = (_hex(found[0].encode()), _hex(found[1])) if as_hex else (found[0], found[1].decode("utf-8", "replace"))
    return f"{value}\n" if values_only else f"{key}\n{value}\n"


def _hex(data: bytes) -> str:
    return "".join(f"\\x{each:02x}" for each in data)


def answer_to_get(found: Mapping[str, Any], form: str, options: Mapping[str, str]) -> str:
    kvs, more = found["kvs"], bool(found.get("more"))
    if form == "json":
        plain: dict[str, Any] = {"header": header(found["revision"])}
        if kvs:
            plain["kvs"] = [as_json(each) for each in kvs]
        return json({**plain, **({"more": True} if more else {}), **({"count": found["count"]} if found["count"] else {})})
    if form == "fields":
        return header_fields(found["revision"]) + "".join(map(as_fields, kvs)) + f'"More" : {str(more).lower()}\n"Count" : {found["count"]}\n'
    return "".join(as_text(each, "print-value-only" in options, "hex" in options) for each in kvs)


def answer_to_change(revision: int, form: str, before: Sequence[KeyValue], deleted: int | None = None) -> str:
    """Of a put (`deleted` None) or a deletion, with the pairs there were before, where they were asked for."""
    if form == "json":
        told: dict[str, Any] = {} if deleted is None else {"deleted": deleted}
        pairs = [as_json(each) for each in before]
        return json({"header": header(revision), **told, **({"prev_kvs": pairs} if pairs and deleted is not None else {"prev_kv": pairs[0]} if pairs else {})})
    if form == "fields":
        return header_fields(revision) + ("" if deleted is None else f'"Deleted" : {deleted}\n') + "".join(map(as_fields, before))
    return ("OK\n" if deleted is None else f"{deleted}\n") + "".join(as_text(each) for each in before)
