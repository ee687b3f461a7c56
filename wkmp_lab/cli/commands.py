"""The ``wkmp-lab`` command: import, examine, plan, relocate, catalogue, flavors."""

import argparse
import contextlib
import dataclasses
import io
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING

from wkmp_lab.cli.options import Runs, make_parser, make_settings
from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.settings import IdentifySettings

if TYPE_CHECKING:
    from wkmp_lab.io.catalogue.catalogue import Catalogue
    from wkmp_lab.io.web.answers import Recording
    from wkmp_lab.library.session import ImportSession

# Commands import what they need when they run: wrong usage and --help are answered at once.

DONE, SOME_FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses; the third also stands for work that could not begin or go on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status; errors are one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 shows question marks; it never ends an import.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        options = make_parser(_RUNS).parse_args(arguments)
    except SystemExit as ending:
        return int(ending.code or 0)
    try:
        status: int = options.run(options)
    except (WkmpLabError, OSError) as error:
        print(f"wkmp-lab: {_in_one_line(error)}", file=sys.stderr)  # noqa: T201
        return WRONG_USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def run_import(options: argparse.Namespace) -> int:
    """``wkmp-lab import``"""
    from wkmp_lab.display import terminal
    from wkmp_lab.library.session import start_import

    settings = make_settings(options)
    if options.out is not None:
        from wkmp_lab.export import export  # loads pandas

        export.check_formats(options.format)
        export.check_folder(options.out, music_folder=options.folder, formats=options.format)
    session = start_import(
        options.folder,
        settings=settings,
        store=options.store,
        retry_failed=options.retry,
        rescan=options.rescan,
    )
    with _cancelling(session):
        terminal.show_progress(session, stream=sys.stderr)
        session.wait()
    now = session.snapshot()
    if session.state == "completed" and not session.results:
        raise InvalidInputError(
            f"no audio files found in {options.folder!r} ({len(session.skipped)} files skipped)"
            f"{terminal.format_skipped(session.skipped)}"
        )
    written: tuple[Path, ...] = ()
    if options.out is not None:
        written = session.export(options.out, formats=options.format, has_bom=options.bom)
    report = None if options.report is None else session.save_report(options.report)
    if options.json:
        files = (*written, report) if report else written
        _say(json.dumps(_summarise(session, files)))
    else:
        _say(terminal.format_summary(now, session.results))
        if passed_over := terminal.format_skipped(session.skipped):
            _say(passed_over)
        if written:
            _say(f"{len(written)} files written to {options.out}")
        if report:
            _say(f"how it ran is told in {report}")
    if session.state != "completed":
        return INTERRUPTED
    return SOME_FAILED if now.n_failed else DONE


def run_examine(options: argparse.Namespace) -> int:
    """``wkmp-lab examine``"""
    from wkmp_lab.display import terminal
    from wkmp_lab.library.examine import examine

    result = examine(options.file, settings=make_settings(options))
    if options.json:
        _say(json.dumps(dataclasses.asdict(result)))
    else:
        _say(terminal.format_result(result))
    return SOME_FAILED if result.failure else DONE


def run_plan(options: argparse.Namespace) -> int:
    """``wkmp-lab plan``"""
    from wkmp_lab.library import plan

    made = plan.plan(options.folder, settings=make_settings(options), store=options.store)
    _say(json.dumps(dataclasses.asdict(made)) if options.json else plan.format_plan(made))
    return DONE


def run_relocate(options: argparse.Namespace) -> int:
    """``wkmp-lab relocate``"""
    from wkmp_lab.library.relocate import relocate

    path = relocate(options.old, options.new, store=options.store)
    _say(f"what is known of {options.old} is that of {options.new} now: {path}")
    return DONE


