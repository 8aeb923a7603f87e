"""JSON, and text that is almost JSON."""

from __future__ import annotations

import json

from hypothesis import strategies as st

KEYS = st.sampled_from(["id", "label", "", "a" * 32, "a" * 33, "é", '"'])

DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.text(st.characters(exclude_categories=[]), max_size=10)
    | st.text('abcdefghij \\"\n\x7f\x80', max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=4),
    max_leaves=12,
)

#: What to put together, most of it without white space.
PIECES = [
    *r"""{ } [ ] : , " "a" "a": "é" "eightandé" true false null tru falsey nul True NaN Infinity -Infinity
    "\\" "\/\b\f\n\r\t" "\u00e9" "\u0000" "\ud83d\ude00" "\ude00\ud83d" "\ud83d\u0041" "\ud83d\ud83d\ude00"
    "\ud83d\uzzzz" "\ud83d "\u12 "\u12" "\u12G4" "\u+123" "\x" "\ eightandmore "eightandmore" "eightand // 'a'
    "eight\nandmore" 0 -0 00 01 -01 -1 - + 1. 1.5 .5 1e5 1E+5 1e-400 1e400 1e 1e+ -1.5e1 0x1 1_0
    123456789012345678 1234567890123456789 9223372036854775808 -123456789012345678 -1234567890123456789
    0.1000000000000000055511151231257827021181583404541015625000000000000""".split(),  # noqa: SIM905
    *[" ", "\t\n\r ", "\f", "\0", '"\t"', '"\x1f"', '"\x7f"', '"eightan\x1f"', "\ufeff"],
    *["9" * 70, "9" * 5000, "[" * 200 + "]" * 200],
]

jsons = (
    st.builds(
        lambda value, ascii, indent: json.dumps(value, ensure_ascii=ascii, indent=indent),
        DOCUMENTS,
        st.booleans(),
        st.sampled_from([None, 1, "\t"]),
    )
    | st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
    | st.sampled_from(['{"a":1,"b":2,"a":3}', "[1,]", "[,1]", '{"a":1,}', "{,}", "1 2", '{"a" 1}', "{1:1}"])
).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.sampled_from(
    [
        b"\xff",
        b'"\xff"',
        b'"\xc3"',
        b'{"\xed\xa0\x80": 1}',
        b'"\xed\xa0\x80\\udc00"',
        b'"\\ud83d\xed\xb8\x80"',
    ]
)
