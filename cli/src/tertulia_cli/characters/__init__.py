"""`tertulia character`: imports and exports character cards by the gateway's REST API."""
