"""`check_adapter` checks that an adapter returns what it was given, however the value is sent and fetched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from howdah_testing.comparing import Equal
from howdah_testing.steps import Failure, Subject, Way

if TYPE_CHECKING:
    from howdah import Driver

__all__ = ["CheckAdapter"]


class CheckAdapter:
    """The fixture `check_adapter`: a function, called with a type and values of it.

    Args:
        dsn: the conninfo of the server.
        request: the request for the fixture.
    """

    def __init__(self, dsn: str, request: pytest.FixtureRequest) -> None:
        self._dsn = dsn
        self._request = request

    def __call__(
        self,
        type_name: str,
        values: Sequence[Any] = (),
        *,
        sql_literals: Mapping[str, Any] | None = None,
        returns: Callable[[Any], Any] | None = None,
        equal: Equal | None = None,
        cast: bool = False,
        binary: bool = True,
        arrays: bool = True,
        composites: bool = True,
        copy: bool = True,
        ways: Mapping[str, Way] | None = None,
        setup: str = "",
        driver: Driver | None = None,
    ) -> None:
        """Check that values of a type come back equal, and with the same Python type, however they are sent.

        They are sent and fetched as text and in binary format, as `%s`, `%t` and `%b`, in prepared and other
        queries, as literals, with `executemany`, in arrays, in composites, and through COPY with and without
        `set_types`; also NULL; on sync and async connections; and in a second process with howdah's other
        implementation.

        Args:
            type_name: the name of the PostgreSQL type, as in SQL.
            values: values of the type. All of them are also sent in one array, so they must have one dumper.
            sql_literals: more values, by SQL expressions for them: `{"'(1,2)'": Point(1, 2)}`. The server
                compares the value with the expression.
            returns: returns the expected result for a value; by default the value itself.
            equal: returns whether a result, the first argument, is the expected one. By default it must be
                equal and have the same type, also inside of lists and tuples; NaN is equal to NaN.
            cast: whether the values are dumped to another type, which is cast to this one.
            binary: False if there are no dumper and loader for the binary format.
            arrays: False if the type has no array type, or the values cannot be in lists.
            composites: False to omit composites.
            copy: False to omit COPY.
            ways: more functions that send and fetch values, by name, such as those of a plugin of yours. They
                are called with a sync connection, the name of the type, and a list of values and None, and
                return the fetched values. With arrays, they are also called with the name of the array type
                and lists.
            setup: SQL that is executed first: `CREATE EXTENSION IF NOT EXISTS …`.
            driver: the driver with the adapters; by default a new one, with all installed plugins.

        Raises:
            pytest.fail.Exception: a result differs; the message lists each combination and its result.
        """
        import howdah
        from howdah_testing.other import check_elsewhere

        subject = Subject(
            type_name,
            values,
            sql_literals=sql_literals or {},
            returns=returns,
            equal=equal,
            cast=cast,
            binary=binary,
            arrays=arrays,
            composites=composites,
            copy=copy,
            ways=ways or {},
        )
        if not subject.values:
            raise ValueError("check_adapter needs values, or sql_literals")
        driver = driver or howdah.Driver()
        if setup:
            with driver.connect(self._dsn, autocommit=True) as conn:
                conn.execute(setup)
        self._check(subject, driver)
        check_elsewhere(self._request, self._dsn)

    def _check(self, subject: Subject, driver: Driver) -> None:
        """Run all steps, on a sync and on an async connection."""
        import asyncio

        import howdah
        from howdah_testing.trials import Trial
        from howdah_testing.trials_async import AsyncTrial

        trial = Trial(subject, driver, self._dsn)
        trial.run()
        trial_async = AsyncTrial(subject, driver, self._dsn)
        errors: list[BaseException] = []

        def run() -> None:
            try:
                asyncio.run(trial_async.run())
            except BaseException as error:
                errors.append(error)

        # The test itself may run in an event loop.
        thread = threading.Thread(target=run, name="check_adapter")
        thread.start()
        thread.join()
        if errors:
            raise errors[0]

        failures = trial.failures + trial_async.failures
        if failures:
            tried = trial.tried + trial_async.tried
            pytest.fail(
                f"check_adapter({subject.type_name!r}): {len(failures)} failures in {tried} combinations, "
                f"on the {howdah.__impl__} implementation\n{_report(failures)}",
                pytrace=False,
            )


def _report(failures: Sequence[Failure]) -> str:
    """Return the report of failures, with similar ones grouped."""
    labels: dict[tuple[str, ...], list[str]] = {}
    for failure in failures:
        labels.setdefault(failure.details, []).append(failure.label)
    lines = []
    for details, where in labels.items():
        for title, text in zip(details[::2], details[1::2]):
            lines += [title, f"  {text}"]
        lines += ["with", *[f"  {label}" for label in where], ""]
    return "\n".join([f"  {line}".rstrip() for line in lines])
