"""Traces and metrics with OpenTelemetry.

import howdah_opentelemetry

howdah_opentelemetry.instrument()
"""

from __future__ import annotations

from howdah_opentelemetry.instrumentation import (
    HowdahInstrumentor,
    Instrumentation,
    instrument,
    uninstrument,
)

__all__ = ["HowdahInstrumentor", "Instrumentation", "instrument", "uninstrument"]
