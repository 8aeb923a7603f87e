"""The native twins of the kernel's hot paths, and the C interface that native adapters are compiled against."""
