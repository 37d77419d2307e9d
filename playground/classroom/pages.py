"""The pages of courses and of one's own clusters: forms without script, each with an `action`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from playground.api import practice
from playground.engine.port import EngineError

from . import access, accounts, codes, owning, roster, selectors, serializers, services, sharing, teaching
from .access import Action
from .models import Course, Membership, Template

T = TypeVar("T")
Act = Callable[[HttpRequest, Course], dict[str, Any] | None]


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What all pages here have in common. In local mode there are none of them."""
    for decorate in (login_required, csrf_protect, never_cache, require_http_methods(["GET", "HEAD", "POST"])):
        view = decorate(view)

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if access.local():
            raise Http404("in local mode there are no courses")
        return view(request, *args, **kwargs)

    return shown


# ---------------------------------------------------------------------------------------------------- my clusters


@page
def mine(request: HttpRequest) -> HttpResponse:
    """One's clusters, with whom they are shared, what is asked and hinted; POST does something to one."""
    if request.method == "POST":
        _do(request, lambda: _chosen(request, _OWN)(request))
        return redirect("mine")
    who = request.who
    courses = Course.objects.filter(memberships__user=who.user).prefetch_related("templates")
    context = {"owned": selectors.own(who), "courses": courses, "shared": selectors.shared_with(who)}
    return render(request, "classroom/mine.html", context)


def _do(request: HttpRequest, act: Callable[[], T]) -> tuple[bool, T | None]:
    """(whether it was done, what it gives). What goes wrong is said on the page."""
    try:
        return True, act()
    except (EngineError, services.Refused, roster.RosterError) as error:
        messages.error(request, str(error))
    return False, None


def _incomplete() -> services.Refused:
    return services.Refused(_("The form was not complete, or a number in it is none."))


def _text(request: HttpRequest, name: str) -> str:
    """A field of the form. Raises services.Refused when it is not there."""
    if name not in request.POST:
        raise _incomplete()
    return str(request.POST[name])


def _number(request: HttpRequest, name: str, default: int | None = None) -> int:
    """The same as a number; `default` when it was left empty."""
    given = _text(request, name).strip() if default is None else request.POST.get(name, "").strip()
    if not given and default is not None:
        return default
    if not given.isascii() or not given.removeprefix("-").isdecimal() or len(given) > 18:
        raise _incomplete()
    return int(given)


def _chosen(request: HttpRequest, acts: Mapping[str, T]) -> T:
    """What the form's action stands for."""
    found = acts.get(request.POST.get("action", ""))
    if found is None:
        raise _incomplete()
    return found


def _checked(serializer: Any, **fields: Any) -> dict[str, Any]:
    """What was filled in, by the rules that hold for REST. Raises services.Refused with the first problem."""
    given = serializer(data=fields, partial=True)
    if given.is_valid():
        return {name: given.validated_data[name] for name in fields}
    name, problem = next(iter(given.errors.items()))
    while not isinstance(problem, str):
        problem = next(iter(problem.values() if isinstance(problem, dict) else problem))
    raise services.Refused(f"{name}: {problem}")


def _make(request: HttpRequest) -> None:
    course, _, template = _text(request, "from").partition("/")
    wanted = {"name": _text(request, "name").strip().lower(), "nodes": _number(request, "nodes", 3)}
    owning.make(who=request.who, wanted=wanted | {"course": course, "template": template})


def _own(request: HttpRequest, action: Action = Action.OWN) -> str:
    """The cluster the form names, if it is theirs. Raises EngineError."""
    name = _text(request, "cluster")
    decision = access.may(request.who, action, name)
    if not decision:
        raise EngineError(decision.reason, decision.status)
    return name


def _share(request: HttpRequest) -> None:
    sharing.share(cluster=_own(request, Action.SHARE), username=_text(request, "username").strip(), mode=_text(request, "mode"))


def _answer(request: HttpRequest) -> None:
    cluster, share = _own(request, Action.SHARE), _number(request, "share")
    teaching.answer_take_over(cluster=cluster, share=share, granted="yes" in request.POST)


_OWN: dict[str, Callable[[HttpRequest], Any]] = {
    "make": _make,
    "delete": lambda request: owning.delete(cluster=_own(request)),
    "reset": lambda request: practice.reset(cluster=_own(request)),
    "share": _share,
    "answer": _answer,
    "seen": lambda request: teaching.seen(cluster=_own(request, Action.SHARE), hint=_number(request, "hint")),
}


# ---------------------------------------------------------------------------------------------------- courses


