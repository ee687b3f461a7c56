"""The options of the ``wkmp-lab`` command, and the settings that they ask for."""

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from wkmp_lab._version import __version__
from wkmp_lab.backends import BACKENDS, imply_backend
from wkmp_lab.errors import InvalidInputError
from wkmp_lab.settings import MEDIUM_THRESHOLD_DBFS, Settings

Run = Callable[[argparse.Namespace], int]
Runs = Mapping[str, Run]
"""What carries each command out, by its words."""

_EPILOG = """exit status: 0 all done, 1 finished with failed files (listed),
2 wrong usage or nothing that can be done, 130 interrupted (finished files are kept)"""


def make_parser(runs: Runs) -> argparse.ArgumentParser:
    """The parser of the command line; what it gives has ``run``, one of ``runs`` by command."""
    parser = argparse.ArgumentParser(
        prog="wkmp-lab",
        description="Import and study a music library.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"wkmp-lab {__version__}")
    commands = parser.add_subparsers(
        required=True, metavar="import|examine|plan|relocate|catalogue|flavors"
    )
    importing = _add_command(commands.add_parser, "import", "import a folder", runs["import"])
    _add_import(importing)
    examining = _add_command(commands.add_parser, "examine", "examine one file", runs["examine"])
    examining.add_argument("file", metavar="FILE", help="one audio file")
    _add_settings(examining)
    plan = _add_command(commands.add_parser, "plan", "tell what an import would do", runs["plan"])
    _add_folder(plan)
    moving = _add_command(
        commands.add_parser, "relocate", "tell that a library has moved", runs["relocate"]
    )
    moving.add_argument("old", metavar="OLD", help="where the music lay")
    moving.add_argument("new", metavar="NEW", help="where it lies, under the same names")
    moving.add_argument("--store", metavar="FILE", help="the SQLite file that keeps its results")
    _add_catalogue(
        commands.add_parser("catalogue", help="keep and query known fingerprints"), runs
    )
    _add_flavors(
        commands.add_parser("flavors", help="keep and query AcousticBrainz' flavors"), runs
    )
    return parser


def _add_catalogue(command: argparse.ArgumentParser, runs: Runs) -> None:
    metavar = "add|list|query|write"
    add_parser = command.add_subparsers(required=True, metavar=metavar).add_parser
    add = _add_command(add_parser, "add", "add the music of an import", runs["catalogue add"])
    add.add_argument(
        "source", metavar="FOLDER|FILE", help="a folder that was imported, or a .jsonl catalogue"
    )
    add.add_argument("--store", metavar="FILE", help="the SQLite file that keeps its results")
    entries = _add_command(add_parser, "list", "list the recordings", runs["catalogue list"])
    query = _add_command(add_parser, "query", "find what a file is", runs["catalogue query"])
    query.add_argument("file", metavar="FILE")
    for each in (entries, query):
        each.add_argument("--json", action="store_true", help="print JSON instead of text")
    write = _add_command(add_parser, "write", "write it as JSON Lines", runs["catalogue write"])
    write.add_argument("file", metavar="FILE")
    for each in (add, entries, query, write):
        each.add_argument("--catalogue", metavar="FILE", help="default: in the data folder")


def _add_flavors(command: argparse.ArgumentParser, runs: Runs) -> None:
    add_parser = command.add_subparsers(required=True, metavar="add|query").add_parser
    add = _add_command(add_parser, "add", "take in a dump", runs["flavors add"])
    add.add_argument(
        "source", metavar="DUMP", help="a folder or tar archive of high-level JSON; - for stdin"
    )
    query = _add_command(add_parser, "query", "show a recording's flavor", runs["flavors query"])
    query.add_argument("mbid", metavar="RECORDING", help="its MusicBrainz id")
    query.add_argument("--json", action="store_true", help="print JSON instead of text")
    for each in (add, query):
        each.add_argument("--flavors", metavar="FILE", help="default: in the data folder")


def _add_command(
    add_parser: Callable[..., argparse.ArgumentParser],
    name: str,
    meaning: str,
    run: Run,
) -> argparse.ArgumentParser:
    command = add_parser(name, help=meaning, description=f"{meaning[0].upper()}{meaning[1:]}.")
    command.set_defaults(run=run)
    return command


def _add_import(command: argparse.ArgumentParser) -> None:
    _add_folder(command)
    command.add_argument("--out", metavar="DIR", help="write the tables into this folder")
    command.add_argument(
        "--format",
        metavar="NAMES",
        type=lambda names: [name.strip() for name in names.split(",")],
        default=["csv"],
        help="csv,parquet,xlsx,json,wkmp,cue,labels,m3u,html (default: csv)",
    )
    command.add_argument("--report", metavar="FILE", help="write how it ran as one HTML page")
    command.add_argument(
        "--bom", action="store_true", help="begin CSV with a byte order mark, as Excel wants it"
    )
    command.add_argument(
        "--rescan", action="store_true", help="look into every file, changed or not"
    )
    command.add_argument(
        "--retry", action="store_true", help="try files again that failed by themselves, too"
    )
    command.add_argument(
        "--design",
        choices=("lanes", "files"),
        default="lanes",
        help="files: each keeps its place until it is identified (default: lanes)",
    )
    orders = ("long_first", "small_first", "path")
    command.add_argument(
        "--order",
        choices=orders,
        default=orders[0],
        help="what begins first (default: long_first)",
    )
    command.add_argument(
        "--limit",
        metavar="PHASE=N",
        action="append",
        type=_read_limit,
        default=[],
        help="so many files at most in a phase at once, as FLAVORING=2 (once for each phase)",
    )
    command.add_argument("--memory", metavar="MB", type=int, help="for all workers together")
    command.add_argument(
        "--no-profiles",
        action="store_true",
        help="keep no level profiles (1.3 MB an hour), by which files are cut anew undecoded",
    )
    command.add_argument("--backend", choices=BACKENDS, help="default: loky")
    command.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="tcp://HOST:PORT (or tls:) of a Dask scheduler, ray://HOST:PORT of a Ray, or "
        "auto: a Dask cluster here for the run",
    )


