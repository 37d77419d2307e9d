"""Tests of `cluster_core.persistence`."""
