"""What REST answers when it cannot: one shape, {"message", "code"} and, for bad fields, {"errors"}."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from playground.engine.port import EngineError, Unavailable


def to_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER."""
    if isinstance(error, EngineError):
        headers = {"Retry-After": "1"} if isinstance(error, Unavailable) else {}
        return Response({"message": str(error), "code": error.code}, status=error.code, headers=headers)
    response = exception_handler(error, context)
    if response is None:
        return None
    message = "some fields are not valid" if isinstance(error, ValidationError) else _text(error)
    response.data = {"message": message, "code": response.status_code}
    if isinstance(error, ValidationError):
        response.data["errors"] = error.detail
    return response


def _text(error: Exception) -> str:
    return str(error.detail) if isinstance(error, APIException) else str(error) or "not found"
