"""In-memory bus and store for tests. The contract suite runs the same tests on them and on the real bus and stores.

No service imports this package.
"""
