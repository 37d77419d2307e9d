"""Addresses of demos: REST under /api/v1/, and their page."""

from django.urls import include, path

from . import pages, views

rest = [
    path("demos/", views.DemosView.as_view(), name="demos"),
    path("demos/schema/", views.SchemaView.as_view(), name="demo-schema"),
    path("demos/<slug:name>/", views.DemoView.as_view(), name="demo"),
    path("demos/<slug:name>/file/", views.DemoFileView.as_view(), name="demo-file"),
    path("demos/<slug:name>/replay/", views.ReplayView.as_view(), name="demo-replay"),
    path("clusters/<slug:cluster>/demo/", views.ClusterDemoView.as_view(), name="cluster-demo"),
    path("clusters/<slug:cluster>/demo/file/", views.RecordingFileView.as_view(), name="cluster-demo-file"),
]

urlpatterns = [path("api/v1/", include(rest)), path("demos/", pages.index, name="demo-pages")]
