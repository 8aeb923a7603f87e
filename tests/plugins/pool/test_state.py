"""The decisions of a pool, with a clock that the test sets."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from howdah_pool import call_site
from howdah_pool.call_site import caller
from howdah_pool.errors import PoolClosed, Unreachable
from howdah_pool.jobs import Close, Connect, ReportFailure
from howdah_pool.policy import Policy
from howdah_pool.state import PoolState
from howdah_pool.waiting_client import WaitingClient

# A test does not give back the things that it has at its end.
pytestmark = pytest.mark.filterwarnings("ignore:a connection of the pool 'test' was never given back")

CALL_SITE = caller()


class Thing:
    """Takes the place of a connection, of which the state uses nothing."""


class Pool(PoolState[Thing]):
    """A state with a clock, and a worker that does each job at once."""

    def __init__(self, has_fallback: bool = False, **arguments: Any) -> None:
        self.now = 1000.0
        self.policy = Policy(
            **{
                "name": "test",
                "min_size": 1,
                "max_size": None,
                "max_waiting": 0,
                "max_lifetime": 3600.0,
                "max_idle": 600.0,
                "reconnect_timeout": 300.0,
                **arguments,
            }
        )
        self.policy.has_fallback = has_fallback
        super().__init__(self.policy)
        self.opened = True
        self.reachable = True
        self.reported = 0
        self.retired: list[Thing] = []

    def work(self) -> float | None:
        """Do what there is to do, and return when there will be more."""
        while (job := self.next_job(self.now)) is not None:
            match job:
                case Connect() if self.reachable:
                    thing = Thing()
                    thing.owner = slot = self.connected(job, thing, self.now, 0.5)  # type: ignore[attr-defined]
                    self.put(slot, thing, self.now)
                case Connect():
                    self.connect_failed(job, OSError("unreachable"), self.now)
                case Close(things):
                    self.retired += things
                case ReportFailure():
                    self.reported += 1
        return self.delay(self.now)

    def client(self) -> WaitingClient[Thing]:
        waiter: WaitingClient[Thing] = WaitingClient(lambda: None, self.now, CALL_SITE)
        self.enqueue(waiter)
        return waiter

    def give_back(self, thing: Thing) -> bool:
        return self.put(thing.owner, thing, self.now)  # type: ignore[attr-defined]


def taken(pool: Pool) -> Thing:
    thing = pool.take(pool.now, CALL_SITE)
    assert thing is not None
    return thing


def test_lifetimes_are_spread() -> None:
    pool = Pool(min_size=50)
    pool.work()
    lives = [slot.expires - pool.now for slot in pool.inventory.idle]
    assert all(3240 <= life <= 3600 for life in lives)
    assert len(set(lives)) > 25


def test_idle_connections_are_replaced_when_their_time_is_up() -> None:
    pool = Pool(min_size=3)
    delay = pool.work()
    assert delay is not None
    assert 3240 <= delay <= 3600
    pool.now += 3239
    pool.work()
    assert not pool.retired
    pool.now += 362
    pool.work()
    assert len(pool.retired) == 3
    assert len(pool.inventory.idle) == pool.made == 3


def test_those_idle_the_longest_go_first() -> None:
    pool = Pool(min_size=0)
    clients = [pool.client() for _ in range(3)]
    pool.work()
    things = [client.connection for client in clients]
    for thing in things:
        assert thing is not None
        assert pool.give_back(thing)
        pool.now += 100
    assert pool.work() == pytest.approx(300)
    pool.now += 300
    assert pool.work() == pytest.approx(100)
    assert pool.retired == things[:1]
    assert taken(pool) is things[2]
    pool.now += 100
    assert pool.work() is None
    assert pool.retired == things[:2]


def test_min_size_is_kept_however_idle() -> None:
    pool = Pool(min_size=2)
    pool.work()
    pool.now += 700
    pool.work()
    assert not pool.retired


def test_pauses_grow_between_attempts() -> None:
    pool = Pool(min_size=4, reconnect_timeout=60.0)
    pool.reachable = False
    pauses = []
    while not pool.reported:
        delay = pool.work()
        if delay is None:
            break
        pauses.append(delay)
        pool.now += delay + 1e-6
    assert pool.reported == 1
    assert 0.225 <= pauses[0] <= 0.275
    for before, after in pairwise(pauses[:7]):
        assert 1.6 <= after / before <= 2.5
    assert sum(pauses) == pytest.approx(60, abs=0.1), "the last attempt is made when the time is up"
    assert pool.size == 0
    assert pool.work() is None


def test_one_attempt_at_a_time_while_they_fail() -> None:
    pool = Pool(min_size=4)
    pool.reachable = False
    pool.work()
    assert pool.statistics.connections_errors == 1
    pool.now += 1
    job = pool.next_job(pool.now)
    assert isinstance(job, Connect)
    assert pool.next_job(pool.now) is None
    pool.reachable = True
    pool.put(pool.connected(job, Thing(), pool.now, 0.1), Thing(), pool.now)
    pool.work()
    assert pool.made == 4
    assert pool.error is None


def test_clients_bring_it_to_try_again() -> None:
    pool = Pool(min_size=1, reconnect_timeout=0.0)
    pool.reachable = False
    pool.work()
    assert pool.reported == 1
    pool.reachable = True
    assert pool.work() is None
    client = pool.client()
    pool.now += 1
    pool.work()
    assert client.connection is not None


def test_client_that_finds_one_when_it_comes_to_queue() -> None:
    """One thread finds nothing idle; another gives back; then the first goes to queue."""
    pool = Pool()
    pool.work()
    thing = taken(pool)
    assert pool.take(pool.now, CALL_SITE) is None
    pool.give_back(thing)
    assert pool.client().connection is thing
    assert not pool.waiting


def test_client_that_finds_it_closed_when_it_comes_to_queue() -> None:
    pool = Pool()
    assert pool.take(pool.now, CALL_SITE) is None
    pool.close()
    with pytest.raises(PoolClosed):
        pool.client()


def test_no_more_connections_than_clients_that_wait() -> None:
    pool = Pool(min_size=0)
    client = pool.client()
    assert pool.missing == 1
    pool.withdraw(client, pool.now)
    assert pool.missing == 0
    pool.work()
    assert pool.made == 0


def test_who_waits_is_woken_when_connections_can_be_taken() -> None:
    """A connection that is new, or being checked, cannot be."""
    pool = Pool(min_size=1)
    woken: list[str] = []
    waiter: WaitingClient[Thing] = WaitingClient(lambda: woken.append("new"), pool.now)
    assert not pool.watch(waiter)
    attempt, thing = pool.next_job(pool.now), Thing()
    assert isinstance(attempt, Connect)
    slot = pool.connected(attempt, thing, pool.now, 0.5)
    assert not woken
    pool.put(slot, thing, pool.now)
    assert woken == ["new"]
    assert pool.watch(waiter)
    pool.take_slot(slot, pool.now)
    assert not pool.watch(WaitingClient(lambda: woken.append("checked"), pool.now))
    pool.put(slot, thing, pool.now)
    assert woken == ["new", "checked"]
    assert pool.take(pool.now, CALL_SITE) is thing
    assert pool.watch(waiter)


def test_clients_of_standbys_are_told_at_once() -> None:
    pool = Pool(min_size=0, has_fallback=True)
    pool.reachable = False
    client = pool.client()
    pool.work()
    assert isinstance(client.error, Unreachable)
    with pytest.raises(Unreachable):
        pool.client()
    pool.now += 10
    probing = pool.client()
    job = pool.next_job(pool.now)
    assert isinstance(job, Connect)
    with pytest.raises(Unreachable):
        pool.client()
    assert probing.error is None
    pool.reachable = True
    thing = Thing()
    pool.put(pool.connected(job, thing, pool.now, 0.1), thing, pool.now)
    assert probing.connection is thing


def test_call_site() -> None:
    assert call_site.format(caller()).startswith(
        f"{__file__}:{test_call_site.__code__.co_firstlineno + 1} in test_call_site, called"
    )
