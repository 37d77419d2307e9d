"""The error family says what the real server says."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.machinery import errors, field


def test_a_missing_object_is_named_with_its_resource() -> None:
    assert errors.not_found("", "pods", "x").status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "x" not found',
        "reason": "NotFound",
        "details": {"name": "x", "kind": "pods"},
        "code": 404,
    }


def test_a_resource_of_a_group_is_qualified() -> None:
    error = errors.already_exists("apps", "deployments", "web")
    assert error.message == 'deployments.apps "web" already exists'
    assert error.status()["details"] == {"name": "web", "group": "apps", "kind": "deployments"}


def test_empty_details_are_written_and_absent_ones_are_not() -> None:
    assert errors.method_not_allowed().status()["details"] == {}
    assert "details" not in errors.bad_request("no").status()


def test_an_error_nobody_dressed_up_has_no_reason() -> None:
    status = errors.plain_error("boom").status()
    assert status["code"] == 500
    assert "reason" not in status


def test_retry_after_reaches_the_details() -> None:
    error = errors.too_many_requests("slow down", retry_after=3)
    assert error.code == 429
    assert error.status()["details"] == {"retryAfterSeconds": 3}


def test_expired_is_gone() -> None:
    error = errors.expired("too old")
    assert isinstance(error, errors.Gone)
    assert (error.code, error.reason) == (410, "Expired")


@pytest.mark.parametrize(
    ("group", "resource", "name", "subject"),
    [
        ("", "pods", "a", 'pods "a" is forbidden: no'),
        ("", "pods", "", "pods is forbidden: no"),
        ("", "", "", "forbidden: no"),
    ],
)
def test_forbidden_names_what_it_can(group: str, resource: str, name: str, subject: str) -> None:
    assert errors.forbidden(group, resource, name, "no").message == subject


def test_every_recorded_status_of_a_known_sort_is_reproduced(refusals: list[Any]) -> None:
    checked = 0
    for status in refusals:
        rebuilt = _rebuild(status)
        if rebuilt is not None:
            assert rebuilt.status() == status
            checked += 1
    assert checked > 60


def _rebuild(status: dict[str, Any]) -> errors.ApiError | None:
    details = status.get("details") or {}
    group, kind, name = (details.get(part, "") for part in ("group", "kind", "name"))
    reason, message = status.get("reason"), status["message"]
    cause = message.partition(": ")[2]
    known = {
        "NotFound": lambda: errors.not_found(group, kind, name) if name else errors.generic_not_found(),
        "AlreadyExists": lambda: errors.already_exists(group, kind, name),
        "Conflict": lambda: errors.conflict(group, kind, name, cause) if name else None,
        "Forbidden": lambda: errors.forbidden(group, kind, name, cause, details.get("causes")),
        "BadRequest": lambda: errors.bad_request(message),
        "Unauthorized": errors.unauthorized,
        "InternalError": lambda: errors.internal_error(cause),
        "MethodNotAllowed": lambda: None if kind else errors.method_not_allowed(),
        None: lambda: errors.plain_error(message),
    }
    plain_gone = reason == "NotFound" and not name and details
    return known[reason]() if reason in known and not plain_gone else None


def test_every_recorded_invalid_message_is_the_aggregate_of_its_causes(refusals: list[Any]) -> None:
    checked = 0
    for status in refusals:
        causes = (status.get("details") or {}).get("causes")
        if status.get("reason") != "Invalid" or not causes or "is forbidden: " in status["message"]:
            continue  # a policy's denial is a 422 too
        details = status["details"]
        what = errors.qualified(details.get("group", ""), details.get("kind", ""))
        texts = [f"{cause.get('field', '')}: {cause['message']}" for cause in causes]
        assert status["message"] == f'{what} "{details.get("name", "")}" is invalid: {field.aggregate(texts)}'
        checked += 1
    assert checked > 500
