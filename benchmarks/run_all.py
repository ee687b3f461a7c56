"""Run every benchmark, one after the other.

python benchmarks/run_all.py --music FOLDER
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
WITH_MUSIC = (
    "runner",
    "lanes",
    "kernel_latency",
    "single_file",
    "loudness",
    "segmenting",
    "endings",
    "catalogue",
    "flavor",
    "resume",
    "retag",
    "retune",
    "scale",
)
WITHOUT = ("tempo_key", "identify", "large")


def main() -> int:
    """Run them; the exit status is 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    options = parser.parse_args()
    failed = []
    for name in (*WITH_MUSIC, *WITHOUT):
        script = HERE / f"{name}.py"
        music = ["--music", str(options.music)] if name in WITH_MUSIC else []
        print(f"\n=== {name}", flush=True)
        if subprocess.run([sys.executable, str(script), *music], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
