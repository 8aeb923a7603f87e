"""The classes of a driver: the kernel's, with the plugins' mixins before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from inspect import getattr_static
from types import new_class
from typing import TYPE_CHECKING, Any, NoReturn

from howdah.errors import NotSupportedError
from howdah.framework.entrypoints import load
from howdah.lazy.tuples import NamedTuple

if TYPE_CHECKING:
    from howdah.framework.driver import Driver
    from howdah.hookspecs import Mixins

__all__ = ["KERNEL_CLASSES", "Absent", "AttributeNotSupportedError", "KernelClass", "assemble"]


class KernelClass(NamedTuple):
    """A class that drivers assemble.

    Attributes:
        module: the kernel's module that has it.
        mixin: the field of `Mixins` that goes into it.
        base: the assembled class it derives from, through which it has the
            mixins; None if it is the first of its kind.
    """

    module: str
    mixin: str
    base: str | None = None

    @property
    def asynchronous(self) -> bool:
        """Whether it is one of the asynchronous classes."""
        return self.mixin.startswith("async_")


#: By name; a base stands before what derives from it.
KERNEL_CLASSES = {
    "Cursor": KernelClass("howdah.client.cursor", "cursor"),
    "ClientCursor": KernelClass("howdah.client.cursor", "cursor", "Cursor"),
    "RawCursor": KernelClass("howdah.client.cursor", "cursor", "Cursor"),
    "AsyncCursor": KernelClass("howdah.client.cursor_async", "async_cursor"),
    "AsyncClientCursor": KernelClass("howdah.client.cursor_async", "async_cursor", "AsyncCursor"),
    "AsyncRawCursor": KernelClass("howdah.client.cursor_async", "async_cursor", "AsyncCursor"),
    "Connection": KernelClass("howdah.client.connection", "connection"),
    "AsyncConnection": KernelClass("howdah.client.connection_async", "async_connection"),
}


class AttributeNotSupportedError(NotSupportedError, AttributeError):
    """An attribute that a disabled plugin would have added; `hasattr` is False for it."""


class Absent:
    """Stands in a class for an attribute that a disabled plugin would have added.

    Args:
        message: says so, and how to enable the plugin.
    """

    def __init__(self, message: str) -> None:
        self.message = message

    def __get__(self, instance: object, owner: type | None = None) -> NoReturn:
        raise AttributeNotSupportedError(self.message)

    def __set__(self, instance: object, value: object) -> NoReturn:
        raise AttributeNotSupportedError(self.message)


def assemble(
    driver: Driver, mixins: Sequence[Mixins], absent: Mapping[str, str], *, asynchronous: bool
) -> dict[str, type[Any]]:
    """Make the classes of a driver, the blocking or the asynchronous ones.

    Each has the driver as its attribute `driver`, and the connections have
    the class of their cursors as `cursor_factory`.

    Args:
        driver: whose classes they are.
        mixins: what the plugins contribute; the last come first.
        absent: what to say of attributes that disabled plugins would have
            added, by class and attribute (`Connection.lend`).
        asynchronous: which of the two.

    Returns:
        The classes, by name.
    """
    classes: dict[str, type[Any]] = {}
    for name, kernel_class in KERNEL_CLASSES.items():
        if kernel_class.asynchronous != asynchronous:
            continue
        kernel = getattr(import_module(kernel_class.module), name)
        namespace: dict[str, Any] = {
            "__module__": "howdah",
            "__doc__": kernel.__doc__,
            "driver": driver,
        }
        if kernel_class.base is None:
            found = [getattr(each, kernel_class.mixin) for each in reversed(mixins)]
            bases: list[Any] = [load(mixin) if isinstance(mixin, str) else mixin for mixin in found if mixin]
            _check_distinct(name, bases, kernel)
            bases.append(_generic(kernel))
            for path, message in absent.items():
                of, _, attribute = path.rpartition(".")
                if of in (name, name.removeprefix("Async")) and not hasattr(kernel, attribute):
                    namespace[attribute] = Absent(message)
        else:
            bases = [_generic(kernel), classes[kernel_class.base]]
        if name.endswith("Connection"):
            namespace["cursor_factory"] = classes[name.replace("Connection", "Cursor")]
        classes[name] = new_class(name, bases, exec_body=partial(_fill, namespace))
    return classes


def _check_distinct(name: str, mixins: Sequence[type[Any]], kernel: type[Any]) -> None:
    """Refuse mixins that bring the same attribute: the one of them would silently replace the other's.

    Several may override what the kernel's class has, each calling the next with `super()`.
    """
    brought: dict[str, tuple[type[Any], Any]] = {}
    for mixin in mixins:
        for attribute in dir(mixin):
            if attribute.startswith("__") or hasattr(kernel, attribute):
                continue
            value = getattr_static(mixin, attribute)
            other, others = brought.setdefault(attribute, (mixin, value))
            if others is not value:
                raise TypeError(
                    f"{name}.{attribute} is brought by two plugins:"
                    f" {other.__module__}:{other.__qualname__} and {mixin.__module__}:{mixin.__qualname__}"
                )


def _fill(namespace: Mapping[str, Any], body: dict[str, Any]) -> None:
    body.update(namespace)


def _generic(kernel: type[Any]) -> Any:
    """Return `kernel` so that a class deriving from it can be subscripted as it can."""
    parameters = getattr(kernel, "__parameters__", ())
    return kernel[parameters] if parameters else kernel
