"""The bus and the store in memory, for tests; the contract suite holds them to the real ones.

No service imports them.
"""
