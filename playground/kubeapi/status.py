"""Kubernetes Status objects for what fails before a request reaches a cluster's own API server.

Models apimachinery's pkg/api/errors and meta/v1 StatusReason.
"""

from __future__ import annotations

from typing import Any

import orjson

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def status(code: int, message: str, reason: str = "", details: dict[str, Any] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
    }
    body["reason"] = reason or REASONS.get(code, "")
    if details:
        body["details"] = details
    return body | {"code": code}


def status_body(code: int, message: str, reason: str = "", details: dict[str, Any] | None = None) -> bytes:
    return orjson.dumps(status(code, message, reason, details)) + b"\n"
