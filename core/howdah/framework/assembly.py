"""Assembling the classes of a driver from the plugins' mixins and the kernel's classes."""

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

__all__ = ["KERNEL_CLASSES", "AttributeNotSupportedError", "DisabledAttribute", "KernelClass", "assemble"]


class KernelClass(NamedTuple):
    """A class that drivers assemble.

    Attributes:
        module: the module of the kernel that has the class.
        mixin: the field of `Mixins` that holds the mixins for it.
        base: the assembled class that it derives from, and whose mixins it
            inherits; None if it gets the mixins itself.
    """

    module: str
    mixin: str
    base: str | None = None

    @property
    def asynchronous(self) -> bool:
        """Whether the class is one of the asynchronous ones."""
        return self.mixin.startswith("async_")


#: By name; a base class comes before its subclasses.
KERNEL_CLASSES = {
    "Cursor": KernelClass("howdah.client.cursor", "cursor"),
    "ClientCursor": KernelClass("howdah.client.cursor", "cursor", "Cursor"),
    "RawCursor": KernelClass("howdah.client.cursor", "cursor", "Cursor"),
    "AsyncCursor": KernelClass("howdah.client.cursor_async", "async_cursor"),
    "AsyncClientCursor": KernelClass("howdah.client.cursor_async", "async_cursor", "AsyncCursor"),
    "AsyncRawCursor": KernelClass("howdah.client.cursor_async", "async_cursor", "AsyncCursor"),
    "Kernel": KernelClass("howdah.client.kernel", "kernel"),
    "AsyncKernel": KernelClass("howdah.client.kernel_async", "async_kernel"),
    "Connection": KernelClass("howdah.client.connection", "connection"),
    "AsyncConnection": KernelClass("howdah.client.connection_async", "async_connection"),
}


class AttributeNotSupportedError(NotSupportedError, AttributeError):
    """The attribute belongs to a disabled plugin; `hasattr` is False for it."""


class DisabledAttribute:
    """Takes the place of an attribute of a disabled plugin, and raises an error when it is used.

    Args:
        message: the message of the error; it says how to enable the plugin.
    """

    def __init__(self, message: str) -> None:
        self.message = message

    def __get__(self, instance: object, owner: type | None = None) -> NoReturn:
        raise AttributeNotSupportedError(self.message)

    def __set__(self, instance: object, value: object) -> NoReturn:
        raise AttributeNotSupportedError(self.message)


def assemble(
    driver: Driver, mixins: Sequence[Mixins], unavailable: Mapping[str, str], *, asynchronous: bool
) -> dict[str, type[Any]]:
    """Create the classes of a driver, either the blocking or the asynchronous ones.

    Each class has the driver as its attribute `driver`. Connection classes have
    the class of their cursors as `cursor_factory`, and that of their kernel.

    Args:
        driver: the driver.
        mixins: the mixins of the plugins; the last ones come first in the classes.
        unavailable: the error messages for attributes of disabled plugins, by
            class and attribute (`Connection.prepare`).
        asynchronous: whether to create the asynchronous classes.

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
            for path, message in unavailable.items():
                of, _, attribute = path.rpartition(".")
                if of in (name, name.removeprefix("Async")) and not hasattr(kernel, attribute):
                    namespace[attribute] = DisabledAttribute(message)
        else:
            bases = [_generic(kernel), classes[kernel_class.base]]
        if name.endswith("Connection"):
            namespace["cursor_factory"] = classes[name.replace("Connection", "Cursor")]
            namespace["_kernel_class"] = classes[name.replace("Connection", "Kernel")]
        classes[name] = new_class(name, tuple(bases), exec_body=partial(_fill, namespace))
    return classes


def _check_distinct(name: str, mixins: Sequence[type[Any]], kernel: type[Any]) -> None:
    """Refuse mixins that add the same attribute: one would silently replace the other.

    Several mixins may override an attribute of the kernel's class, each calling the next with `super()`.
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
    """Return `kernel` as a base class that keeps subclasses generic."""
    parameters = getattr(kernel, "__parameters__", ())
    return kernel[parameters] if parameters else kernel
