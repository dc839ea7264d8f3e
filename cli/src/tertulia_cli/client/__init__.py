"""A terminal client of the gateway, for `tertulia say` and `tertulia talk` (docs/protocol.md)."""
