"""REST for automation at /api/v1/: thin views on keyword-only services."""
