"""A conversation's history: from the store, from the streams while the store is away, shortened to what was heard."""
