"""Which implementation of the hot paths runs: the native core or pure Python."""

IMPLEMENTATION = "python"
