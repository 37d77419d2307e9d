"""What webhook configurations must be like. Models pkg/apis/admissionregistration/validation."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from cluster_core.kinds import admission_rules, checks
from cluster_core.machinery import field, names
from cluster_core.machinery.field import Errors, Path
from cluster_core.machinery.typed import Obj

_HOOKS = Path("webhooks")
_EFFECTS = ("None", "NoneOnDryRun")
_VERSIONS = ("v1", "v1beta1")
_FORM = "; desired format: https://host[/path]"


def validating_hooks(configuration: Obj) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for number, hook in enumerate(configuration.get("webhooks") or ()):
        path, name = _HOOKS.index(number), hook.get("name", "")
        _hook(errors, path, hook)
        admission_versions(errors, path / "admissionReviewVersions", hook.get("admissionReviewVersions") or ())
        if name and name in seen:
            errors.append(field.duplicate(path / "name", name))
        seen.add(name)
    return errors


def mutating_hooks(configuration: Obj) -> Errors:
    errors = validating_hooks(configuration)
    for number, hook in enumerate(configuration.get("webhooks") or ()):
        path = _HOOKS.index(number) / "reinvocationPolicy"
        if hook.get("reinvocationPolicy", "Never") not in ("IfNeeded", "Never"):
            errors.append(field.not_supported(path, hook["reinvocationPolicy"], ("IfNeeded", "Never")))
    return errors


def _hook(errors: Errors, path: Path, hook: Obj) -> None:
    _name(errors, path / "name", hook.get("name", ""))
    for number, rule in enumerate(hook.get("rules") or ()):
        admission_rules.rule_problems(errors, (path / "rules").index(number), rule)
    if hook.get("failurePolicy", "Fail") not in admission_rules.FAILURES:
        errors.append(field.not_supported(path / "failurePolicy", hook["failurePolicy"], admission_rules.FAILURES))
    if hook.get("matchPolicy", "Exact") not in ("Equivalent", "Exact"):
        errors.append(field.not_supported(path / "matchPolicy", hook["matchPolicy"], ("Equivalent", "Exact")))
    effects = hook.get("sideEffects")
    if effects is None:
        errors.append(field.required(path / "sideEffects", f"must specify one of {', '.join(_EFFECTS)}"))
    elif effects not in _EFFECTS:
        errors.append(field.not_supported(path / "sideEffects", effects, _EFFECTS))
    seconds = hook.get("timeoutSeconds", 10)
    if not 1 <= seconds <= 30:
        text = "the timeout value must be between 1 and 30 seconds"
        errors.append(field.invalid(path / "timeoutSeconds", seconds, text))
    for key in ("namespaceSelector", "objectSelector"):
        checks.label_selector(errors, path / key, hook.get(key) or {})
    client(errors, path / "clientConfig", hook.get("clientConfig") or {})
    admission_rules.conditions(errors, path / "matchConditions", hook.get("matchConditions") or (), params=False)


def _name(errors: Errors, path: Path, name: str) -> None:
    if not name:
        errors.append(field.required(path))
        return
    problems = names.dns1123_subdomain(name)
    if problems:
        errors += field.invalid_each(path, name, problems)
    elif name.count(".") < 2:
        errors.append(field.invalid(path, name, "should be a domain with at least three segments separated by dots"))


def admission_versions(errors: Errors, path: Path, versions: Sequence[str]) -> None:
    if versions:
        review_versions(errors, path, versions)
    else:
        errors.append(field.required(path, f"must specify one of {', '.join(_VERSIONS)}"))


def review_versions(errors: Errors, path: Path, versions: Sequence[str]) -> None:
    """The versions of reviews a webhook knows, of admission or conversion."""
    if not versions:
        errors.append(field.required(path))
        return
    for number, version in enumerate(versions):
        if version in versions[:number]:
            errors.append(field.invalid(path.index(number), version, "duplicate version"))
            continue
        errors += field.invalid_each(path.index(number), version, names.dns1035_label(version))
    if not set(versions) & set(_VERSIONS):
        errors.append(field.invalid(path, versions, f"must include at least one of {', '.join(_VERSIONS)}"))


def client(errors: Errors, path: Path, config: Obj) -> None:
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        errors.append(field.required(path, "exactly one of url or service is required"))
    elif url is not None:
        _url(errors, path / "url", url)
    elif service is not None:
        _service(errors, path / "service", service)


def _url(errors: Errors, path: Path, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https":
        errors.append(field.invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}"))
    if not parts.netloc:
        errors.append(field.invalid(path, "", f"host must be specified{_FORM}"))
    user, sign, _ = parts.netloc.rpartition("@")
    if sign:
        errors.append(field.invalid(path, user, "user information is not permitted in the URL"))
    if parts.fragment:
        errors.append(field.invalid(path, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        errors.append(field.invalid(path, parts.query, "query parameters are not permitted in the URL"))


def _service(errors: Errors, path: Path, service: Obj) -> None:
    # Upstream hands the two names over in the wrong order: so which one is missing is told the other way round.
    for key, given in (("name", service.get("namespace")), ("namespace", service.get("name"))):
        if not given:
            errors.append(field.required(path / key))
    port = service.get("port", 443)
    problems = names.port_number(port)
    if problems:
        errors.append(field.invalid(path / "port", port, f"port is not valid: {', '.join(problems)}"))
    _service_path(errors, path / "path", str(service.get("path") or ""))


def _service_path(errors: Errors, path: Path, target: str) -> None:
    if target in ("", "/"):
        return
    if target == "//":
        errors.append(field.invalid(path, target, "segment[0] may not be empty"))
        return
    if not target.startswith("/"):
        errors.append(field.invalid(path, target, "must start with a '/'"))
    # Upstream drops the first character, be it a slash or not.
    for index, step in enumerate(target[1:].removesuffix("/").split("/")):
        found = [f"segment[{index}]: {text}" for text in names.dns1123_subdomain(step)]
        errors += field.invalid_each(path, target, found if step else [f"segment[{index}] may not be empty"])