def run_catalogue_add(options: argparse.Namespace) -> int:
    """``wkmp-lab catalogue add``"""
    from wkmp_lab.collection.teach import add_results
    from wkmp_lab.display.safe_text import clean_text
    from wkmp_lab.io.catalogue.jsonl import (
        SUFFIX,
        load_fingerprints,
        read_catalogue_file,
    )
    from wkmp_lab.library.session import open_session

    if (options.catalogue or "").endswith(SUFFIX):
        raise InvalidInputError(f"what grows is an SQLite file, got {options.catalogue!r}")
    source = Path(options.source)
    opened = None if source.suffix == SUFFIX else open_session(source, store=options.store)
    results = opened.results if opened is not None else ()
    music = None if source.suffix == SUFFIX else source
    with _open_catalogue(options, music_folder=music) as catalogue:
        if source.suffix == SUFFIX:
            n_new = load_fingerprints(catalogue, read_catalogue_file(source))
        else:
            n_new = add_results(catalogue, results)
        _say(f"{n_new} fingerprints added; {len(catalogue)} recordings in {catalogue.path}")
    for remark in opened.snapshot().remarks if opened is not None else ():
        _say(f"  {clean_text(remark)}")
    return DONE


def run_catalogue_write(options: argparse.Namespace) -> int:
    """``wkmp-lab catalogue write``"""
    from wkmp_lab.io.catalogue.jsonl import write_catalogue_file

    with _open_catalogue(options) as catalogue:
        n_written = write_catalogue_file(catalogue.read_fingerprints(), Path(options.file))
    _say(f"{n_written} fingerprints written to {options.file}")
    return DONE


def run_catalogue_list(options: argparse.Namespace) -> int:
    """``wkmp-lab catalogue list``"""
    from wkmp_lab.display.numbers import format_count

    with _open_catalogue(options) as catalogue:
        entries = catalogue.list_recordings()
    if options.json:
        _say(json.dumps([dataclasses.asdict(entry) for entry in entries]))
        return DONE
    for entry in entries:
        count = format_count(entry.n_fingerprints, "fingerprint")
        _say(f"{_name_recording(entry.recording)} | {count}")
    if not entries:
        _say(f"no recordings in {catalogue.path}")
    return DONE


def run_catalogue_query(options: argparse.Namespace) -> int:
    """``wkmp-lab catalogue query``"""
    from functools import partial

    from wkmp_lab.fingerprinting.fingerprint import decode_fingerprint
    from wkmp_lab.pipeline.measure import fingerprint_file
    from wkmp_lab.runner.decoder_child import run_in_child

    work = partial(fingerprint_file, options.file)
    fingerprint = run_in_child(work, path=options.file)
    with _open_catalogue(options) as catalogue:
        matches = catalogue.query(decode_fingerprint(fingerprint.text))
    if options.json:
        _say(json.dumps([dataclasses.asdict(match) for match in matches]))
        return DONE
    for match in matches:
        _say(
            f"{_name_recording(match.recording)} | bit error {match.bit_error:.3f}, "
            f"{match.overlap_s:.0f} s in common from {match.offset_s:.1f} s"
        )
    if not matches:
        _say("nothing in the catalogue is like it")
    return DONE


def run_flavors_add(options: argparse.Namespace) -> int:
    """``wkmp-lab flavors add``"""
    from tqdm import tqdm

    from wkmp_lab.display.safe_text import clean_text
    from wkmp_lab.io.catalogue.flavor_dump import FlavorFile, add_dump
    from wkmp_lab.library.store.places import require_outside_libraries

    path = _find_flavors(options)
    require_outside_libraries(path)
    with (
        FlavorFile(path, is_writer=True) as flavors,
        tqdm(unit=" documents", file=sys.stderr, disable=None) as bar,
    ):
        count = add_dump(
            flavors, options.source, on_progress=lambda count: bar.update(count.n_read - bar.n)
        )
        _say(f"{count.n_new} flavors added; {len(flavors)} in {flavors.path}")
    if count.n_passed_over:
        _say(f"{count.n_passed_over} documents passed over; the last: {clean_text(count.why)}")
    return DONE


