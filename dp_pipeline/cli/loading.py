"""Modules that a command loads, for as long as it has nothing else to do."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def loading() -> Generator[None]:
    """Look for no garbage while modules are loaded: a fifth of that time went into it.

    What they made stays until the process ends, and is not looked at again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
