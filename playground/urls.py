"""Addresses of pages and REST. `/k/...` and `/clusters/{name}/k8s/...` never come here: kubeapi answers them."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", include("playground.api.urls")),
    path("", include("playground.demos.urls")),
    path("api/v1/", include("playground.classroom.api_urls")),
    path("", include("playground.classroom.urls")),
    path("", include("playground.grading.urls")),
    path("", include("playground.lessons.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="api-docs.html"), name="docs"),
]
if find_spec("playground.pages") and find_spec("playground.pages.urls"):
    urlpatterns.append(path("", include("playground.pages.urls")))