def run_flavors_query(options: argparse.Namespace) -> int:
    """``wkmp-lab flavors query``"""
    from wkmp_lab.io.catalogue.flavor_dump import FlavorFile
    from wkmp_lab.names import read_mbid

    mbid = read_mbid(options.mbid)
    if mbid is None:
        raise InvalidInputError(f"a recording id is a UUID, got {options.mbid!r}")
    with FlavorFile(_find_flavors(options)) as flavors:
        found = flavors.read([mbid]).get(mbid)
    if options.json:
        _say(json.dumps(None if found is None else dataclasses.asdict(found)))
    elif found is None:
        _say("no flavor of this recording is known")
    else:
        _say(f"{found.source}, submission {found.submission}")
        for name, shares in found.categories.items():
            likeliest = max(shares, key=lambda element: shares[element])
            _say(f"  {name:20s} {likeliest} ({shares[likeliest]:.0%})")
    return DONE


_RUNS: Runs = MappingProxyType(
    {
        "import": run_import,
        "examine": run_examine,
        "plan": run_plan,
        "relocate": run_relocate,
        "catalogue add": run_catalogue_add,
        "catalogue list": run_catalogue_list,
        "catalogue query": run_catalogue_query,
        "catalogue write": run_catalogue_write,
        "flavors add": run_flavors_add,
        "flavors query": run_flavors_query,
    }
)


@contextlib.contextmanager
def _cancelling(session: "ImportSession") -> Iterator[None]:
    """Ctrl-C and SIGTERM end the import softly, however often they come."""

    def cancel(_number: int, _frame: FrameType | None) -> None:
        session.cancel()

    numbers = (signal.SIGINT, signal.SIGTERM)
    try:
        old = [signal.signal(number, cancel) for number in numbers]
    except ValueError:  # not the main thread: signals are somebody else's business
        yield
        return
    try:
        yield
    finally:
        for number, handler in zip(numbers, old, strict=True):
            signal.signal(number, handler)


def _summarise(session: "ImportSession", written: Sequence[Path]) -> dict[str, object]:
    now = session.snapshot()
    return {
        "session_id": now.session_id,
        "state": now.state,
        "folder": now.folder,
        "store": str(session.store_path),
        "n_files": now.n_files,
        "n_finished": now.n_finished,
        "n_failed": now.n_failed,
        "n_passages": now.n_passages,
        "n_passages_by_level": now.n_passages_by_level,
        "elapsed_s": now.elapsed_s,
        "n_jobs": now.n_jobs,
        "failures": [
            {
                "path": r.path,
                "phase": r.failure.phase,
                "reason": r.failure.reason,
                "cause": r.failure.cause,
            }
            for r in session.results
            if r.failure is not None
        ],
        "skipped": [{"path": path, "reason": reason} for path, reason in session.skipped],
        "written": [str(path) for path in written],
    }


def _open_catalogue(
    options: argparse.Namespace, *, music_folder: Path | None = None
) -> "Catalogue":
    from wkmp_lab.io.catalogue.jsonl import open_catalogue
    from wkmp_lab.lookup.services import find_catalogue

    path = find_catalogue(IdentifySettings(catalogue=options.catalogue))
    return open_catalogue(path, music_folder=music_folder)


def _find_flavors(options: argparse.Namespace) -> Path:
    from wkmp_lab.lookup.services import find_flavors

    return find_flavors(IdentifySettings(flavors=options.flavors))


def _name_recording(recording: "Recording") -> str:
    from wkmp_lab.display.safe_text import clean_text

    names = " - ".join(name for name in (recording.artist, recording.title) if name)
    return clean_text(f"{names or 'no name'} [{recording.mbid or 'no id'}]")


def _in_one_line(error: Exception) -> str:
    from wkmp_lab.display.safe_text import clean_text

    if isinstance(error, OSError) and error.strerror and error.filename:
        return clean_text(f"{error.strerror}: {error.filename!r}")
    return clean_text(str(error)) or type(error).__name__


def _say(text: str) -> None:
    print(text)  # noqa: T201 (what the command is for)
