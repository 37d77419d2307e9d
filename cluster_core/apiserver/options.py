"""The options of a request's query: read, checked, and refused as the real server refuses them.

Models apimachinery's query parameter conversion, meta/v1/validation and meta/internalversion/validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.request import ApiRequest
from cluster_core.machinery import errors, field, gofmt, timestamps

META = "meta.k8s.io"
_MAX_MANAGER = 128
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")
_POLICIES = ("Foreground", "Background", "Orphan")
_INT64 = 1 << 63


def truth(text: str) -> bool:
    """A bool in a query: everything is true but "0" and "false"."""
    return text != "0" and text.lower() != "false"


def boolean(request: ApiRequest, name: str) -> bool | None:
    """None when the parameter is absent."""
    given = request.parameters(name)
    return truth(given[0]) if given else None


def integer(request: ApiRequest, name: str) -> int | None:
    """None when the parameter is absent. Raises 400 as strconv.ParseInt complains."""
    given = request.parameters(name)
    if not given:
        return None
    text = given[0]
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise errors.bad_request(f"strconv.ParseInt: parsing {gofmt.quote(text)}: invalid syntax")
    value = int(text[:24])
    if not -_INT64 <= value < _INT64:
        raise errors.bad_request(f"strconv.ParseInt: parsing {gofmt.quote(text)}: value out of range")
    return value


def check_timeout(request: ApiRequest) -> None:
    """How long the answer may take is kept to anyway; it has to be a duration. Raises 400."""
    try:
        timestamps.parse_duration(request.parameter("timeout") or "0")
    except timestamps.TimeError as error:
        raise errors.bad_request(f"invalid timeout specified in the request URL - {error}") from None


def _invalid(kind: str, problems: field.Errors) -> None:
    if problems:
        raise errors.invalid(META, kind, "", problems)


# ------------------------------------------------------------------------------------------------ writes


def read_write_options(context: Context, request: ApiRequest, kind: str) -> None:
    """CreateOptions and UpdateOptions: dryRun, fieldManager, fieldValidation into the context."""
    if request.query:
        _invalid(kind, _write_problems(request))
    _fill(context, request)


def read_patch_options(context: Context, request: ApiRequest, *, applying: bool) -> bool:
    """PatchOptions likewise; answers `force`."""
    force = boolean(request, "force")
    problems: field.Errors = []
    if applying and not request.parameter("fieldManager"):
        problems.append(field.required("fieldManager", "is required for apply patch"))
    if not applying and force is not None:
        problems.append(field.forbidden("force", "may not be specified for non-apply patch"))
    _invalid("PatchOptions", [*problems, *_write_problems(request)])
    _fill(context, request)
    return bool(force)


def _write_problems(request: ApiRequest) -> field.Errors:
    problems = _manager_problems(request.parameter("fieldManager")) + dry_run_problems(request.parameters("dryRun"))
    validation = request.parameter("fieldValidation")
    if validation not in _VALIDATIONS:
        problems.append(field.not_supported("fieldValidation", validation, _VALIDATIONS))
    return problems


def _manager_problems(manager: str) -> field.Errors:
    problems: field.Errors = []
    if len(manager.encode()) > _MAX_MANAGER:
        problems.append(field.too_long("fieldManager", _MAX_MANAGER))
    position = 0
    for char in manager:
        if not char.isprintable():
            detail = f"invalid character U+{ord(char):04X} (at position {position})"
            problems.append(field.invalid("fieldManager", manager, detail))
        position += len(char.encode())
    return problems


def dry_run_problems(given: list[str]) -> field.Errors:
    wrong = [value for value in given if value != "All"]
    return [field.not_supported("dryRun", given, ("All",))] if wrong else []


def _fill(context: Context, request: ApiRequest) -> None:
    context.field_manager = request.parameter("fieldManager") or manager_of(request)
    context.dry_run = "All" in request.parameters("dryRun")
    context.field_validation = request.parameter("fieldValidation") or "Warn"


def manager_of(request: ApiRequest) -> str:
    """The default field manager: the user agent up to its first slash, as far as it is printable."""
    agent = request.header("user-agent").partition("/")[0]
    return "".join(char for char in agent if char.isprintable())[:_MAX_MANAGER]


# ------------------------------------------------------------------------------------------------ deletes


def check_delete_options(options: Mapping[str, Any]) -> None:
    """ValidateDeleteOptions."""
    policy, problems = options.get("propagationPolicy"), field.Errors()
    if policy is not None and options.get("orphanDependents") is not None:
        problems.append(
            field.invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set")
        )
    if policy is not None and policy not in _POLICIES:
        problems.append(field.not_supported("propagationPolicy", policy, (*_POLICIES, "nil")))
    _invalid("DeleteOptions", [*problems, *dry_run_problems(list(options.get("dryRun") or ()))])


def query_delete_options(request: ApiRequest) -> dict[str, Any]:
    """The DeleteOptions in the query of a DELETE without a body."""
    found: dict[str, Any] = {}
    grace = integer(request, "gracePeriodSeconds")
    if grace is not None:
        found["gracePeriodSeconds"] = grace
    if request.parameters("propagationPolicy"):
        found["propagationPolicy"] = request.parameter("propagationPolicy")
    if request.parameters("dryRun"):
        found["dryRun"] = request.parameters("dryRun")
    wanted = {name: request.parameter(name) for name in ("uid", "resourceVersion") if request.parameter(name)}
    if wanted:
        found["preconditions"] = wanted
    orphan = boolean(request, "orphanDependents")
    return found if orphan is None else {**found, "orphanDependents": orphan}


# ------------------------------------------------------------------------------------------------ lists


class ListOptions(NamedTuple):
    """metav1.ListOptions as far as the answer depends on them."""

    watch: bool = False
    limit: int = 0
    token: str = ""
    version: str = ""
    match: str = ""
    initial_events: bool | None = None
    bookmarks: bool = False


def list_options(request: ApiRequest, *, watching: bool) -> ListOptions:
    """The checked options of a list, a watch or a deletecollection. Raises 400 and 422."""
    if not request.query:
        return ListOptions(watching, initial_events=True if watching else None)
    integer(request, "timeoutSeconds")
    options = ListOptions(
        watching,
        integer(request, "limit") or 0,
        request.parameter("continue"),
        request.parameter("resourceVersion"),
        request.parameter("resourceVersionMatch"),
        boolean(request, "sendInitialEvents"),
        bool(boolean(request, "allowWatchBookmarks")),
    )
    asked = truth(request.parameter("watch")) if request.parameters("watch") else False
    if asked and options.initial_events is None and not options.match and options.version in ("", "0"):
        options = options._replace(initial_events=True, match="NotOlderThan")
    _invalid("ListOptions", _watch_problems(options) if asked else _list_problems(options))
    return options


_MATCH = "resourceVersionMatch"


def _list_problems(options: ListOptions) -> field.Errors:
    problems: field.Errors = []
    if options.match:
        if not options.version:
            detail = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            problems.append(field.forbidden(_MATCH, detail))
        problems += _continued_problems(options)
        if options.match not in ("Exact", "NotOlderThan"):
            problems.append(field.not_supported(_MATCH, options.match, ("Exact", "NotOlderThan", "")))
        if options.match == "Exact" and options.version == "0":
            detail = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            problems.append(field.forbidden(_MATCH, detail))
    if options.initial_events is not None:
        problems.append(field.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return problems


def _continued_problems(options: ListOptions) -> field.Errors:
    return [field.forbidden(_MATCH, "resourceVersionMatch is forbidden when continue is provided")] if options.token else []


def _watch_problems(options: ListOptions) -> field.Errors:
    problems: field.Errors = []
    if options.initial_events is not None and options.match != "NotOlderThan":
        detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        problems.append(field.forbidden(_MATCH, detail))
    if options.match:
        if options.initial_events is None:
            detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            problems.append(field.forbidden(_MATCH, detail))
        if options.match != "NotOlderThan":
            problems.append(field.not_supported(_MATCH, options.match, ("NotOlderThan",)))
        problems += _continued_problems(options)
    return problems


def object_version(text: str) -> int:
    """A resourceVersion as a number. Raises ValueError with what Go would say."""
    if text in ("", "0"):
        return 0
    if text.isascii() and text.isdigit() and int(text[:24]) < 1 << 64:
        return int(text)
    trouble = "value out of range" if text.isascii() and text.isdigit() else "invalid syntax"
    quoted = gofmt.quote(text)
    raise ValueError(f"resourceVersion: Invalid value: {quoted}: strconv.ParseUint: parsing {quoted}: {trouble}")


def too_large_version(wanted: int, current: int) -> errors.ApiError:
    """504: nothing is as new as that. The real server waits 3 s for it first."""
    text = f"Too large resource version: {wanted}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return errors.Timeout(f"Timeout: {text}", {"causes": [cause]}, retry_after=1)
