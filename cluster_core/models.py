"""What is persisted of a cluster: its record, its append-only revisions and who owns it.

The current state of a cluster is the newest row per key; `persistence.orm` is the only writer of revisions and leases.
"""

from __future__ import annotations

from django.db import models


class Cluster(models.Model):  # type: ignore[misc]
    """One simulated cluster. `state` is the engine's memory beside the store (clock, agenda, parts), opaque bytes."""

    name = models.CharField(max_length=63, unique=True)
    token = models.CharField(max_length=64, unique=True)
    spec = models.TextField(help_text="How it was made, JSON")
    seed = models.BigIntegerField()
    created = models.FloatField(help_text="Seconds since the Unix epoch, real time")
    settings = models.TextField(default="{}", help_text="Speed and pause of its clock, JSON")
    revision = models.BigIntegerField(default=0)
    compacted = models.BigIntegerField(default=0)
    state = models.BinaryField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return str(self.name)


class Revision(models.Model):  # type: ignore[misc]
    """One change of one key. `value` is None for a deletion; `sub` numbers the keys one transaction changed."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="revisions", db_index=False)
    revision = models.BigIntegerField()
    sub = models.IntegerField(default=0)
    key = models.TextField()
    value = models.BinaryField(null=True)
    create_revision = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)
    lease = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("cluster", "revision", "sub"), name="one_writer_per_revision"),)

    def __str__(self) -> str:
        return f"{self.cluster_id}@{self.revision} {self.key}"

    @property
    def deleted(self) -> bool:
        return self.value is None


class Worker(models.Model):  # type: ignore[misc]
    """A worker process that is alive: it renews this as it renews its leases. Where nobody owns a cluster, one is chosen."""

    name = models.CharField(max_length=255, primary_key=True, help_text="As in ClusterLease.owner")
    address = models.CharField(max_length=255, help_text="Where its engine port is reached")
    expires = models.FloatField(help_text="Seconds since the Unix epoch, real time")

    def __str__(self) -> str:
        return f"{self.name} at {self.address}"


class ClusterLease(models.Model):  # type: ignore[misc]
    """Who may commit to a cluster. Every change of owner raises `epoch`; a commit with an older one is refused."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="lease", primary_key=True)
    owner = models.CharField(max_length=255, help_text="The worker's identity")
    address = models.CharField(max_length=255, default="", help_text="Where its engine port listens")
    epoch = models.BigIntegerField(default=1)
    expires = models.FloatField(help_text="Seconds since the Unix epoch, real time")

    def __str__(self) -> str:
        return f"{self.cluster_id} by {self.owner} epoch {self.epoch}"
