"""`check_adapter`: the proof that an adapter returns what it was given, whichever way the value travels."""

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
        request: whose fixture it is.
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
        """Prove that values of a type come back equal, and of the same Python type, however they travel.

        They are sent and fetched as text and in binary, as `%s`, `%t` and `%b`, in queries prepared and not,
        as literals, with `executemany`, in arrays, in composites, and through COPY with and without
        `set_types`; NULL as well; on sync and async connections; and in a second process on howdah's other
        implementation.

        Args:
            type_name: the name of the PostgreSQL type, as SQL has it.
            values: values of it; they all come in one array, so they have one dumper.
            sql_literals: more values, by SQL expressions that stand for them: `{"'(1,2)'": Point(1, 2)}`.
                What the server has of the value is compared with what it has of the expression.
            returns: makes of a value what is expected back; the value itself by default.
            equal: says whether what came back, the first argument, is what was expected. By default it has to
                be equal and of the same type, inside of lists and tuples too; NaN is equal to NaN.
            cast: whether the values are dumped to another type, which is cast to this one.
            binary: False if there are no dumper and loader for the binary format.
            arrays: False if there are no arrays of the type, or the values cannot be in lists.
            composites: False to leave out composites.
            copy: False to leave out COPY.
            ways: more ways for values to travel, by a name for each, such as those that a plugin of yours
                brings: functions, called with a connection, the name of the type, and values and None; what
                they return is to be the values that have come back. With arrays, they are called with the
                name of the type of arrays and lists, too. The connection is a sync one.
            setup: SQL that is executed first: `CREATE EXTENSION IF NOT EXISTS …`.
            driver: the driver whose adapters are meant; by default a new one, with all installed plugins.

        Raises:
            pytest.fail.Exception: something else came back; the message tells for each combination what.
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
        """Take all steps, on a connection of each face."""
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

        # The test may be one that runs in an event loop itself.
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
                f"on the {howdah.__impl__} implementation\n{_told(failures)}",
                pytrace=False,
            )


def _told(failures: Sequence[Failure]) -> str:
    """Return a text that tells of failures, those that look alike together."""
    labels: dict[tuple[str, ...], list[str]] = {}
    for failure in failures:
        labels.setdefault(failure.details, []).append(failure.label)
    lines = []
    for details, where in labels.items():
        for title, text in zip(details[::2], details[1::2]):
            lines += [title, f"  {text}"]
        lines += ["with", *[f"  {label}" for label in where], ""]
    return "\n".join([f"  {line}".rstrip() for line in lines])
