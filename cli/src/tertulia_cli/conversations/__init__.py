"""`tertulia conversation`: exports and imports conversations by the gateway's REST API."""
