"""Let atheris look for bytes that break a reader: ``python fuzz.py TARGET [OPTIONS]``."""

import logging
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["wkmp_lab", "musicbrainzngs"]):
    from support import torture_targets as targets

logging.disable()
TARGET, _ = targets.TARGETS[sys.argv.pop(1)]
atheris.Setup(sys.argv, TARGET)
atheris.Fuzz()
