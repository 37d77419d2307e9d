"""Automatic grading: exercises, their checks, verdicts, and the ways to ask for them."""
