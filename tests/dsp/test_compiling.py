"""Kernels are compiled when they are first called, and numba is loaded no sooner."""

import subprocess
import sys

import numpy as np

from wkmp_lab.dsp.compiling import njit


@njit()
def _add_one(value: float) -> float:
    return value + 1.0


_ADD_ONE = _add_one


@njit()
def _sum_each_plus_one(values: np.ndarray) -> float:
    total = 0.0
    for value in values:
        total += _add_one(value)
    return total


def test_a_kernel_computes_what_its_function_says():
    assert _sum_each_plus_one(np.array([1.0, 2.0])) == 5.0


def test_a_kernel_that_another_calls_is_compiled_with_it():
    _sum_each_plus_one(np.array([1.0]))

    assert _add_one is _ADD_ONE.compile()  # numba's own stands in its place


def test_a_kernel_keeps_its_name_and_documentation():
    assert _add_one.__name__ == "_add_one"
    assert _add_one.__module__ == __name__


def test_to_start_an_import_loads_neither_decoders_nor_compilers_nor_pandas():
    heavy = ("numba", "av", "soxr", "scipy.fft", "pandas", "mutagen")
    code = f"import sys, wkmp_lab.library.session; print([m for m in {heavy} if m in sys.modules])"

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert shown.stdout.strip() == "[]"
