"""Native adaptation: the buffer, native adapters, and the loops that decode rows and encode parameters."""

include "buffer.pxi"
include "nesting.pxi"
include "loading.pxi"
include "dumping.pxi"
include "text.pxi"
include "rows.pxi"
include "parameters.pxi"
