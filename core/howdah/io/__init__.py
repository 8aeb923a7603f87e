"""Sockets: they carry bytes for a session."""
