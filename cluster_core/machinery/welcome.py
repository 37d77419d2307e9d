"""The pages that web servers come with: shown by those who answer requests, and there as files for those who look inside."""

from __future__ import annotations

_NGINX = """<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>
</body>
</html>
"""
_APACHE = "<html><body><h1>It works!</h1></body></html>\n"
ROOTS = {"nginx": "/usr/share/nginx/html", "nginx-unprivileged": "/usr/share/nginx/html", "httpd": "/usr/local/apache2/htdocs"}
"""Where each server's pages are."""
PAGES = {"nginx": _NGINX, "nginx-unprivileged": _NGINX, "httpd": _APACHE}


def pages(server: str) -> dict[str, str]:
    """The files by path; none for a server that has no pages."""
    return {f"{ROOTS[server]}/index.html": PAGES[server]} if server in ROOTS else {}
