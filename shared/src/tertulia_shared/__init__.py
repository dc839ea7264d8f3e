"""What two services of Tertulia must agree on, and nothing else.

`keys` names every Redis key, `entries` every stream entry, `events` everything the client is told, `codec` how they
look on the wire, `bus` moves them, `worker` owns and finishes the work, `store` keeps conversations and characters.
"""
