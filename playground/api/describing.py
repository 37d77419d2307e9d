"""How the REST API describes itself: summaries, descriptions, and what its answers mean.

The words are the views' docstrings: the first sentence is the summary, what follows the description.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.openapi import AutoSchema

from .parts import tag_of

_STATUS = {
    "200": "Done; what came of it",
    "201": "Made",
    "202": "Begun, and not done yet: ask again",
    "204": "Done; there is nothing to say",
    "400": "What was sent is not valid: `errors` says which fields and why",
    "401": "Nobody is signed in, or the token is not known",
    "403": "Signed in, but this is not allowed",
    "404": "There is no such thing, or none that one may see",
    "409": "Not possible as things are now",
    "410": "So old that it is not remembered any more",
    "429": "Too much at once: try again later",
    "503": "The worker that owns the cluster is away: try again in a moment",
}


class Described(AutoSchema):
    """REST_FRAMEWORK's DEFAULT_SCHEMA_CLASS."""

    def get_tags(self) -> list[str]:
        return [tag_of(self.path)]

    def get_summary(self) -> str:
        return self._told()[0]

    def get_description(self) -> str:
        return self._told()[1]

    def _told(self) -> tuple[str, str]:
        """A view that serves several addresses says what each is `about`."""
        words = getattr(self.view, "about", "") or super().get_description()
        summary, _, rest = words.partition(". ") if ". " in words.split("\n")[0] else words.partition("\n")
        return summary.strip().removesuffix("."), rest.strip()


def tell_answers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook: every answer says what its status means here."""
    for operations in result["paths"].values():
        for operation in operations.values():
            _describe(operation["responses"])
    return result


def _describe(answers: Mapping[str, dict[str, Any]]) -> None:
    for status, answer in answers.items():
        answer["description"] = answer.get("description") or _STATUS[status]
