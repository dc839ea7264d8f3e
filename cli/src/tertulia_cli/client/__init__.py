"""A client of the gateway on the terminal: `tertulia say` and `tertulia talk` (docs/protocol.md is the contract)."""
