"""The native twins of the kernel's hot paths, and the C interface for native adapters."""
