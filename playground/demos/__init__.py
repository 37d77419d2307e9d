"""Demos: recorded sessions that replay exactly, can be paused, branched off and shared as one file."""
