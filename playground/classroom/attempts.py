"""How often somebody may be wrong: failures are counted per address and per account, successes are free.

A whole class sits behind one address, so an address may fail more often than an account.
"""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest

SECONDS = 300
PER_ACCOUNT, PER_ADDRESS = 8, 60


def _counters(request: HttpRequest, kind: str, account: str) -> dict[str, int]:
    """Key -> how many failures it may have."""
    counters = {f"attempts:{kind}:address:{request.META.get('REMOTE_ADDR', '')}": PER_ADDRESS}
    if account:
        counters[f"attempts:{kind}:account:{account.lower().encode().hex()}"[:240]] = PER_ACCOUNT
    return counters


def too_many(request: HttpRequest, *, kind: str, account: str = "") -> bool:
    """Whether they have to wait. An account that is not there counts like any other: nothing is learned."""
    return any(cache.get(key, 0) >= most for key, most in _counters(request, kind, account).items())


def failed(request: HttpRequest, *, kind: str, account: str = "") -> None:
    for key in _counters(request, kind, account):
        cache.add(key, 0, SECONDS)
        cache.incr(key)
