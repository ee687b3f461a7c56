"""``wl.measure``: what makes a function a measure of one's own."""

from collections.abc import Callable, Mapping
from typing import Any

from wkmp_lab.measuring.measure import Measure, make_measure
from wkmp_lab.model.measured import MeasureTarget
from wkmp_lab.tables.own_columns import list_taken_names
from wkmp_lab.units import ANALYSIS_SR


def measure(
    *,
    version: int | str,
    columns: Mapping[str, str],
    on: MeasureTarget = "passage",
    sr: int | None = ANALYSIS_SR,
) -> Callable[[Callable[..., Any]], Measure]:
    """Make a function a measure: a phase of one's own, whose numbers become columns.

    The function is called as ``function(y, sr=sr, passage=passage)`` in the workers, once a
    passage, and returns a dict of column and value: a number, a text, a bool, or None where there
    is nothing to say (so is NaN). ``y`` is a read-only memory map of the passage's samples,
    ``passage`` tells ``path``, ``index``, ``start_s``, ``end_s``, ``duration_s`` and
    ``amplitude``. What it raises, or returns that does not fit, or a worker that dies of it,
    costs its cells of that row, and stands in the column ``measure_errors``.

    Give it to an import as ``wl.Settings(measures=[function])``. What it has found is kept as
    results are, and measured again where ``version`` or the code has changed: bytecode, constants,
    nested code, defaults, closure values, and the plain values and functions of the same module
    that it names. What else it hangs on, such as another version of a package, ``version`` tells.

    Parameters
    ----------
    version
        Yours to raise.
    columns
        Unit by column, as in ``{"zcr_hz": "Hz"}``. A name that a table has already is refused.
    on
        ``passage``, or ``file``: then it is called once a file with all of its samples, as
        ``function(y, sr=sr, file=file)``; ``file`` is a :class:`FileResult` without tags and
        identities, and its columns are columns of ``files``.
    sr
        22050: ``y`` is the mono signal that all measuring goes by, of shape ``(n,)``. None: all
        channels at the rate of the file, of shape ``(n_channels, n)``; they are written beside
        the decode into the system's folder for temporary files, and gone with the file.

    Returns
    -------
    callable
        Takes the function and returns a :class:`wkmp_lab.measuring.Measure`, which is called like
        it, as by hand in a cell.

    Raises
    ------
    InvalidInputError
        The function takes other arguments, or a column may not be called so.

    Examples
    --------
    >>> @measure(version=1, columns={"peak_share": "1"})
    ... def peak_share(y, *, sr, passage):
    ...     return {"peak_share": float((abs(y) > 0.9).mean())}
    >>> peak_share.info.version
    '1'
    """
    return make_measure(version=version, columns=columns, on=on, sr=sr, taken=list_taken_names())
