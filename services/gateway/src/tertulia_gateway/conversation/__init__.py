"""One open conversation of a connection: its events and audio out, the client's words and receipts in."""
