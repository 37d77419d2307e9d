"""Addresses of classes under /api/v1/."""

from django.urls import path

from . import api

_COURSE = "courses/<slug:course>/"
_THEIRS = f"{_COURSE}clusters/<slug:cluster>/"
_CLUSTER = "clusters/<slug:cluster>/"

urlpatterns = [
    path("me/", api.MeView.as_view(), name="me"),
    path("tokens/", api.TokensView.as_view(), name="tokens"),
    path("tokens/<int:token>/", api.TokenView.as_view(), name="token"),
    path("courses/", api.CoursesView.as_view(), name="api-courses"),
    path(_COURSE, api.CourseView.as_view(), name="api-course"),
    path(f"{_COURSE}code/", api.CodeView.as_view(), name="course-code"),
    path(f"{_COURSE}members/", api.MembersView.as_view(), name="members"),
    path(f"{_COURSE}members/<int:member>/", api.MemberView.as_view(), name="member"),
    path(f"{_COURSE}roster/", api.RosterView.as_view(), name="roster"),
    path(f"{_COURSE}templates/", api.TemplatesView.as_view(), name="templates"),
    path(f"{_COURSE}templates/<int:template>/", api.TemplateView.as_view(), name="template"),
    path(f"{_COURSE}wall/", api.WallView.as_view(), name="wall"),
    path(f"{_COURSE}exercise/", api.ExerciseView.as_view(), name="course-exercise"),
    path(f"{_COURSE}broadcast/", api.BroadcastView.as_view(), name="broadcast"),
    path(f"{_COURSE}timer/", api.TimerView.as_view(), name="timer"),
    path(f"{_COURSE}freeze/", api.FreezeView.as_view(), name="freeze"),
    path(f"{_COURSE}push/", api.PushView.as_view(), name="push"),
    path(f"{_COURSE}collect/", api.CollectView.as_view(), name="collect"),
    path(f"{_THEIRS}hints/", api.CourseHintsView.as_view(), name="course-hints"),
    path(f"{_THEIRS}take-over/", api.TakeOverView.as_view(), name="take-over"),
    path(f"{_CLUSTER}hints/", api.HintsView.as_view(), name="hints"),
    path(f"{_CLUSTER}hints/<int:hint>/seen/", api.HintSeenView.as_view(), name="hint-seen"),
    path(f"{_CLUSTER}shares/", api.SharesView.as_view(), name="shares"),
    path(f"{_CLUSTER}shares/<int:share>/", api.ShareView.as_view(), name="share"),
    path(f"{_CLUSTER}reset/", api.ResetView.as_view(), name="reset"),
]
