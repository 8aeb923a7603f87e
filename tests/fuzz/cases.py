"""The cases: each is made from the corpus by its own random numbers, and has an outcome to be compared.

An outcome tells what came out, or the class of howdah's error. Any other exception is a finding.
"""

from __future__ import annotations

from functools import cache
from random import Random
from struct import pack
from typing import Any

import howdah
from howdah.adapt.copyrows import CopyDecoder
from howdah.adapt.rowdecoder import RowDecoder
from howdah.adapt.transformer import Transformer
from howdah.protocol.credentials import Credentials
from howdah.protocol.startup import MessageReader, StartupOptions, startup
from tests.fuzz.conversations import TYPES
from tests.fuzz.playing import play
from tests.fuzz.recording import Corpus, Recording
from tests.fuzz.spoiling import cut, messages, noise, spoil, spoil_bytes


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


def _played(recording: Recording, chunks: Any, random: Random | None) -> str:
    try:
        return repr(play(recording, chunks, random))
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


def spoilt_values(random: Random, corpus: Corpus) -> str:
    chosen = [random.choice(corpus.values) for _ in range(random.randint(1, 3))]
    transformer = _transformer()
    decoder = RowDecoder([transformer.loader(oid, format) for oid, format, _ in chosen])
    body = pack("!H", len(chosen))
    for _, _, value in chosen:
        data = random.choice((value, spoil_bytes(random, value), spoil_bytes(random, value), noise(random)))
        body += pack("!i", len(data)) + data
    if random.random() < 0.1:
        body = spoil_bytes(random, body)
    names = [f"{oid}/{format}" for oid, format, _ in chosen]
    try:
        return f"{names} {body!r} {decoder.decode(body)!r}"
    except howdah.Error as error:
        return f"{names} {body!r} {type(error).__name__}"


def spoilt_copy(random: Random, corpus: Corpus) -> str:
    recording = next(recording for recording in corpus.recordings if recording.name == "copies")
    format = random.randrange(2)
    data = _copied(recording)[1 + format]
    whole = random.random() < 0.3
    if not whole:
        data = spoil_bytes(random, data)
    transformer = _transformer()
    loaders = [transformer.loader(transformer.adapters.types[name].oid, format) for name in TYPES]
    found = _rows(CopyDecoder(loaders, format), [data])
    pieces = _rows(CopyDecoder(loaders, format), cut(random, data))
    if pieces != found:
        raise Finding(f"COPY data {data!r}: in one piece {found}\n in many {pieces}")
    return f"{format} {found}"


def _rows(decoder: CopyDecoder, pieces: Any) -> str:
    found: list[Any] = []
    try:
        for piece in pieces:
            decoder.feed(piece)
            found += decoder
        decoder.close()
    except howdah.Error as error:
        found.append(type(error).__name__)
    return repr(found)


def _copied(recording: Recording) -> list[bytes]:
    """Return the data of each COPY out in a recording."""
    found: list[bytes] = []
    for _, code, body in messages(recording.chunks):
        if code == ord("H"):
            found.append(b"")
        elif code == ord("d"):
            found[-1] += body
    return found


def _joined(pieces: Any) -> bytes:
    return b"".join(data for _, data in pieces)


@cache
def _transformer() -> Transformer:
    return Transformer(None, howdah.default_driver().adapters)


CASES = (
    *[cut_conversation] * 2,
    *[spoilt_conversation] * 4,
    spoilt_startup,
    *[spoilt_values] * 8,
    *[spoilt_copy] * 2,
)
