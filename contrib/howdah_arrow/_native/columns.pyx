"""Arrow's columns out of rows, and rows out of Arrow's columns."""

include "kinds.pxi"
include "decoding.pxi"
include "encoding.pxi"
