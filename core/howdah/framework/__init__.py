"""Drivers: finding plugins, calling their hooks, and assembling classes."""
