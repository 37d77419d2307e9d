"""What `make bench` measures: one module per group of figures, each with `figures() -> dict[str, float]`."""
