"""Checks Redis and the workers: their health, whether Redis accepts writes, and how much work is waiting."""
