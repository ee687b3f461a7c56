"""The ``wkmp-lab`` command."""

from wkmp_lab.cli.commands import main

__all__ = ["main"]
