"""money.

The text format has the currency sign, the separators and the number of decimals of the
server's `lc_monetary`. The binary format is an integer without the number of decimals.
So by default money is loaded as `str`, in text format. A program that knows the number of
decimals can get `Decimal` with `register_decimal_money`.

Source: PostgreSQL documentation, "Monetary Types"; for the binary format
PostgreSQL's src/backend/utils/adt/cash.c.
"""

from __future__ import annotations

import re
import struct
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import ClassVar

from howdah.adapt import AdaptContext, AdaptersMap
from howdah.errors import DataError, NotSupportedError
from howdah.pq import Format
from howdah_types.base import TypeDumper, TypeLoader, adapters_of, type_of
from howdah_types.textual import register_text_type

__all__ = [
    "MoneyBinaryLoader",
    "MoneyDecimalBinaryDumper",
    "MoneyDecimalBinaryLoader",
    "MoneyDecimalLoader",
    "register_adapters",
    "register_decimal_money",
]

_INT8 = struct.Struct("!q")
_EXACTLY = Context(prec=40, traps=[Inexact, InvalidOperation])


class MoneyBinaryLoader(TypeLoader):
    """money as binary, which cannot be loaded, because `lc_monetary` is unknown."""

    format = Format.BINARY
    prefer_binary = False
    lossless = False

    def value(self, data: bytes) -> str:
        raise NotSupportedError(
            f"money in binary format, here {_INT8.unpack(data)[0]}, does not tell how many decimals it has:"
            " ask for text, prepare the query (prepare=True), cast it to numeric, or tell the number with"
            " howdah_types.money.register_decimal_money()"
        )


class _Decimals:
    """A mixin for the adapters between money and `Decimal`."""

    #: The number of decimals according to the server's `lc_monetary`.
    decimals: ClassVar[int] = 2


class MoneyDecimalLoader(_Decimals, TypeLoader):
    """money as text to `Decimal`."""

    native = "howdah_types._native.scalars:MONEY"

    def value(self, data: bytes) -> Decimal:
        text = data.decode(errors="replace")
        match = re.fullmatch(r"[^\d]*(\d.*\d|\d)[^\d]*", text)
        if match is None:
            raise ValueError
        number = match[1]
        *_, last = re.split(r"\D", number)
        digits = re.sub(r"\D", "", number)
        # The decimals follow the last separator, unless that separates thousands.
        decimals = len(last) if last != number else 0
        if self.decimals != decimals and (self.decimals or decimals != 3):
            raise DataError(f"the money has not {self.decimals} decimals")
        negative = "-" in text or "(" in text
        return Decimal(f"{'-' if negative else ''}{digits}E-{self.decimals}")


class MoneyDecimalBinaryLoader(_Decimals, TypeLoader):
    """money as binary to `Decimal`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:MONEY"

    def value(self, data: bytes) -> Decimal:
        return Decimal(f"{_INT8.unpack(data)[0]}E-{self.decimals}")


class MoneyDecimalBinaryDumper(_Decimals, TypeDumper):
    """`Decimal` to money, as binary, for COPY. Parameters are sent as numeric, which the server casts."""

    format = Format.BINARY
    oid = 790

    def text(self, obj: Decimal | int) -> bytes:
        raise NotSupportedError("how money is written as text, only the server's lc_monetary can tell")

    def dump(self, obj: Decimal | int) -> bytes:
        try:
            units = Decimal(obj).scaleb(self.decimals, _EXACTLY)
            return _INT8.pack(int(units.to_integral_exact(context=_EXACTLY)))
        except (ArithmeticError, ValueError, TypeError, struct.error):
            raise DataError(f"{type_of(obj)} is no money with {self.decimals} decimals") from None


def register_decimal_money(decimals: int = 2, context: AdaptContext | None = None) -> None:
    """Load money as `Decimal`.

    Args:
        decimals: the number of decimals according to the server's `lc_monetary`: 2 in
            most locales, 0 in that of Japan.
        context: the connection or cursor to register it on; None for all connections that
            the default driver opens from now on.
    """
    adapters = adapters_of(context)
    for adapter in (MoneyDecimalLoader, MoneyDecimalBinaryLoader):
        namespace = {"decimals": decimals, "native": adapter.native}
        adapters.register_loader("money", type(adapter.__name__, (adapter,), namespace))
    dumper = MoneyDecimalBinaryDumper
    adapters.register_dumper(None, type(dumper.__name__, (dumper,), {"decimals": decimals}))


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    register_text_type("money", adapters, MoneyBinaryLoader)
