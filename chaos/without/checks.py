"""Without checking a configuration as a whole: what is right by itself is taken."""

from __future__ import annotations

from importlib import import_module

from chaos.without import replace, run


def nothing(*_files: object) -> tuple[()]:
    """Finds nothing wrong."""
    return ()


if __name__ == "__main__":
    load = import_module("ivrd.config.load")  # the package has a function of that name
    for check in ("_alone", "_with_program", "_together"):
        replace(load, check, nothing)
    run()
