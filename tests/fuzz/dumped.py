"""Objects to dump: of all classes, in lists, tuples and ranges."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any
from uuid import UUID

from howdah_types.json import Json, Jsonb
from howdah_types.multirange import Multirange
from howdah_types.range import Range

_UTC = dt.timezone.utc
#: Objects of every class; those of a line go into one list.
_SCALARS: tuple[tuple[Any, ...], ...] = (
    (0, -1, 32767, 32768, 2**31, 2**63, -(2**70)),
    (1.5, float("nan"), float("-inf"), 1e300),
    (Decimal("1.50"), Decimal("NaN"), Decimal("-1e-5"), Decimal("1e20"), Decimal("Infinity")),
    ("", "text", 'a "quoted" \\ text', "Größe 🐘", "NULL", "{a,b}", "\x00"),
    (b"", b"\x00\xff", b"\\x"),
    (True, False),
    (None,),
    (dt.date(2020, 2, 29), dt.date.min, dt.date.max),
    (dt.datetime(2020, 2, 29, 12), dt.datetime.max),
    (dt.datetime(2020, 2, 29, 12, tzinfo=_UTC), dt.datetime.min.replace(tzinfo=_UTC)),
    (dt.time(12, 34, 56, 789), dt.time.max),
    (dt.timedelta(1, 2, 3), dt.timedelta.min, dt.timedelta.max),
    (UUID(int=0), UUID(int=2**128 - 1)),
    (ip_address("::1"), ip_address("1.2.3.4")),
    (ip_network("10.0.0.0/8"),),
    (Json({"a": [1, None]}), Json("x")),
    (Jsonb([[[]]]), Jsonb(1.5)),
    (Range(1, 2), Range(empty=True), Range(None, Decimal("1.5")), Range("a", 'b"')),
    (Multirange([Range(1, 2), Range(5)]), Multirange()),
)
_DEPTHS = (0, 0, 1, 1, 2, 3, 6, 7, 12, 30, 120, 2000)


def dumped_object(random: Random) -> Any:
    """Return an object, which may be nested deeper than it can be dumped."""
    line = random.choice(_SCALARS)
    obj = random.choice(line)
    for level in range(min(random.choice(_DEPTHS), random.choice(_DEPTHS))):
        # What is in it twice doubles its size.
        twice = level < 3 and random.random() < 0.5
        way = random.randrange(4)
        if way == 0 and level < 3:
            obj = obj if isinstance(obj, Range) else Range(obj, obj if twice else None)
            continue
        items = [obj] * (1 + twice)
        if random.random() < 0.2:
            items.append(random.choice((None, random.choice(line), random.choice(random.choice(_SCALARS)))))
        obj = items if way == 1 else tuple(items)
    return obj
