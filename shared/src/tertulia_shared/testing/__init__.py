"""In-memory bus and store for tests. The contract suite tests them and the real ones alike.

No service imports this package.
"""
