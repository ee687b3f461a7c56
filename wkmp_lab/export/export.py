"""Results as files: tables in four formats, and what players, editors and WKMP read.

The same results give the same bytes. Each file is replaced in one step, so that an export that
breaks off leaves the old files whole. Nothing is ever written into the music folder.
"""

import importlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import pandas as pd

from wkmp_lab.display.safe_text import neutralise_formula
from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.export.html_report import export_report
from wkmp_lab.export.playlists import export_cue, export_labels, export_m3u
from wkmp_lab.export.wkmp import export_wkmp
from wkmp_lab.export.xlsx import MAX_ROWS, Cell, LongText, Sheet, write_workbook
from wkmp_lab.io.files.atomic_write import write_atomically
from wkmp_lab.io.files.write_guard import require_outside
from wkmp_lab.model import FileResult
from wkmp_lab.tables.tables import TABLES

WHERE_THERE_ARE = ("measures",)
"""Tables that most libraries have no row of, and then no file."""
TableWriter = Callable[[pd.DataFrame, Path], None]


class Exporter(Protocol):
    """What writes one format into a folder, and nothing into the music."""

    def __call__(
        self, results: Sequence[FileResult], folder: Path, *, music_folder: Path | None
    ) -> list[Path]:
        """Write, and tell which files."""


def export_results(
    results: Sequence[FileResult],
    folder: str | Path,
    *,
    formats: str | Sequence[str] = "csv",
    music_folder: str | Path | None = None,
    has_bom: bool = False,
) -> tuple[Path, ...]:
    """Write results into a folder, in each of the formats.

    ``csv``, ``parquet`` and ``json`` (JSON Lines, ``.jsonl``) write one file per table: files,
    passages, candidates, evidence, flavors, musical_flavors, gaps, timeline, failures, and
    measures where there are any of your own. ``xlsx``
    writes them as the sheets of one workbook, ``library.xlsx``; texts that no cell can hold
    (fingerprints of more than half an hour) stand whole in ``library_long_texts.csv`` beside it.
    ``wkmp`` writes ``wkmp.db``, ``cue`` and ``labels`` (Audacity) one file per audio file into a
    folder of that name, ``m3u`` a playlist of all passages, ``html`` a report in one file.

    Text that a spreadsheet would take for a formula is prefixed with ``'`` in CSV and XLSX, and
    left as it is elsewhere.

    Parameters
    ----------
    results
        In any order.
    folder
        Where to; made where missing.
    formats
        One or several of :data:`FORMATS`.
    music_folder
        A folder that nothing may be written into; each file is asked for as it is written.
    has_bom
        Begin CSV with a byte order mark, without which Excel takes it for another encoding.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    InvalidInputError
        A format is not known, or the folder lies in the music folder.
    WkmpLabError
        A file could not be written.
    """
    formats = (formats,) if isinstance(formats, str) else tuple(formats)
    check_formats(formats)
    target = check_folder(folder, music_folder=music_folder, formats=formats)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WkmpLabError(f"cannot make the folder {str(folder)!r}: {error.strerror}") from error
    ordered = sorted(results, key=lambda result: result.path)
    music = None if music_folder is None else Path(music_folder).expanduser()
    written: list[Path] = []
    for name in dict.fromkeys(formats):
        write = CSV_WITH_BOM if has_bom and name == "csv" else FORMATS[name]
        written += write(ordered, target, music_folder=music)
    return tuple(written)


