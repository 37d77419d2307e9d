"""SPDY/3.1, as far as Kubernetes still speaks it: streams that begin with headers and carry bytes both ways."""
