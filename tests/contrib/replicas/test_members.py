"""Tokens, positions, histories, and whom a pool reads from and writes to: without servers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from howdah_replicas import InvalidToken, LostToken, Token
from howdah_replicas.history import History
from howdah_replicas.members import Cluster
from howdah_replicas.status import Status, position

MB16 = 16 << 20


@settings(max_examples=30)
@given(st.integers(0, 2**64 - 1), st.integers(1, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_texts_of_tokens(system: int, timeline: int, lsn: int) -> None:
    token = Token(system, timeline, lsn)
    text = str(token)
    assert len(text) == 28 and text.replace("-", "a").replace("_", "a").isalnum()
    assert Token.parse(text) == token


@settings(max_examples=30)
@given(st.text("AQz9-_=; \0é€🐘", max_size=40) | st.text("AQaz09-_=+/'; ", min_size=28, max_size=28))
def test_hostile_texts(text: str) -> None:
    with suppress(InvalidToken):
        assert str(Token.parse(text)) == text


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "A", lambda t: "B" + t[1:], lambda t: " " * 28]
)
def test_spoilt_texts(change: Callable[[str], str]) -> None:
    with pytest.raises(InvalidToken):
        Token.parse(change(str(Token(7, 1, 5))))


def test_merging() -> None:
    first, second, third = Token(1, 1, 500), Token(1, 2, 100), Token(1, 2, 90)
    assert Token.merge(first, None, second, third) == second
    assert Token.merge() is None is Token.merge(None)
    with pytest.raises(InvalidToken):
        Token.merge(first, Token(2, 1, 500))


@pytest.mark.parametrize(
    ("lsn", "expected"),
    [
        (8192 * 5 + 24, 8192 * 5),  # behind the header of a page
        (MB16 * 3 + 40, MB16 * 3),  # behind that of a segment
        (8192 * 5 + 40, 8192 * 5 + 40),
        (MB16 * 3 + 24, MB16 * 3 + 24),
        (8192 * 5 + 32, 8192 * 5 + 32),
    ],
)
def test_positions(lsn: int, expected: int) -> None:
    assert position([b"%d" % lsn, b"3", b"%d" % MB16, b"8192"]) == (expected, 3)


def test_histories() -> None:
    history = History(3, "1\t0/3000148\tno recovery target specified\n\n2\t1/0A\treason\n")
    assert not history.has_lost(Token(1, 1, 0x3000148)) and history.has_lost(Token(1, 1, 0x3000149))
    assert not history.has_lost(Token(1, 2, 0x10000000A)) and history.has_lost(Token(1, 2, 0x10000000B))
    assert not history.has_lost(Token(1, 3, 1 << 60)) and not history.has_lost(Token(1, 9, 1))
    assert not history.has_lost(Token.open_ended(1, 1))
    assert History(4, "3\t0/5\tx").has_lost(Token(1, 1, 1))  # a timeline that is no ancestor


def cluster(max_lag: float | None = 10.0) -> Cluster:
    found = Cluster(["a", "b", "c"], max_lag, "random")
    a, b, c = found.members
    assert found.primary is None and found.standby_for(None, ()) is None
    assert found.note(b, Status(True, 7, 90, 1), 0.0) == []
    assert found.note(a, Status(False, 7, 100, 1), 0.0) == []
    assert found.note(c, Status(True, 7, 100, 1), 0.0) == []
    assert [member.role for member in found.members] == ["primary", "standby", "standby"]
    return found


def test_standbys_that_have_the_token_are_preferred() -> None:
    found = cluster()
    _, b, c = found.members
    assert {found.standby_for(None, ()) for _ in range(50)} == {b, c}
    assert {found.standby_for(Token(7, 1, 95), ()) for _ in range(50)} == {c}
    assert found.standby_for(Token(7, 1, 95), {c}) is b
    assert found.standby_for(Token(7, 1, 200), ()) is c  # it has replayed most
    assert found.standby_for(None, {b, c}) is None


def test_the_least_lag() -> None:
    found = Cluster(["a", "b"], None, "least-lag")
    for member, lsn in zip(found.members, (5, 6), strict=True):
        found.note(member, Status(True, 7, lsn, 1), 0.0)
    assert {found.standby_for(None, ()) for _ in range(20)} == {found.members[1]}


def test_slow_standbys() -> None:
    found = cluster()
    a, b, c = found.members
    assert (b.lag, b.lag_bytes) == (0.0, 10)
    found.note(a, Status(False, 7, 100, 1), 11.0)
    assert b.lag == 11.0 and found.standby_for(None, {c}) is None
    found.note(b, Status(True, 7, 100, 1), 12.0)
    assert (b.lag, b.lag_bytes) == (0.0, 0) and found.standby_for(None, {c}) is b
    found.note(a, Status(False, 7, 200, 1), 13.0)
    found.note(a, Status(False, 7, 300, 1), 100.0)
    assert b.lag == 87.0
    # Without a primary nobody knows how late they are: they are all there is.
    assert found.fail(a, OSError("gone")) and not found.fail(a, OSError("gone"))
    found.note(b, Status(True, 7, 100, 1), 200.0)
    assert b.lag is None and found.standby_for(None, {c}) is b


def test_standbys_that_fail() -> None:
    found = cluster()
    _, b, c = found.members
    found.fail(b, OSError("gone"))
    assert b.error == "gone"
    assert {found.standby_for(None, ()) for _ in range(20)} == {c}
    found.note(b, Status(True, 7, 90, 1), 1.0)
    assert {found.standby_for(None, ()) for _ in range(50)} == {b, c}


def test_an_old_primary_that_still_answers() -> None:
    found = cluster()
    a, b, c = found.members
    assert found.note(b, Status(False, 7, 110, 2), 1.0) == [a]
    assert found.primary is b
    assert [member.role for member in found.members] == ["behind", "primary", "behind"]
    assert found.note(a, Status(False, 7, 500, 1), 2.0) == [a]
    assert found.primary is b and found.standby_for(None, ()) is None
    # Not even when the new one is gone.
    found.fail(b, OSError("gone"))
    found.note(a, Status(False, 7, 600, 1), 3.0)
    assert found.primary is None
    # One that follows the old primary has what was never in the new one.
    found.note(c, Status(True, 7, 700, 1), 4.0)
    assert found.standby_for(Token(7, 2, 105), ()) is None
    found.note(c, Status(True, 7, 700, 2), 5.0)
    assert found.standby_for(Token(7, 2, 105), ()) is c
    found.note(a, Status(True, 7, 700, 2), 5.0)
    assert a.role == "standby"


def test_two_primaries_on_one_timeline(caplog: pytest.LogCaptureFixture) -> None:
    found = cluster()
    a, b, _ = found.members
    assert found.note(b, Status(False, 7, 900, 1), 1.0) == [b]
    assert found.primary is a and "both primaries" in caplog.text
    found.fail(a, OSError("gone"))
    found.note(b, Status(False, 7, 900, 1), 1.0)
    assert found.primary is b


def test_a_primary_that_becomes_a_standby() -> None:
    found = cluster()
    a = found.members[0]
    assert found.note(a, Status(True, 7, 100, 1), 1.0) == [a]
    assert found.primary is None and a.role == "standby"


def test_a_server_of_another_cluster() -> None:
    found = cluster()
    _, b, c = found.members
    found.note(b, Status(True, 8, 100, 1), 1.0)
    assert b.error is not None and found.standby_for(None, {c}) is None
    with pytest.raises(InvalidToken):
        found.check(Token(8, 1, 1))


def test_lost_tokens() -> None:
    found = cluster()
    found.check(Token(7, 1, 1 << 50))
    b = found.members[1]
    found.note(b, Status(False, 7, 110, 2), 1.0)
    found.check(Token(7, 1, 101))  # nobody knows yet
    found.history = History(2, "1\t0/64\tx")
    found.check(Token(7, 1, 100))
    with pytest.raises(LostToken):
        found.check(Token(7, 1, 101))
