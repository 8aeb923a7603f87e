"""The native functions that this plugin's adapters name."""
