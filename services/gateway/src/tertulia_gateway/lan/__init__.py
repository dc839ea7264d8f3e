"""HTTPS in the home network: a second listener with TLS, and the page that explains how a device trusts it."""
