"""What of an exercise and its verdicts is text to read, and how it reads in the language of a request.

The names of checks stay as they are, for verdicts, hand-ins and gradebooks go by them; `title` is what people read instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from playground.translations import languages
from playground.translations.texts import Texts, without_empty

from . import saying
from .exercise import Check, Exercise


def texts(exercise: Exercise) -> dict[str, Any]:
    """All that a learner may get to read of an exercise, in its own language: what a translation has to have."""
    return without_empty(
        {
            "title": exercise.title,
            "description": exercise.description,
            "topics": {topic: topic for topic in exercise.topics},
            "faults": {fault.name: fault.name for fault in exercise.faults},
            "checks": {check.name: of_check(check) for check in exercise.checks},
        }
    )


def of_check(check: Check) -> dict[str, str]:
    said = check.spec.get("message", "") if check.kind == "cel" and isinstance(check.spec, Mapping) else ""
    return {"name": check.name, "hint": check.hint, "message": said}


def in_language(exercise: Exercise) -> Texts:
    """Its texts in the language of this request."""
    return languages.chosen(exercise.translations, texts(exercise))


def exercise(found: Exercise) -> dict[str, Any]:
    """As students see it. `title` of a check is its name to read."""
    said, shown = in_language(found), found.for_student()
    checks = [{**each, **_of_check(said, each["name"])} for each in shown["checks"]]
    topics = [said["topics"][topic] for topic in found.topics]
    return {
        **shown,
        "title": said["title"],
        "description": said.get("description", ""),
        "topics": topics,
        "checks": checks,
    }


def _of_check(said: Texts, name: str) -> dict[str, str]:
    """Its title, and its hint where it has one. A check that the exercise no longer has keeps its name."""
    check = said["checks"].get(name, {"name": name})
    hint = {"hint": check["hint"]} if "hint" in check else {}
    return {"title": check["name"], **hint}


# ---------------------------------------------------------------------------------------------------- verdicts


def verdict(document: Mapping[str, Any], exercise: Exercise) -> dict[str, Any]:
    """A verdict's document to be read: checks with a title, and all else that it says in the language of this request.

    It is for showing only: what is kept, signed and compared is the document itself.
    """
    said = in_language(exercise)
    timeline = [{**each, "what": _happened(said, each["what"])} for each in document["timeline"]]
    message = saying.told(document.get("said", document["message"]))
    return {**document, "message": message, "checks": [check(each, exercise) for each in document["checks"]], "timeline": timeline}


def check(found: Mapping[str, Any], exercise: Exercise) -> dict[str, Any]:
    """One check of a verdict, to be read."""
    own = next((of_check(each) for each in exercise.checks if each.name == found["name"]), {})
    here = in_language(exercise)["checks"].get(found["name"], {"name": found["name"]})
    names = {own.get("message", ""): here.get("message", ""), **_names(exercise)}
    said = saying.told(found.get("said", found["message"]), names)
    shown = {**found, "title": here["name"], "message": said}
    return {**shown, "hint": here.get("hint", found["hint"])} if "hint" in found else shown


def _names(exercise: Exercise) -> dict[str, str]:
    """Of faults and checks, of which a message may speak."""
    said = in_language(exercise)
    return {**said.get("faults", {}), **{name: each["name"] for name, each in said["checks"].items()}}


def _happened(said: Texts, what: str) -> str:
    return _("handed in") if what == "handed in" else str(said.get("faults", {}).get(what, what))
