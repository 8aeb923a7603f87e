"""Connections, cursors and transactions, and the path of a query to the server and back."""
