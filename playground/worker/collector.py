"""Python's garbage collector, as a process with many clusters in memory needs it."""

import gc


def spare_the_collector() -> None:
    """Objects here are immutable dicts that make no cycles and live long: looking through them all finds nothing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
