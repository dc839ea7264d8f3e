"""A conversation's history: from the store, from the streams while the store is away, cut to what was heard."""
