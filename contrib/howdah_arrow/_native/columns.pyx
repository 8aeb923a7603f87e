"""Converting rows to Arrow columns, and Arrow columns to rows."""

include "kinds.pxi"
include "decoding.pxi"
include "encoding.pxi"
