"""The consumer of the outbox stream: applies the writes that wait for the store."""
