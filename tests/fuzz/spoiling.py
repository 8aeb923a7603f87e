"""Damaging the messages of a server, and cutting them to pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

#: Pieces of a stream, each with how many bytes the server had been sent before.
Chunks = Sequence[tuple[int, bytes]]
#: A message: how many bytes the server had been sent before, code, body.
Message = tuple[int, int, bytes]

#: What is written over parts of messages.
NUMBERS = (
    0,
    1,
    4,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x3FFFFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)
CODES = b"123ACDEGHIKNRSTVWZcdnstvBXPQ\0\xff"


def messages(chunks: Chunks) -> list[Message]:
    """Take a whole stream apart."""
    found = []
    stream = b"".join(data for _, data in chunks)
    ends = []
    for sent, data in chunks:
        ends.append((sent, len(data) + (ends[-1][1] if ends else 0)))
    position = 0
    while position < len(stream):
        end = position + 1 + int.from_bytes(stream[position + 1 : position + 5], "big")
        sent = next(sent for sent, past in ends if position < past)
        found.append((sent, stream[position], stream[position + 5 : end]))
        position = end
    return found


def framed(code: int, body: bytes, length: int | None = None) -> bytes:
    """Return a message, with a length that need not be true."""
    return bytes([code]) + (len(body) + 4 if length is None else length).to_bytes(4, "big") + body


def noise(random: Random, most: int = 40) -> bytes:
    """Return random bytes."""
    return random.randbytes(random.randrange(most))


def spoil_bytes(random: Random, data: bytes) -> bytes:
    """Change a few bytes of a body or a value."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        place = random.randrange(len(out) + 1)
        kind = random.randrange(7)
        if kind == 0 and out:
            out[place % len(out)] ^= 1 << random.randrange(8)
        elif kind == 1 and out:
            out[place % len(out)] = random.choice((0, 0x20, 0x30, 0x7F, 0x80, 0xFF, random.randrange(256)))
        elif kind == 2:
            size = random.choice((1, 2, 4))
            number = random.choice(NUMBERS) & (1 << 8 * size) - 1
            out[place : place + size] = number.to_bytes(size, "big")
        elif kind == 3:
            del out[place:]
        elif kind == 4:
            out[place:place] = noise(random, 10)
        elif kind == 5:
            del out[place : place + random.randrange(1, 9)]
        else:
            piece = bytes(out[place : place + random.randrange(1, 20)])
            out[place:place] = piece * random.choice((1, 1, 2, 50))
    return bytes(out)


def spoil(random: Random, chunks: Chunks) -> list[tuple[int, bytes]]:
    """Spoil a stream in one to three places; return its pieces, one for each message."""
    stream = messages(chunks)
    pieces = [(sent, framed(code, body)) for sent, code, body in stream]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if pieces:
            place = random.randrange(len(pieces))
            random.choice(_WAYS)(random, pieces, place, stream[min(place, len(stream) - 1)])
    return pieces


def _change(random: Random, pieces: list[tuple[int, bytes]], place: int, old: Message) -> None:
    pieces[place] = (old[0], framed(old[1], spoil_bytes(random, old[2])))


def _break_length(random: Random, pieces: list[tuple[int, bytes]], place: int, old: Message) -> None:
    sent, code, body = old
    size = len(body) + 4
    length = random.choice((*NUMBERS, size - 1, size + 1, size + 4, 3, size * 2)) % (1 << 32)
    pieces[place] = (sent, framed(code, body, length))


def _change_code(random: Random, pieces: list[tuple[int, bytes]], place: int, old: Message) -> None:
    pieces[place] = (old[0], framed(random.choice(CODES), old[2]))


def _repeat(random: Random, pieces: list[tuple[int, bytes]], place: int, old: Message) -> None:
    pieces[place:place] = [pieces[place]] * random.choice((1, 1, 2, 20))


def _drop(random: Random, pieces: list[tuple[int, bytes]], place: int, old: Message) -> None:
    del pieces[place : place + random.choice((1, 1, 2, 5))]


def _move(random: Random, pieces: list[tuple[int, bytes]], place: int, old: Message) -> None:
    pieces.insert(random.randrange(len(pieces)), pieces.pop(place))


def _insert(random: Random, pieces: list[tuple[int, bytes]], place: int, old: Message) -> None:
    body = random.choice((b"", noise(random), old[2]))
    pieces.insert(place, (old[0], framed(random.choice(CODES), body)))


def _insert_noise(random: Random, pieces: list[tuple[int, bytes]], place: int, old: Message) -> None:
    pieces.insert(place, (old[0], noise(random)))


def _end(random: Random, pieces: list[tuple[int, bytes]], place: int, old: Message) -> None:
    data = pieces[place][1]
    pieces[place:] = [(old[0], data[: random.randrange(len(data) + 1)])]


def cut(random: Random, data: bytes) -> Iterator[bytes]:
    """Cut data to pieces, none of them empty: small ones, large ones, or single bytes."""
    most = random.choice((1, 2, 7, 50, 1000, 100_000))
    position = 0
    while position < len(data):
        size = random.randint(1, most)
        yield data[position : position + size]
        position += size


#: Settings that a server reports, and what it may say of them.
_SETTINGS = (
    (
        b"client_encoding",
        (b"UTF8", b"LATIN1", b"GBK", b"SJIS", b"SQL_ASCII", b"EUC_TW", b"zlib", b"\xff", b""),
    ),
    (b"server_version", (b"18.1", b"9.6.24", b"18.1 (Debian)", b" ", b"\xc2\xb2", b"9" * 9000, b"1.2.3.4")),
    (b"TimeZone", (b"UTC", b"Asia/Kolkata", b"<+03>-03", b"../../etc/passwd", b"", b"Europe/", b"\xff")),
    (b"DateStyle", (b"ISO, MDY", b"German, DMY", b"Postgres, DMY", b"", b",", b"\xff")),
    (b"IntervalStyle", (b"postgres", b"iso_8601", b"sql_standard", b"x")),
    (b"integer_datetimes", (b"on", b"off", b"\xff")),
    (b"standard_conforming_strings", (b"on", b"off", b"perhaps")),
    (b"search_path", (b"public", b"\xff", b"a" * 5000)),
    (b"\xff\xfe", (b"1",)),
)
#: Fields of an ErrorResponse or NoticeResponse.
_FIELDS = (
    b"SNOTICE",
    b"VNOTICE",
    b"C01000",
    b"Mhello",
    b"P99",
    b"P" + b"9" * 5000,
    b"q\xff",
    b"\xffx",
    b"C\xff",
)


def unasked(random: Random) -> bytes:
    """Return a message that may come at any time."""
    code = random.choice(b"SSSNAE")
    if code == ord("S"):
        name, values = random.choice(_SETTINGS)
        return framed(code, name + b"\0" + random.choice(values) + b"\0")
    if code == ord("A"):
        return framed(code, b"\0\0\0\1channel\0\xffpayload\0")
    chosen = random.sample(_FIELDS, random.randrange(len(_FIELDS)))
    return framed(code, b"".join([field + b"\0" for field in chosen]) + b"\0")


def _insert_unasked(random: Random, pieces: list[tuple[int, bytes]], place: int, old: Message) -> None:
    pieces.insert(place, (old[0], unasked(random)))


_WAYS: Sequence[Callable[[Random, list[tuple[int, bytes]], int, Message], None]] = (
    *[_change] * 4,
    _break_length,
    _change_code,
    _repeat,
    _drop,
    _move,
    _insert,
    _insert_noise,
    *[_insert_unasked] * 2,
    _end,
)
