"""Addresses of grading: REST under /api/v1/, and the pages of exercises."""

from django.urls import include, path, re_path

from . import pages, views

rest = [
    path("exercises/", views.ExercisesView.as_view(), name="exercises"),
    path("exercises/schema/", views.SchemaView.as_view(), name="exercise-schema"),
    path("exercises/<slug:slug>/", views.ExerciseView.as_view(), name="exercise"),
    path("exercises/<slug:slug>/submissions/", views.SubmissionsView.as_view(), name="submissions"),
    path("exercises/<slug:slug>/submissions/bulk/", views.BulkView.as_view(), name="submissions-bulk"),
    path("submissions/<uuid:pk>/", views.SubmissionView.as_view(), name="submission"),
    path("submissions/<uuid:pk>/regrade/", views.RegradeView.as_view(), name="submission-regrade"),
    path("submissions/<uuid:pk>/moment/", views.MomentView.as_view(), name="submission-moment"),
    path("submissions/<uuid:pk>/token/", views.TokenView.as_view(), name="submission-token"),
    re_path(
        r"^submissions/(?P<pk>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(?P<form>junit\.xml|report\.md)$",
        views.ReportView.as_view(),
        name="submission-report",
    ),
    path("gradebook/", views.GradebookView.as_view(), name="gradebook"),
    path("jwks/", views.KeysView.as_view(), name="jwks"),
]

urlpatterns = [
    path("api/v1/", include(rest)),
    path("exercises/", pages.index, name="exercise-pages"),
    path("exercises/<slug:slug>/", pages.exercise, name="exercise-page"),
    path("exercises/<slug:slug>/submissions/<uuid:pk>/", pages.result, name="exercise-result"),
    path("submissions/<uuid:pk>/moment/", views.MomentPage.as_view(), name="moment"),
]