def check_formats(formats: Sequence[str]) -> None:
    """Raise InvalidInputError where a format is not known, or none is given.

    Also WkmpLabError where a package that a format needs is not installed.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InvalidInputError(
            f"formats must be some of {', '.join(FORMATS)}, got {', '.join(unknown) or 'none'}"
        )
    if "parquet" in formats:
        try:
            importlib.import_module("pyarrow")
        except ImportError as error:
            raise WkmpLabError(
                "format 'parquet' needs the package pyarrow: pip install pyarrow"
            ) from error


def check_folder(
    folder: str | Path,
    *,
    music_folder: str | Path | None = None,
    formats: Sequence[str] = (),
) -> Path:
    """The resolved path of a folder to export to, which need not be there yet.

    Parameters
    ----------
    folder
        Where to.
    music_folder
        Where nothing may be written.
    formats
        What will be written: some make folders of their own in it, which are looked at too.

    Raises
    ------
    InvalidInputError
        It lies in the music folder or leads there, is a file, or may not be written to.
    """
    resolved = Path(folder).expanduser().resolve()
    there = next(place for place in (resolved, *resolved.parents) if place.exists())
    if not there.is_dir():
        raise InvalidInputError(f"expected a folder to export to, got a file: {str(there)!r}")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InvalidInputError(f"exports may not be written to {str(there)!r}: no permission")
    for place in (resolved, *(resolved / name for name in formats)):
        require_outside(place, music_folder=music_folder)
    return resolved


def _write_csv(table: pd.DataFrame, path: Path, *, encoding: str = "utf-8") -> None:
    _neutralise(table).to_csv(path, index=False, lineterminator="\n", encoding=encoding)


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False, engine="pyarrow")


def _write_json(table: pd.DataFrame, path: Path) -> None:
    names = list(table.columns)
    with path.open("w", encoding="utf-8", newline="\n") as lines:
        for row in _rows(table):
            record = dict(zip(names, row, strict=True))
            lines.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


def _export_workbook(
    results: Sequence[FileResult], folder: Path, *, music_folder: Path | None
) -> list[Path]:
    """``library.xlsx`` with every table, and what is too long for it in a CSV file beside it."""
    sheets: dict[str, Sheet] = {}
    for name, make_table in TABLES.items():
        sheets |= _make_sheets(name, make_table(results))
    beside = folder / "library_long_texts.csv"
    long_texts: list[LongText] = []

    def write(place: Path) -> None:
        long_texts[:] = write_workbook(place, sheets, long_texts=beside.name)

    written = [write_atomically(folder / "library.xlsx", write, music_folder=music_folder)]
    if long_texts:
        table = pd.DataFrame(long_texts)
        written.append(
            write_atomically(beside, partial(_write_csv, table), music_folder=music_folder)
        )
    return written


def _make_sheets(name: str, table: pd.DataFrame) -> dict[str, Sheet]:
    """A table as a sheet, or as several where it is longer than one can be."""
    columns, rows, room = list(table.columns), list(_rows(_neutralise(table))), MAX_ROWS - 1
    return {
        name if part == 1 else f"{name} {part}": (columns, rows[start : start + room])
        for part, start in enumerate(range(0, max(len(rows), 1), room), 1)
    }


def _neutralise(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its text columns as a spreadsheet may see them."""
    shown = table.copy(deep=False)
    for name in table.columns[table.dtypes == "string"]:
        neutral = table[name].map(neutralise_formula, na_action="ignore")
        shown[name] = neutral.astype("string")
    return shown


def _rows(table: pd.DataFrame) -> Iterator[tuple[Cell, ...]]:
    """The rows in Python's own types; None where a value is missing or not finite."""
    columns = []
    for name in table:
        column = table[name].astype(object)
        values = column.where(table[name].notna(), None).tolist()
        columns.append(
            [None if isinstance(v, float) and not math.isfinite(v) else v for v in values]
        )
    return zip(*columns, strict=True)


def _export_tables(
    results: Sequence[FileResult],
    folder: Path,
    *,
    write: TableWriter,
    suffix: str,
    music_folder: Path | None,
) -> list[Path]:
    written = []
    for name, make_table in TABLES.items():
        table = make_table(results)
        if table.empty and name in WHERE_THERE_ARE:
            continue
        write_table = partial(write, table)
        path = folder / f"{name}{suffix}"
        written.append(write_atomically(path, write_table, music_folder=music_folder))
    return written


def _table_exporter(write: TableWriter, suffix: str) -> Exporter:
    def export_tables(
        results: Sequence[FileResult], folder: Path, *, music_folder: Path | None
    ) -> list[Path]:
        return _export_tables(
            results, folder, write=write, suffix=suffix, music_folder=music_folder
        )

    return export_tables


FORMATS: Mapping[str, Exporter] = MappingProxyType(
    {
        "csv": _table_exporter(_write_csv, ".csv"),
        "parquet": _table_exporter(_write_parquet, ".parquet"),
        "xlsx": _export_workbook,
        "json": _table_exporter(_write_json, ".jsonl"),
        "wkmp": export_wkmp,
        "cue": export_cue,
        "labels": export_labels,
        "m3u": export_m3u,
        "html": export_report,
    }
)
"""Every format by name, with what writes it."""
CSV_WITH_BOM = _table_exporter(partial(_write_csv, encoding="utf-8-sig"), ".csv")
"""CSV as Excel knows it for UTF-8."""
