"""Rows validated by pydantic, and models as JSON.

    from howdah_pydantic import model_row

    class Elephant(BaseModel):
        name: str
        weight: PositiveInt

    cur = conn.cursor(row_factory=model_row(Elephant))
    for elephant in cur.execute("SELECT name, weight FROM elephant"): ...

A model that is passed as a parameter is dumped to jsonb. `model_row` converts json and jsonb columns to the
models in the annotations of its fields.

The plugin does not import pydantic; programs that use it do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.adapt import AdaptersMap
from howdah.hookspecs import hookimpl

if TYPE_CHECKING:
    from howdah_pydantic.rows import model_row

__all__ = ["howdah_register_adapters", "model_row"]


@hookimpl(tryfirst=True)  # so that it takes precedence over howdah_types' dumpers to jsonb
def howdah_register_adapters(adapters: AdaptersMap) -> None:
    """Register the dumpers of models."""
    # Without the plugin `types`, jsonb is not supported.
    types = ["jsonb"] if adapters.types.get("jsonb") is not None else []
    adapters.register_lazy(_register, classes=["pydantic.main.BaseModel"], types=types)


def _register(adapters: AdaptersMap) -> None:
    from howdah_pydantic.dumping import register_dumpers

    register_dumpers(adapters)


if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names

    def __getattr__(name: str) -> Any:
        if name == "model_row":
            from howdah_pydantic.rows import model_row

            return model_row
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
