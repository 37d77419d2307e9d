"""Numbers that may be percentages: maxSurge, maxUnavailable, minAvailable. Models apimachinery/pkg/util/intstr."""

from __future__ import annotations


def scaled(value: int | str, total: int, *, up: bool) -> int:
    """The number, or the percentage of `total` rounded up or down. Raises ValueError for other text."""
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        raise ValueError(f'invalid value for IntOrString: invalid type: string is not a percentage: "{value}"')
    product = int(value[:-1]) * total
    return -(-product // 100) if up else product // 100


def fenceposts(surge: int | str, unavailable: int | str, desired: int) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) as numbers; not both may become zero, or nothing could ever move."""
    more, fewer = scaled(surge, desired, up=True), scaled(unavailable, desired, up=False)
    return (more, fewer) if more or fewer else (0, 1)
