"""Passes to a cluster for one person: addresses that kubectl in a browser's terminal uses instead of the cluster's own token.

A pass says who came, and nothing more: what they may is asked with every request, so a share that has ended, or a class
that is frozen, ends it too. Signed with the installation's key; nothing is kept.
"""

from __future__ import annotations

from django.conf import settings
from django.core import signing

PREFIX = "p."
_SALT = "playground.classroom.passes"


def issue(*, user: int, cluster: str) -> str:
    """What stands in the address in place of a token."""
    return PREFIX + signing.dumps([user, cluster], salt=_SALT)


def opened(text: str) -> tuple[int, str] | None:
    """(user, cluster); None when it is not ours or as old as no session gets."""
    try:
        user, cluster = signing.loads(text.removeprefix(PREFIX), salt=_SALT, max_age=settings.SESSION_COOKIE_AGE)
    except signing.BadSignature:
        return None
    return int(user), str(cluster)
