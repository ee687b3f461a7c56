"""Helpers beside the tests of the notebook face."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
