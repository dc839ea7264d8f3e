"""A conversation's history, shortened to the heard text: from the store, or from the streams if the store is down."""
