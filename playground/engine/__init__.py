"""The Engine port: how everything outside the worker reaches a cluster. `port` says what; adapters: `frames` (sockets)
and, in process, `worker.host.Host` itself."""
