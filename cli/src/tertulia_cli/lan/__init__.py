"""HTTPS in the home network: the certificate, the addresses to open, and their QR codes."""
