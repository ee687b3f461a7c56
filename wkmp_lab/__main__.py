"""``python -m wkmp_lab``: the same as ``wkmp-lab``."""

import sys

from wkmp_lab.cli.commands import main

if __name__ == "__main__":
    sys.exit(main())
