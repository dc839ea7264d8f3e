"""`tertulia persona`: lists, shows, creates and deletes personas by the gateway's REST API."""
