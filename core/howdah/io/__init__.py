"""Input and output: sockets, TLS, and the transports that carry bytes for a session."""
