"""The plugin: what it adds, what it needs, and that it costs nothing when it is not used."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest

import howdah
from howdah_arrow.decoding import CopyDecoder, Decoder
from howdah_arrow.encoding import Encoder
from howdah_arrow.layouts import layout_of


def test_capability() -> None:
    assert howdah.capabilities.has_arrow


def test_disabled(dsn: str) -> None:
    driver = howdah.Driver(disable=["arrow"])
    assert not driver.capabilities.has_arrow
    with driver.connect(dsn) as conn:
        with pytest.raises(howdah.NotSupportedError, match="arrow"):
            conn.cursor().execute_arrow("SELECT 1")


def test_without_copy(dsn: str) -> None:
    with howdah.Driver(disable=["copy"]).connect(dsn) as conn:
        cur: Any = conn.cursor()
        assert cur.execute_arrow("SELECT 1 AS a").fetch_arrow().num_rows == 1
        cur.execute("CREATE TABLE pg_temp.t (a int)")
        with pytest.raises(howdah.NotSupportedError, match="copy"):
            cur.copy_arrow_in("t", pa.table({"a": [1]}))


def run(code: str, *args: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_pyarrow_is_imported_when_it_is_used(dsn: str) -> None:
    code = """
import sys, howdah
with howdah.connect(sys.argv[1]) as conn:
    cur = conn.cursor()
    cur.execute("SELECT 1").fetchall()
    print(sorted(name for name in sys.modules if "arrow" in name))
    print(cur.execute_arrow("SELECT 1 AS a").fetch_arrow().to_pylist(), "pyarrow" in sys.modules)
"""
    assert run(code, dsn).splitlines() == [
        "['howdah_arrow', 'howdah_arrow.cursor']",
        "[{'a': 1}] True",
    ]


@pytest.mark.parametrize("broken", ["None", "type(sys)('pyarrow')"])
def test_without_pyarrow(dsn: str, broken: str) -> None:
    code = f"""
import sys, howdah
sys.modules["pyarrow"] = broken = {broken}
if broken is not None:
    broken.__version__ = "9"
with howdah.connect(sys.argv[1]) as conn:
    cur = conn.cursor()
    cur.execute("SELECT 1")
    calls = [
        lambda: cur.fetch_arrow(),
        lambda: cur.fetch_arrow_batches(),
        lambda: cur.execute_arrow("SELECT 1"),
        lambda: next(cur.stream_arrow("SELECT 1")),
        lambda: cur.copy_arrow_in("t", []),
        lambda: cur.copy_arrow_out("t"),
    ]
    for call in calls:
        try:
            call()
        except howdah.NotSupportedError as e:
            print("howdah[arrow]" in str(e))
    print(cur.execute("SELECT 1").fetchone())
"""
    assert run(code, dsn).splitlines() == ["True"] * 6 + ["(1,)"]


def test_implementation(impl: str) -> None:
    native = "howdah_arrow._native.columns" if impl == "native" else None
    assert Decoder.__module__ == CopyDecoder.__module__ == (native or "howdah_arrow.decoding")
    assert Encoder.__module__ == (native or "howdah_arrow.encoding")


LAYOUTS = [
    layout_of(oid, modifier, howdah.adapters.types) for oid, modifier in ((23, -1), (25, -1), (1007, -1))
]
ROW = b"\0\3" + b"\0\0\0\4\0\0\0\5" + b"\0\0\0\1x" + b"\xff\xff\xff\xff"
ARRAY = b"\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\2\0\0\0\1" + b"\0\0\0\4\0\0\0\5" + b"\xff\xff\xff\xff"


def decoder(*limits: int) -> Any:
    return Decoder.of(["a", "b", "c"], LAYOUTS, *limits)


def test_decoder() -> None:
    decoding = decoder(2)
    for _ in range(3):
        decoding.decode(ROW)
    assert decoding.length == 3
    assert [length for length, _ in decoding.take()] == [2]
    assert decoding.take() == []
    ((length, arrays),) = decoding.take(True)
    assert length == 1 and [array.to_pylist() for array in arrays] == [[5], ["x"], [None]]
    assert decoding.take(True) == []


@pytest.mark.parametrize(
    ("limits", "lengths"),
    [
        ((0, len(ROW)), [1] * 5),
        ((0, 2 * len(ROW)), [2, 2, 1]),
        ((0, 3 * len(ROW) - 1), [2, 2, 1]),
        ((2, 3 * len(ROW)), [2, 2, 1]),
        ((0, 1), [1] * 5),
        ((0, 2**62), [5]),
        ((), [5]),
    ],
)
def test_decoder_with_limits(limits: tuple[int, ...], lengths: list[int]) -> None:
    decoding = decoder(*limits)
    for _ in range(5):
        decoding.decode(ROW)
    assert [length for length, _ in decoding.take(True)] == lengths


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        b"\0\2",
        ROW[:-1],
        ROW[:-4],
        ROW + b"x",
        b"\0\3" + b"\0\0\0\3\0\0\5" + ROW[10:],
        b"\0\3" + b"\xff\xff\xff\xfe" + ROW[10:],
        b"\0\3" + b"\x7f\xff\xff\xff" + ROW[10:],
        ROW[:-4] + b"\0\0\0\3abc",
        *[
            ROW[:-4] + size.to_bytes(4, "big") + ARRAY[:size]
            for size in range(len(ARRAY))
            if size not in (0,)
        ],
        ROW[:-4] + (len(ARRAY) + 1).to_bytes(4, "big") + ARRAY + b"x",
    ],
)
def test_malformed_rows(body: bytes) -> None:
    with pytest.raises(howdah.OperationalError, match="malformed"):
        decoder().decode(body)


def test_copy_data_in_any_pieces() -> None:
    row = ROW[:-4] + len(ARRAY).to_bytes(4, "big") + ARRAY
    data = b"PGCOPY\n\xff\r\n\0" + b"\0\0\0\0" + b"\0\0\0\3ext" + 3 * row + b"\xff\xff"
    for size in (1, 2, 7, 50, len(data)):
        decoding = decoder()
        rows = CopyDecoder(decoding)
        for start in range(0, len(data), size):
            rows.feed(data[start : start + size])
        ((length, arrays),) = decoding.take(True)
        assert length == 3
        assert [array.to_pylist() for array in arrays] == [[5] * 3, ["x"] * 3, [[5, None]] * 3]


def test_encoder_gives_blocks() -> None:
    encoding = Encoder(["a"], LAYOUTS[:1])
    blocks = []
    for _ in range(2):
        encoding.begin([pa.array(range(1000), pa.int32())], 1000)
        while block := encoding.encode(100):
            blocks.append(block)
    assert all(100 <= len(block) < 120 for block in blocks[:-1])
    rows = [b"\0\1\0\0\0\4" + i.to_bytes(4, "big") for i in range(1000)]
    assert b"".join(blocks) == b"".join(rows) * 2
