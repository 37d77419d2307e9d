"""The Django side of the simulated cluster: where its revisions are kept."""

from django.apps import AppConfig


class ClusterCoreConfig(AppConfig):
    name = "cluster_core"
    verbose_name = "Simulated clusters"
    default_auto_field = "django.db.models.BigAutoField"
