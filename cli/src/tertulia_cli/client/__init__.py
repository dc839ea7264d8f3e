"""A terminal client of the gateway, for `tertulia say`, `talk`, `ask` and `who` (docs/protocol.md)."""
