"""What is sent and not known is refused: a misspelt field would else be a wish that nobody hears. Told in the OpenAPI
document as `additionalProperties: false`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.serializers import Serializer

_OF_FORMS = frozenset({"csrfmiddlewaretoken"})
"""What browsers' forms carry beside their fields."""


class Strict:
    """Mixed into serializers of what is taken, before `Serializer`."""

    fields: Mapping[str, Any]

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = [name for name, field in self.fields.items() if not field.read_only]
            unknown = [name for name in data if name not in known and name not in _OF_FORMS]
            if unknown:
                raise ValidationError({name: [self._complaint(name, known)] for name in unknown})
        return super().to_internal_value(data)  # type: ignore[misc]

    def _complaint(self, name: str, known: list[str]) -> str:
        if name in self.fields:
            return "cannot be set here"
        return f"unknown field; there are {', '.join(known)}" if known else "unknown field; there are none"


class _Nothing(Strict, Serializer):
    """No fields at all."""


class StrictInOpenApi(OpenApiSerializerExtension):
    target_class = "playground.api.strict.Strict"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False} if direction == "request" else schema


def checked(serializer: Any, request: Request, **options: Any) -> dict[str, Any]:
    """The body, valid. Raises ValidationError."""
    found = serializer(data=request.data, **options)
    found.is_valid(raise_exception=True)
    return dict(found.validated_data)


def nothing_wanted(request: Request) -> None:
    """For addresses that take no body: JSON with fields is refused. Raises ValidationError."""
    if "json" in (request.content_type or ""):
        checked(_Nothing, request)


def checked_query(serializer: Any, request: Request) -> dict[str, Any]:
    """The same of what stands behind the question mark."""
    found = serializer(data=request.query_params)
    found.is_valid(raise_exception=True)
    return dict(found.validated_data)
