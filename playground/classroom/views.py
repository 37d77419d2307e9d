"""The pages of accounts: log in, join, come back, log out."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from . import access, accounts

NEW_CODE = "new-return-code"
"""In the session until it has been shown."""


@sensitive_post_parameters("password", "return_code")
@csrf_protect
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """Three forms on one page; POST how=account|join|return says which."""
    if access.local():
        return redirect("dashboard")
    context = {"next": request.GET.get("next", ""), "code": request.GET.get("code", "")}
    if request.method != "POST":
        return render(request, "classroom/login.html", context)
    how = request.POST.get("how", "")
    try:
        return redirect(_WAYS.get(how, _by_account)(request))
    except accounts.NotAdmitted as error:
        context |= {"problem": _(str(error)), "how": how, "typed": request.POST}
        return render(request, "classroom/login.html", context, status=429 if error.wait else 400)


def _by_account(request: HttpRequest) -> str:
    username, password = request.POST.get("username", ""), request.POST.get("password", "")
    accounts.log_in(request=request, username=username, password=password)
    return _next(request)


def _by_join_code(request: HttpRequest) -> str:
    course, secret = accounts.join(
        request=request, code=request.POST.get("code", ""), name=request.POST.get("name", "")
    )
    if not secret:
        return reverse("course", args=[course.slug])
    request.session[NEW_CODE] = secret
    return reverse("welcome")


def _by_return_code(request: HttpRequest) -> str:
    accounts.come_back(request=request, code=request.POST.get("return_code", ""))
    return _next(request)


_WAYS: dict[str, Callable[[HttpRequest], str]] = {
    "account": _by_account,
    "join": _by_join_code,
    "return": _by_return_code,
}


def _next(request: HttpRequest) -> str:
    """Where they wanted to go, if that is here."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and ours else reverse("mine")


@require_safe
@never_cache
def welcome(request: HttpRequest) -> HttpResponse:
    """Shows the new return code, once."""
    code = request.session.pop(NEW_CODE, "")
    return render(request, "classroom/welcome.html", {"code": code})


@require_POST
@csrf_protect
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")
