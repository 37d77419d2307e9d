"""Commands about the control plane's components, timings and the state of the whole."""

from __future__ import annotations
