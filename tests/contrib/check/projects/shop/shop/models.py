"""The objects of the shop."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID


@dataclass
class Customer:
    id: int
    email: str
    name: str
    phone: str | None
    born: dt.date | None = None


@dataclass
class Address:
    id: int
    street: str
    city: str
    country: str
    note: str | None = None


@dataclass
class Product:
    id: int
    sku: str
    title: str
    price: Decimal
    tags: list[str]
    code: UUID
    description: str | None = None
    weight: float | None = None
    labels: list[str] = field(init=False, default_factory=list)


@dataclass
class StockedProduct(Product):
    quantity: int = 0


class Line(NamedTuple):
    product_id: int
    quantity: int
    price: Decimal


class Order:
    def __init__(self, id: int, status: str, placed: dt.datetime | None, comment: str | None = None):
        self.id = id
        self.status = status
        self.placed = placed
        self.comment = comment


@dataclass(frozen=True, kw_only=True)
class Review:
    stars: int
    body: str | None
    written: dt.datetime
