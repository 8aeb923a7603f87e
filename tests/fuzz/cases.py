"""The cases: each is made from the corpus by its own random numbers, and has an outcome to be compared.

An outcome tells what came out, or the class of howdah's error. Any other exception is a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timezone
from functools import cache
from random import Random
from struct import pack
from typing import Any

import howdah
from howdah.adapt import AdaptersMap
from howdah.adapt.encodings import python_encoding, text_codec
from howdah.adapt.transformer import Transformer
from howdah.protocol.credentials import Credentials
from howdah.protocol.framing import MessageReader
from howdah.protocol.messages import FieldDescription
from howdah.protocol.startup import StartupOptions, startup
from howdah_copy.codec import make_decoder
from tests.fuzz.composing import Value, any_value, composed, json_value, tsquery_value
from tests.fuzz.dumped import dumped_object
from tests.fuzz.playing import play
from tests.fuzz.recording import Corpus, Recording
from tests.fuzz.spoiling import cut, noise, spoil, spoil_bytes, unasked


class Finding(Exception):
    """What should not be."""


def outcome(corpus: Corpus, seed: int, number: int) -> str:
    """Do a case.

    Args:
        corpus: What it is made of.
        seed: The seed of all cases.
        number: The case's number.

    Returns:
        What is the same in both implementations.

    Raises:
        Finding: A stream that was cut had another outcome than the whole one.
        Exception: What is no error of howdah's.
    """
    random = Random(f"{seed}/{number}")
    case = random.choice(CASES)
    return f"{case.__name__}: {case(random, corpus)}"


def _played(recording: Recording, chunks: Any, random: Random | None, leftover: bytes = b"") -> str:
    try:
        return repr(play(recording, chunks, random, leftover))
    except howdah.Error as error:
        return type(error).__name__


def cut_conversation(random: Random, corpus: Corpus) -> str:
    recording = random.choice(corpus.recordings)
    found = _played(recording, recording.chunks, random)
    if found != recording.outcome:
        raise Finding(f"{recording.name}: from the server {recording.outcome}\n in pieces {found}")
    return recording.name


def spoilt_conversation(random: Random, corpus: Corpus) -> str:
    recording = random.choice(corpus.recordings)
    chunks = spoil(random, recording.chunks)
    return f"{recording.name} {_played(recording, chunks, random)}"


def spoilt_startup(random: Random, corpus: Corpus) -> str:
    data = random.choice(corpus.startups)
    if random.random() < 0.8:
        data = spoil_bytes(random, data) if random.random() < 0.5 else _joined(spoil(random, [(0, data)]))
    credentials = Credentials(user="me", password="secret")
    machine = startup(StartupOptions({"user": "me"}, credentials))
    reader = MessageReader()
    try:
        next(machine)
        for piece in cut(random, data):
            reader.feed(piece)
            while (received := reader.message()) is not None:
                machine.send(received)
    except StopIteration as stop:
        return repr((stop.value.parameters, stop.value.pid, reader.leftover()))
    except howdah.Error as error:
        return type(error).__name__
    return "unfinished"


def glued_messages(random: Random, corpus: Corpus) -> str:
    """Messages that nobody asked for, in one piece with the first ReadyForQuery."""
    recording = next(recording for recording in corpus.recordings if recording.name == "queries")
    leftover = b"".join([unasked(random) for _ in range(random.randint(1, 4))])
    if random.random() < 0.4:
        leftover = spoil_bytes(random, leftover)
    return _played(recording, recording.chunks, None, leftover)


def spoilt_values(random: Random, corpus: Corpus) -> str:
    chosen = [random.choice(corpus.values) for _ in range(random.randint(1, 3))]
    return _decoded(random, [_spoilt(random, value, 0.75) for value in chosen], "utf8")


def composed_values(random: Random, corpus: Corpus) -> str:
    return _decoded(random, [_spoilt(random, _composed(random, corpus), 0.5)], "utf8")


def encoded_values(random: Random, corpus: Corpus) -> str:
    """Values in other encodings."""
    values = [random.choice(corpus.values), _composed(random, corpus), (25, 0, noise(random))]
    return _decoded(random, [_spoilt(random, value, 0.5) for value in values], random.choice(_ENCODINGS))


def dumped_values(random: Random, corpus: Corpus) -> str:
    """Parameters of all classes, and what is made of them."""
    try:
        encoded = _transformer("utf8").encoder.encode([dumped_object(random)])
    except howdah.Error as error:
        return type(error).__name__
    return repr((encoded.oids, encoded.formats, [bytes(value or b"NULL") for value in encoded.values]))


def spoilt_copy(random: Random, corpus: Corpus) -> str:
    format = random.randrange(2)
    values = [_composed(random, corpus) for _ in range(3)]
    fields = [value for value in values if value[1] == format and len(value[2]) < 5000]
    transformer = _transformer("utf8")
    loaders = [transformer.loader(oid, format) for oid, _, _ in fields]
    rows = [[_spoilt(random, field, 0.1)[2] for field in fields] for _ in range(random.randint(0, 4))]
    data = _copied(rows, format)
    if random.random() < 0.7:
        data = spoil_bytes(random, data)
    found = _rows(transformer, loaders, format, [data])
    pieces = _rows(transformer, loaders, format, cut(random, data))
    if pieces != found:
        raise Finding(f"COPY data {data!r}: in one piece {found}\n in many {pieces}")
    return f"{format} {found}"


def _copied(rows: Sequence[Sequence[bytes]], format: int) -> bytes:
    """Return rows as COPY data."""
    if not format:
        return b"".join([b"\t".join(map(_escaped, row)) + b"\n" for row in rows])
    data = b"PGCOPY\n\xff\r\n\0" + pack("!II", 0, 0)
    for row in rows:
        data += pack("!h", len(row)) + b"".join([pack("!i", len(value)) + value for value in row])
    return data + b"\xff\xff"


def _escaped(value: bytes) -> bytes:
    return value.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\t", b"\\t")


def _rows(transformer: Transformer, loaders: Sequence[Any], format: int, pieces: Any) -> str:
    found: list[Any] = []
    decoder = make_decoder(transformer, format, len(loaders))
    decoder.set_loaders(loaders)
    try:
        for piece in pieces:
            decoder.feed(piece)
            found += decoder
        decoder.close()
    except howdah.Error as error:
        found.append(type(error).__name__)
    return repr(found)


def _composed(random: Random, corpus: Corpus) -> Value:
    way = random.random()
    if way < 0.6:
        return composed(random, corpus.values, _transformer("utf8").adapters)
    if way < 0.8:
        return json_value(random)
    if way < 0.9:
        return tsquery_value(random)
    return any_value(random, corpus.values, _transformer("utf8").adapters)


def _spoilt(random: Random, value: Value, probability: float) -> Value:
    if random.random() > probability:
        return value
    oid, format, data = value
    return oid, format, random.choice((spoil_bytes(random, data), spoil_bytes(random, data), noise(random)))


def _decoded(random: Random, values: Sequence[Value], encoding: str) -> str:
    """Decode a row, as it comes from a server."""
    fields = [FieldDescription("", 0, 0, oid, -1, -1, format) for oid, format, _ in values]
    body = pack("!H", len(values)) + b"".join([pack("!i", len(data)) + data for _, _, data in values])
    if random.random() < 0.1:
        body = spoil_bytes(random, body)
    told = f"{[(oid, format) for oid, format, _ in values]} {encoding} {body[:200]!r}"
    try:
        return f"{told} {_transformer(encoding).decoder(fields).decode(body)!r}"
    except howdah.Error as error:
        return f"{told} {type(error).__name__} {error}"


def _joined(pieces: Any) -> bytes:
    return b"".join(data for _, data in pieces)


#: Client encodings, as a server may tell them.
_ENCODINGS = ("SQL_ASCII", "LATIN1", "GBK", "SJIS", "EUC_JP", "BIG5", "JOHAB", "WIN1252", "GB18030")


class _Connection:
    """What adapters may know of a connection: its settings."""

    def __init__(self, adapters: AdaptersMap, encoding: str) -> None:
        self.adapters = adapters
        self.connection = self
        self.kernel = self
        self.info = self
        self.encoding, self.codec = python_encoding(encoding), text_codec(encoding)
        self.timezone = timezone.utc

    def parameter_status(self, name: str) -> None:
        return None

    def request_type_lookup(self) -> None:
        pass


@cache
def _transformer(encoding: str) -> Transformer:
    adapters = howdah.default_driver().adapters
    context = None if encoding == "utf8" else _Connection(adapters, encoding)
    transformer = Transformer(context, adapters)
    # Otherwise the other implementation would be fuzzed.
    packages = ("howdah.native.", "howdah_copy._native.")
    for made in (transformer.decoder([]), transformer.encoder, make_decoder(transformer, 0, 0)):
        is_native = type(made).__module__.startswith(packages)
        if encoding == "utf8" and is_native != (howdah.__impl__ == "native"):
            raise Finding(f"{type(made)} is not of the {howdah.__impl__} implementation")
    return transformer


CASES = (
    cut_conversation,
    *[spoilt_conversation] * 3,
    glued_messages,
    *[spoilt_startup] * 2,
    *[spoilt_values] * 20,
    *[composed_values] * 20,
    *[encoded_values] * 4,
    *[dumped_values] * 8,
    *[spoilt_copy] * 8,
)
