"""Checks of Redis and the workers: health for probes and clients, whether writes are accepted, the backlog metrics."""
