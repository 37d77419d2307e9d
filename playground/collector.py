"""Python's collector of cycles, kept out of the way: our objects are immutable, make few cycles and live long, so that
looking through them all finds nothing and takes as long as a grading."""

from __future__ import annotations

import gc


def spare() -> None:
    """What is there now stays: imported modules, schemas, kinds. Call once, when a process has loaded what it works with."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def sweep() -> None:
    """Let go of a cluster that is not needed any more: its parts know each other. Between jobs rather than within one."""
    gc.collect(1)
