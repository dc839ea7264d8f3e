"""The code that several services of Tertulia share: keys, entries, events, bus, worker, store.

`keys` names every Redis key, `entries` every stream entry, `events` every event for the client, `codec` their encoding.
`bus` moves them, `worker` claims and finishes work, `store` keeps conversations and characters.
"""
