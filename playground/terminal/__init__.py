"""Shells in the browser: sessions on machines, the real kubectl in a sandbox, the websocket."""
