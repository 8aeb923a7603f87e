"""Drivers: finding plugins, asking them, and assembling classes."""
