"""The one family of API errors, and its metav1.Status form.

Models apimachinery/pkg/api/errors: every way a request can be refused, with the real code, reason and text. Raised
anywhere in the engine, translated once at the edge by `status()`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cluster_core.machinery import field, gofmt

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


class ApiError(Exception):
    """A refused request. `details` None leaves the member out, {} writes it empty, as the real server does."""

    code = 500
    reason = ""

    def __init__(
        self,
        message: str,
        details: Mapping[str, Any] | None = None,
        *,
        code: int = 0,
        reason: str | None = None,
        retry_after: int = 0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.retry_after = retry_after
        if code:
            self.code = code
        if reason is not None:
            self.reason = reason

    def status(self) -> dict[str, Any]:
        """The metav1.Status object."""
        status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        status["message"] = self.message
        if self.reason:
            status["reason"] = self.reason
        details = self._status_details()
        if details is not None:
            status["details"] = details
        status["code"] = self.code
        return status

    def _status_details(self) -> dict[str, Any] | None:
        if self.details is None and not self.retry_after:
            return None
        details = {key: value for key, value in (self.details or {}).items() if value}
        if self.retry_after:
            details["retryAfterSeconds"] = self.retry_after
        return details


class BadRequest(ApiError):
    code, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    code, reason = 401, "Unauthorized"


class Forbidden(ApiError):
    code, reason = 403, "Forbidden"


class NotFound(ApiError):
    code, reason = 404, "NotFound"


class MethodNotAllowed(ApiError):
    code, reason = 405, "MethodNotAllowed"


class NotAcceptable(ApiError):
    code, reason = 406, "NotAcceptable"


class Conflict(ApiError):
    code, reason = 409, "Conflict"


class AlreadyExists(ApiError):
    code, reason = 409, "AlreadyExists"


class Gone(ApiError):
    code, reason = 410, "Gone"


class Expired(Gone):
    reason = "Expired"


class TooLarge(ApiError):
    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    code, reason = 415, "UnsupportedMediaType"


class Invalid(ApiError):
    code, reason = 422, "Invalid"


class TooManyRequests(ApiError):
    code, reason = 429, "TooManyRequests"


class InternalError(ApiError):
    code, reason = 500, "InternalError"


class ServerTimeout(ApiError):
    code, reason = 500, "ServerTimeout"


class ServiceUnavailable(ApiError):
    code, reason = 503, "ServiceUnavailable"


class Timeout(ApiError):
    code, reason = 504, "Timeout"


def qualified(group: str, resource: str) -> str:
    """GroupResource or GroupKind as text: pods, deployments.apps."""
    return f"{resource}.{group}" if group else resource


def _details(group: str, kind: str, name: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "group": group, "kind": kind, **more}


def not_found(group: str, resource: str, name: str) -> NotFound:
    return NotFound(f"{qualified(group, resource)} {gofmt.quote(name)} not found", _details(group, resource, name))


def generic_not_found() -> NotFound:
    """No such path, subresource or version."""
    return NotFound("the server could not find the requested resource", {})


def already_exists(group: str, resource: str, name: str) -> AlreadyExists:
    text = f"{qualified(group, resource)} {gofmt.quote(name)} already exists"
    return AlreadyExists(text, _details(group, resource, name))


def generate_name_conflict(group: str, resource: str, name: str) -> AlreadyExists:
    text = f"{qualified(group, resource)} {gofmt.quote(name)} already exists"
    text += ", the server was not able to generate a unique name for the object"
    return AlreadyExists(text, _details(group, resource, name), retry_after=1)


def conflict(group: str, resource: str, name: str, cause: str = MODIFIED) -> Conflict:
    text = f"Operation cannot be fulfilled on {qualified(group, resource)} {gofmt.quote(name)}: {cause}"
    return Conflict(text, _details(group, resource, name))


def apply_conflict(causes: list[dict[str, str]], message: str) -> Conflict:
    return Conflict(message, {"causes": causes})


def invalid(group: str, kind: str, name: str, problems: Iterable[field.FieldError]) -> Invalid:
    """422 with one cause per problem; repeats stay in the causes and are dropped from the text, as upstream."""
    problems = list(problems)
    text = f"{qualified(group, kind)} {gofmt.quote(name)} is invalid"
    if problems:
        text += f": {field.aggregate(problems)}"
    return Invalid(text, _details(group, kind, name, causes=field.to_causes(problems)))


def bad_request(message: str) -> BadRequest:
    return BadRequest(message)


def unauthorized(message: str = "Unauthorized") -> Unauthorized:
    return Unauthorized(message)


def forbidden(group: str, resource: str, name: str, cause: str, causes: list[dict[str, str]] | None = None) -> Forbidden:
    """Resource "" is a non-resource path."""
    what = qualified(group, resource)
    subject = f"{what} {gofmt.quote(name)} is forbidden" if name else f"{what} is forbidden"
    details = _details(group, resource, name, causes=causes)
    return Forbidden(f"{subject if what else 'forbidden'}: {cause}", details)


def method_not_supported(group: str, resource: str, action: str) -> MethodNotAllowed:
    """The resource exists and its storage lacks the verb."""
    text = f"{action} is not supported on resources of kind {gofmt.quote(qualified(group, resource))}"
    return MethodNotAllowed(text, _details(group, resource))


def method_not_allowed() -> MethodNotAllowed:
    """The route has no such HTTP method."""
    return MethodNotAllowed("the server does not allow this method on the requested resource", {})


def unsupported_media_type(accepted: Iterable[str]) -> UnsupportedMediaType:
    text = "the body of the request was in an unknown format - accepted media types include: "
    return UnsupportedMediaType(text + ", ".join(accepted))


def not_acceptable(accepted: Iterable[str]) -> NotAcceptable:
    return NotAcceptable("only the following media types are accepted: " + ", ".join(accepted))


def gone(message: str) -> Gone:
    return Gone(message)


def expired(message: str) -> Expired:
    return Expired(message)


def too_many_requests(message: str, retry_after: int = 1) -> TooManyRequests:
    return TooManyRequests(message, {}, retry_after=retry_after)


def request_entity_too_large(message: str) -> TooLarge:
    return TooLarge(f"Request entity too large: {message}")


def internal_error(cause: str) -> InternalError:
    return InternalError(f"Internal error occurred: {cause}", {"causes": [{"message": cause}]})


def plain_error(message: str) -> ApiError:
    """An error upstream never dressed as an API error: 500 without a reason."""
    return ApiError(message)


def server_timeout(group: str, resource: str, operation: str, retry_after: int = 0) -> ServerTimeout:
    text = f"The {operation} operation against {qualified(group, resource)} could not be completed at this time, "
    text += "please try again."
    return ServerTimeout(text, _details(group, resource, operation), retry_after=retry_after)


def timeout(message: str, retry_after: int = 0) -> Timeout:
    return Timeout(f"Timeout: {message}", {}, retry_after=retry_after)


def service_unavailable(message: str) -> ServiceUnavailable:
    return ServiceUnavailable(message)


def unprocessable() -> Invalid:
    """A JSON patch that does not apply: upstream's generic 422 without a cause."""
    return Invalid("the server rejected our request due to an error in our request", {})
