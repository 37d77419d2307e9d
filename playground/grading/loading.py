"""Exercises from YAML. What is wrong is told with file, line and field, all of it at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from cluster_core.machinery import yamlio
from playground.translations import languages
from playground.translations import loading as translations

from . import checks, faults, lines, wording
from .exercise import Answer, Check, Exercise, Fault, Forbidden, Timing, seconds
from .problems import Problem, Unusable

SCHEMA_FILE = Path(__file__).with_name("schema.json")
class ExerciseError(Unusable):
    """The exercise cannot be used."""


@lru_cache(1)
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text())
    return loaded


def load_file(path: Path) -> Exercise:
    """With the translations beside it. Raises ExerciseError and OSError."""
    found = load(path.read_text(), str(path))
    try:
        return replace(found, translations=_translations(path, found))
    except translations.TranslationError as error:
        raise ExerciseError(error.problems) from error


def _translations(path: Path, found: Exercise) -> dict[str, Any]:
    wanted = wording.texts(found)
    there = languages.files(path)
    return {code: translations.load(file.read_text(), "exercise", wanted, str(file)) for code, file in there.items()}


def load(text: str, file: str = "exercise.yaml") -> Exercise:
    """Raises ExerciseError."""
    try:
        value = yamlio.read_one(text)
    except yamlio.YamlError as error:
        raise ExerciseError([Problem(file, error.line or 1, "", error.message)]) from error
    found = list(_schema_problems(value)) or list(_other_problems(value))
    if found:
        raise ExerciseError(
            [Problem(file, lines.line_of(text, path), lines.field_text(path), message) for path, message in found]
        )
    return _exercise(value, text)


Found = Iterator[tuple[list[str | int], str]]


def _schema_problems(value: Any) -> Found:
    errors = Draft202012Validator(schema()).iter_errors(value)
    for error in sorted(errors, key=lambda each: [str(step) for step in each.absolute_path]):
        yield list(error.absolute_path), _message(error)


def _message(error: ValidationError) -> str:
    if error.validator in ("oneOf", "anyOf") and all("required" in branch for branch in error.validator_value):
        names = ", ".join(branch["required"][0] for branch in error.validator_value)
        return f"{'exactly' if error.validator == 'oneOf' else 'at least'} one of {names} is required"
    if error.validator == "required":
        return str(error.message).replace(" is a required property", " is required")
    return str(error.message)[:300]


def _other_problems(value: Any) -> Found:
    """What a schema cannot say."""
    spec = value["spec"]
    names = [each["name"] for each in spec["checks"]]
    happens = [each["name"] for each in spec.get("faults", ())]
    yield from _command_problems(spec)
    for index, check in enumerate(spec["checks"]):
        if names.index(check["name"]) != index:
            yield ["spec", "checks", index, "name"], f'"{check["name"]}" is used twice'
        for path, message in _check_problems(check, spec["checks"], happens):
            yield ["spec", "checks", index, *path], message
    for index, wrong in enumerate(spec.get("wrong", ())):
        for name in sorted(set(wrong.get("fails", ())) - set(names)):
            yield ["spec", "wrong", index, "fails"], f'there is no check named "{name}"'


def _command_problems(spec: Any) -> Found:
    for key in ("faults", "prepare"):
        yield from step_problems(spec.get(key, ()), ["spec", key])


def step_problems(steps: Sequence[Mapping[str, Any]], place: list[str | int]) -> Found:
    """What is wrong with the commands among steps, as `ground.do` takes them."""
    for index, each in enumerate(steps):
        if "command" in each:
            where, message = faults.problem(each["command"], each.get("args", {}))
            if message:
                yield [*place, index, where], message


def _check_problems(check: Mapping[str, Any], others: list[Mapping[str, Any]], happens: list[str]) -> Found:
    if sum(1 for mode in ("eventually", "always", "within") if mode in check) > 1:
        yield [], "eventually, always and within exclude each other"
    if "for" in check and "always" not in check:
        yield ["for"], "goes with always only"
    after = check.get("after", "")
    anchor = next((each for each in others if each["name"] == after), None)
    if after and after not in happens and (anchor is None or not {"eventually", "within"} & set(anchor)):
        yield ["after"], f'"{after}" is neither a fault nor a check with eventually or within'
    if anchor is not None and anchor.get("hidden") and not check.get("hidden"):
        yield ["after"], "a check that students see cannot follow a hidden one"
    yield from _kind_problems(check)


def _kind_problems(check: Mapping[str, Any]) -> Found:
    kind = next(each for each in checks.KINDS if each in check)
    for path, message in checks.KINDS[kind].problems(check[kind]):
        yield [kind, *path], message


def check_problems(check: Any) -> list[tuple[list[str | int], str]]:
    """What is wrong with a check that stands elsewhere than in an exercise."""
    whole = {"$ref": "#/$defs/check", "$defs": schema()["$defs"]}
    errors = Draft202012Validator(whole).iter_errors(check)
    found = [(list(error.absolute_path), _message(error)) for error in errors]
    return found or list(_kind_problems(check))


# ---------------------------------------------------------------------------------------------------- making the facts


def _exercise(value: Mapping[str, Any], text: str) -> Exercise:
    spec = value["spec"]
    optional = {
        key: spec[key] for key in ("description", "difficulty", "topics", "cluster", "budget", "prepare") if key in spec
    }
    if "limit" in spec:
        optional["limit"] = seconds(spec["limit"])
    return Exercise(
        name=value["metadata"]["name"],
        title=spec["title"],
        digest=hashlib.sha256(text.encode()).hexdigest(),
        checks=[check_of(each) for each in spec["checks"]],
        setup=_setup(spec.get("setup", "")),
        forms=spec.get("handIn", {}).get("forms", Exercise.forms),
        forbidden=_forbidden(spec.get("forbidden", {})),
        faults=sorted((_fault(each) for each in spec.get("faults", ())), key=lambda fault: fault.at),
        duration=seconds(spec["duration"]) if "duration" in spec else None,
        pass_points=spec.get("passPoints"),
        reference=answer(spec["reference"]) if "reference" in spec else None,
        starter=answer(spec["starter"]) if "starter" in spec else None,
        wrong=[answer(each) for each in spec.get("wrong", ())],
        source=text,
        **optional,
    )


def _setup(given: Any) -> str:
    return given if isinstance(given, str) else "\n---\n".join(json.dumps(each) for each in given)


def _forbidden(given: Mapping[str, Any]) -> Forbidden:
    return Forbidden(**{"only_kinds" if key == "onlyKinds" else key: value for key, value in given.items()})


def _fault(given: Mapping[str, Any]) -> Fault:
    return Fault(given["name"], seconds(given["at"]), {key: given[key] for key in given if key not in ("name", "at")})


def answer(given: Mapping[str, Any]) -> Answer:
    """An answer written down in an exercise."""
    files = dict(given.get("files", {}))
    if "manifests" in given:
        files["manifests.yaml"] = given["manifests"]
    form = "commands" if "commands" in given else "directory" if "files" in given else "manifests"
    rest = {key: given[key] for key in ("name", "commands", "fails", "refused") if key in given}
    return Answer(files=files, form=form, **rest)


def check_of(given: Mapping[str, Any]) -> Check:
    """A check from its (valid) YAML."""
    kind = next(each for each in checks.KINDS if each in given)
    rest = {key: given[key] for key in ("points", "hint", "hidden", "extra", "partial") if key in given}
    return Check(name=given["name"], kind=kind, spec=given[kind], timing=_timing(given), **rest)


def _timing(given: Mapping[str, Any]) -> Timing:
    after = given.get("after", "")
    if "within" in given:
        return Timing("within", seconds(given["within"]), after)
    if "always" in given:
        return Timing("always", seconds(given["for"]) if "for" in given else None, after)
    return Timing("eventually" if "eventually" in given else "end", None, after)
