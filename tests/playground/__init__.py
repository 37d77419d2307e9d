"""Tests of `playground`."""
