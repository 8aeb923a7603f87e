"""APScheduler 4: its data store through SQLAlchemy's psycopg dialect, its event broker on psycopg itself."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from importlib.metadata import version

import psycopg
from apscheduler import AsyncScheduler, JobOutcome, JobReleased, ScheduleAdded
from apscheduler.datastores.sqlalchemy import SQLAlchemyDataStore
from apscheduler.eventbrokers.psycopg import PsycopgEventBroker
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import create_async_engine

DSN = psycopg.conninfo.conninfo_to_dict(sys.argv[1])
ADDRESS = URL.create(
    "postgresql+psycopg",
    username=DSN["user"],
    host=DSN["host"],
    port=int(DSN["port"]),
    database=DSN["dbname"],
)
ran: list[int] = []


async def task(number: int) -> int:
    ran.append(number)
    return number * 2


async def main() -> None:
    engine = create_async_engine(ADDRESS)
    events: list[object] = []
    broker = PsycopgEventBroker.from_async_sqla_engine(engine)
    async with AsyncScheduler(SQLAlchemyDataStore(engine), broker) as scheduler:
        # Another scheduler is told of the events through NOTIFY.
        other_broker = PsycopgEventBroker(sys.argv[1])
        async with AsyncScheduler(SQLAlchemyDataStore(engine), other_broker) as other:
            other.subscribe(events.append, {ScheduleAdded, JobReleased})
            await scheduler.start_in_background()
            assert await scheduler.run_job(task, args=[21]) == 42
            await scheduler.add_schedule(task, IntervalTrigger(seconds=0.2), id="often", args=[1])
            for _ in range(300):
                if ran.count(1) >= 3 and any(isinstance(event, JobReleased) for event in events):
                    break
                await asyncio.sleep(0.1)
            assert ran.count(1) >= 3
            assert any(isinstance(event, ScheduleAdded) and event.schedule_id == "often" for event in events)
            released = [event for event in events if isinstance(event, JobReleased)]
            assert released[0].outcome is JobOutcome.success
            (schedule,) = await scheduler.get_schedules()
            assert schedule.id == "often" and schedule.last_fire_time <= dt.datetime.now(dt.timezone.utc)
            await scheduler.remove_schedule("often")
            assert await scheduler.get_schedules() == []
    await engine.dispose()


asyncio.run(main())
print("APScheduler", version("APScheduler"))
