"""Clusters that are not there, or not any more."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_what_is_gone_cannot_be_reset() -> None:
    answer = Client(HTTP_HOST="localhost").post("/api/v1/clusters/gone/reset/")
    assert (answer.status_code, answer.json()["message"]) == (404, 'cluster "gone" not found')
