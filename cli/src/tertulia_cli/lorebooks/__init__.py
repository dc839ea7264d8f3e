"""`tertulia lorebook`: imports and exports lorebooks by the gateway's REST API."""
