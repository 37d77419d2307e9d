"""What of a demo is text to read, and how it reads in the language of a request. What is replayed is the same in all."""

from __future__ import annotations

from typing import Any

from playground.translations import languages
from playground.translations.texts import Texts, without_empty

from .demo import Demo


def texts(demo: Demo) -> dict[str, Any]:
    """All that people get to read, in the demo's own language: what a translation has to have."""
    captions = {caption: caption for caption in demo.captions}
    return without_empty({"title": demo.title, "description": demo.description, "captions": captions})


def in_language(demo: Demo) -> Texts:
    """Its texts in the language of this request."""
    return languages.chosen(demo.translations, texts(demo))


def summary(demo: Demo) -> dict[str, Any]:
    """What a list of demos tells of one."""
    said = in_language(demo)
    captions = [said["captions"][caption] for caption in demo.captions]
    told = {"name": demo.name, "title": said["title"], "description": said.get("description", "")}
    return {**told, "steps": len(demo.steps), "seconds": demo.seconds, "captions": captions, "gaps": list(demo.gaps)}


def instead(demo: Demo) -> dict[str, str]:
    """What a replay says of itself, which it says in the demo's language, and what to read instead."""
    said = in_language(demo)
    return {demo.title: said["title"], **said.get("captions", {})}
