"""Long lists page by page: the body stays a list, headers tell of the rest."""

from __future__ import annotations

from urllib.parse import urlencode

from rest_framework.request import Request


def headers(request: Request, *, total: int, limit: int, offset: int) -> dict[str, str]:
    """Link (RFC 8288) to the next page, where there is one, and how many there are."""
    found = {"X-Total-Count": str(total)}
    if offset + limit < total:
        more = {**request.query_params.dict(), "limit": limit, "offset": offset + limit}
        found["Link"] = f'<{request.build_absolute_uri(request.path)}?{urlencode(more)}>; rel="next"'
    return found
