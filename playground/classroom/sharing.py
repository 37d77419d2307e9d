"""Sharing a cluster: to look or to work together; and a teacher's take-over, which its owner has to allow."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from . import door
from .access import Who
from .models import Membership, Ownership, Share
from .services import Missing, Refused


def share(*, cluster: str, username: str, mode: str) -> Share:
    """With somebody of the cluster's course, by account name; whom one does not know one cannot find out this way."""
    owned = Ownership.objects.get(cluster=cluster)
    classmates = Membership.objects.filter(course=owned.course).exclude(course=None)
    user = get_user_model().objects.filter(username=username, pk__in=classmates.values("user")).first()
    if user is None or user.pk == owned.owner_id:
        raise Refused(_('nobody else in this course is called "%(name)s"') % {"name": username})
    if mode not in Share.Mode.values:
        raise Refused(_("mode is one of %(modes)s") % {"modes": ", ".join(Share.Mode.values)})
    made, _is_new = Share.objects.update_or_create(ownership=owned, user=user, defaults={"mode": mode, "granted": True})
    door.forget()
    return made


def ask_to_take_over(*, cluster: str, who: Who) -> Share:
    """A teacher's wish to work on it; it stays a wish until the owner says yes."""
    owned = Ownership.objects.get(cluster=cluster)
    found = Share.objects.filter(ownership=owned, user_id=who.user, mode=Share.Mode.WORK).first()
    if found is not None:
        return found
    asked, _is_new = Share.objects.update_or_create(
        ownership=owned, user_id=who.user, defaults={"mode": Share.Mode.WORK, "granted": False}
    )
    return asked


def answer(*, cluster: str, share: object, granted: bool) -> Share | None:
    """The owner's answer to a wish; a no, also one later, ends the share. Raises Missing."""
    found = Share.objects.filter(ownership__cluster=cluster, pk=share).first()
    if found is None:
        raise Missing(_("nobody asks for this any more"))
    door.forget()
    if not granted:
        found.delete()
        return None
    found.granted = True
    found.save(update_fields=["granted"])
    return found