@page
def courses(request: HttpRequest) -> HttpResponse:
    """The courses one is in; who may, makes one."""
    allowed = request.user.has_perm("classroom.add_course")
    if request.method == "POST" and not allowed:
        raise PermissionDenied
    if request.method == "POST":
        _, made = _do(request, lambda: services.create_course(who=request.who, **_checked(serializers.CourseWanted, name=_text(request, "name"))))
        return redirect("course", made.slug) if made else redirect("courses")
    found = Membership.objects.filter(user=request.user).select_related("course")
    return render(request, "classroom/courses.html", {"memberships": found, "allowed": allowed})


@page
def course(request: HttpRequest, course: str) -> HttpResponse:
    """One course: for its teachers with roster, code, templates and limits. POST changes it."""
    found = get_object_or_404(Course, slug=course)
    shown: dict[str, Any] = {}
    if request.method == "POST":
        done, told = _do(request, lambda: _chosen(request, _COURSE)(request, found))
        shown = told or {} if done else {"typed": request.POST}
        if not shown:
            return redirect("course", found.slug)
    manages = bool(access.may_in(request.who, Action.MANAGE, found.slug))
    teaches = bool(access.may_in(request.who, Action.TEACH, found.slug))
    members = selectors.roster(found) if teaches else []
    context = {"course": found, "manages": manages, "teaches": teaches, "members": members, **shown}
    context |= {"code": codes.shown(found.join_code), "join_url": _join_url(request, found), "roles": Membership.Role}
    return render(request, "classroom/course.html", context, status=400 if "typed" in shown else 200)


@page
def wall(request: HttpRequest, course: str) -> HttpResponse:
    """All students' clusters live, and what is done with the whole class. A shell: what it shows comes by websocket."""
    own = [each.cluster for each in selectors.own(request.who)]
    return render(request, "classroom/wall.html", {"course": get_object_or_404(Course, slug=course), "own": own})


def _join_url(request: HttpRequest, course: Course) -> str:
    return request.build_absolute_uri(f"/login/?code={codes.shown(course.join_code)}")


def _member(request: HttpRequest, course: Course) -> Membership:
    return get_object_or_404(Membership, course=course, pk=_number(request, "member"))


def _import(request: HttpRequest, course: Course) -> dict[str, Any]:
    file = request.FILES.get("file")
    text = roster.decoded(file.read(roster.MOST_BYTES + 1)) if file else _text(request, "text")
    return {"new_accounts": services.import_roster(course=course, entries=roster.parse(text))}


def _return_code(request: HttpRequest, course: Course) -> dict[str, Any]:
    """For a student without a password who has lost theirs."""
    member = _member(request, course)
    if member.role != Membership.Role.STUDENT or member.user.has_usable_password():
        raise services.Refused(_("Only students without a password have personal codes."))
    code = accounts.new_return_code(user=member.user)
    return {"new_accounts": [{"name": accounts.display_name(member.user), "username": member.user.username, "return_code": code}]}


def _limits(request: HttpRequest, course: Course) -> None:
    wanted = {name: _text(request, name) for name in ("most_clusters", "most_nodes", "most_pods", "top_speed")}
    services.change_course(course=course, changes=_checked(serializers.CourseShown, **wanted))


def _template(request: HttpRequest, course: Course) -> None:
    spec = {"nodes": _number(request, "nodes", 3), "acceptAnyImage": "acceptAnyImage" in request.POST}
    wanted = {"name": _text(request, "name"), "spec": spec, "manifests": _text(request, "manifests")}
    services.save_template(course=course, **_checked(serializers.TemplateShown, **wanted))


def _hours(request: HttpRequest) -> float | None:
    hours: float | None = _checked(serializers.CodeWanted, hours=request.POST.get("hours") or None)["hours"]
    return hours


def _role(request: HttpRequest) -> str:
    if _text(request, "role") not in Membership.Role.values:
        raise _incomplete()
    return _text(request, "role")


_COURSE: dict[str, Act] = {
    "rotate": lambda request, course: {} if accounts.new_join_code(course=course, hours=_hours(request)) else None,
    "close": lambda request, course: services.close_joining(course=course),
    "import": _import,
    "return-code": _return_code,
    "role": lambda request, course: services.set_role(membership=_member(request, course), role=_role(request)),
    "remove": lambda request, course: services.remove_member(membership=_member(request, course)),
    "limits": _limits,
    "template": _template,
    "drop-template": lambda request, course: _drop_template(request, course),
}


def _drop_template(request: HttpRequest, course: Course) -> None:
    Template.objects.filter(course=course, pk=_number(request, "template")).delete()