def _add_folder(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", metavar="FOLDER", help="the music; it is only read")
    command.add_argument(
        "--jobs", metavar="N", type=int, help="files at a time (default: one per core, at most 8)"
    )
    command.add_argument(
        "--store", metavar="FILE", help="SQLite file of the results (default: in the data folder)"
    )
    _add_settings(command)


def _add_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument("--offline", action="store_true", help="ask no web service")
    command.add_argument("--catalogue", metavar="FILE", help="known fingerprints to compare with")
    command.add_argument("--flavors", metavar="FILE", help="flavors taken from a dump")
    media = ("auto", *MEDIUM_THRESHOLD_DBFS)
    command.add_argument("--medium", choices=media, default="auto", help="default: auto")
    command.add_argument("--json", action="store_true", help="print JSON instead of text")


def _read_limit(text: str) -> tuple[str, int]:
    phase, _, number = text.partition("=")
    try:
        return phase.strip().upper(), int(number)
    except ValueError:
        message = f"a limit is PHASE=N, as FLAVORING=2, got {text!r}"
        raise argparse.ArgumentTypeError(message) from None


def make_settings(options: argparse.Namespace) -> Settings:
    """The settings that options of an import, a plan or an examination ask for.

    Raises
    ------
    InvalidInputError
        A file of the options is not there, a number is out of its range, or a cluster's address
        and the backend contradict each other.
    """
    settings = Settings()
    for known in (options.catalogue, options.flavors):
        if known is not None and not Path(known).expanduser().exists():
            raise InvalidInputError(f"there is no file at {known!r}")
    running = settings.running
    if "jobs" in options:
        running = dataclasses.replace(running, n_jobs=options.jobs)
    if "backend" in options:
        implied = options.cluster and imply_backend(options.cluster, told=options.backend)
        running = dataclasses.replace(
            running,
            backend=implied or options.backend or running.backend,
            cluster=options.cluster,
            memory_mb=options.memory,
            has_profiles=not options.no_profiles,
            limits=dict(options.limit),
            order=options.order,
            design=options.design,
        )
    return dataclasses.replace(
        settings,
        segmenting=dataclasses.replace(settings.segmenting, medium=options.medium),
        identifying=dataclasses.replace(
            settings.identifying,
            is_offline=options.offline,
            catalogue=options.catalogue,
            flavors=options.flavors,
        ),
        running=running,
    )
