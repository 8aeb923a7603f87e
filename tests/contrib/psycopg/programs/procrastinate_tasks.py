"""procrastinate: jobs are deferred and run, sync and async, also while a worker waits for notifications."""

from __future__ import annotations

import asyncio
import sys

import procrastinate
import psycopg

DSN = sys.argv[1]
done: list[tuple[str, object]] = []

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=DSN, min_size=1, max_size=5))


@app.task(queue="sums", name="add")
async def add(a: int, b: int) -> int:
    done.append(("add", a + b))
    return a + b


@app.task(queue="sums", name="fail", retry=procrastinate.RetryStrategy(max_attempts=2))
def fail() -> None:
    done.append(("fail", None))
    raise ValueError("it fails")


@app.task(queue="sums", name="context", pass_context=True)
async def context(context: procrastinate.JobContext) -> None:
    done.append(("context", context.job.task_name))


async def statuses() -> dict[str, int]:
    async with await psycopg.AsyncConnection.connect(DSN) as conn:
        cur = await conn.execute("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1")
        return dict(await cur.fetchall())


async def until(condition, what: str) -> None:
    for _ in range(600):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(what)


async def main() -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        assert await app.check_connection_async()
        for i in range(20):
            await add.defer_async(a=i, b=1)
        await add.batch_defer_async({"a": 100, "b": 1}, {"a": 200, "b": 2})
        await fail.defer_async()
        await context.configure(lock="l", queueing_lock="q").defer_async()
        try:
            await context.configure(queueing_lock="q").defer_async()
        except procrastinate.exceptions.AlreadyEnqueued:
            pass
        else:
            raise AssertionError("the lock is taken")
        for _ in range(2):  # what has failed is run again
            await app.run_worker_async(wait=False, concurrency=4, install_signal_handlers=False)
        assert sorted(value for kind, value in done if kind == "add") == [*range(1, 21), 101, 202]
        assert ("context", "context") in done
        assert await statuses() == {"succeeded": 23, "failed": 1}, await statuses()
        assert done.count(("fail", None)) > 1, done

        # A worker that waits is told of new jobs by a notification.
        done.clear()
        worker = asyncio.create_task(
            app.run_worker_async(
                wait=True, fetch_job_polling_interval=3600, install_signal_handlers=False, listen_notify=True
            )
        )
        await asyncio.sleep(1)
        await add.defer_async(a=1, b=1)
        await until(lambda: ("add", 2) in done, "the worker was not notified")
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        jobs = [*await app.job_manager.list_jobs_async(task="add")]
        assert len(jobs) == 23
        job_id = await add.configure(schedule_in={"hours": 1}).defer_async(a=0, b=0)
        assert await app.job_manager.cancel_job_by_id_async(job_id)


asyncio.run(main())

sync_app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=DSN))
with sync_app.open():
    sync_app.configure_task(name="add", queue="sums").defer(a=1, b=2)
    assert len([*sync_app.job_manager.list_jobs(status="todo")]) == 1
print("procrastinate", procrastinate.__version__ if hasattr(procrastinate, "__version__") else "")
