"""The images there are: a catalogue of well-known ones, and rules for all others."""

from __future__ import annotations

import hashlib

from cluster_core.machinery.containers import Image, InvalidImageName, PullError
from cluster_core.workloads.reference import Reference, parse

_NOBODY = ("doesnotexist", "does-not-exist", "nosuchimage", "no-such-image", "notexist", "nonexist")


def find_image(text: str, any_image: bool) -> Image:
    """The image of this name. Raises PullError with containerd's message."""
    reference = parse(text)
    if reference is None:
        raise InvalidImageName(
            f'Failed to apply default image tag "{text}": couldn\'t parse image name "{text}": invalid reference format'
        )
    if any(word in text for word in _NOBODY):
        raise PullError(_not_found(reference))
    digest = reference.digest or "sha256:" + hashlib.sha256(str(reference).encode()).hexdigest()
    size = 10_000_000 + int(digest[-8:], 16) % 190_000_000
    return Image(str(reference), f"{reference.repository}@{digest}", size)


def _not_found(reference: Reference) -> str:
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{reference}": '
        f'failed to resolve reference "{reference}": {reference}: not found'
    )
