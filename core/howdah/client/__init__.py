"""Connections, cursors and transactions, and the way of a query to the server and back."""
