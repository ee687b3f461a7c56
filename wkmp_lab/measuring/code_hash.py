"""The hash of a function's code: equal for equal code in every process, without its source.

What is hashed is what the interpreter runs: bytecode, constants, the names it uses, nested code,
defaults, closure values, and those global values and functions of the same module that the code
names. Where a line stands, how a local variable is called and comments do not count. What cannot
be hashed counts by its type alone: that is what a measure's ``version`` is for. Another version
of Python compiles otherwise, and so makes other hashes.
"""

import dis
import hashlib
import types
from collections.abc import Callable, Iterator
from typing import Any

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))


def hash_code(function: Callable[..., object]) -> str:
    """Hash of a function's code, 16 hexadecimal digits.

    >>> def at(hop=512):
    ...     return lambda y: y[::hop]
    >>> hash_code(at(512)) == hash_code(at(512)), hash_code(at(512)) == hash_code(at(256))
    (True, False)
    """
    return hashlib.sha256(_describe(function, ()).encode()).hexdigest()[:16]


def _describe(value: object, outer: tuple[int, ...]) -> str:
    """A value as text that is the same wherever the value is; ``outer`` are those it lies in."""
    if isinstance(value, _PLAIN):
        return f"{type(value).__name__} {value!r}"
    if id(value) in outer:
        return f"again {outer.index(id(value))}"
    inner = (*outer, id(value))
    if isinstance(value, types.CodeType):
        return _describe_code(value, inner)
    if isinstance(value, types.FunctionType):
        return _describe_function(value, inner)
    if isinstance(value, tuple | list):
        return f"{type(value).__name__} [{', '.join(_describe(each, inner) for each in value)}]"
    if isinstance(value, set | frozenset):  # in another order in every process
        return f"set [{', '.join(sorted(_describe(each, inner) for each in value))}]"
    if isinstance(value, dict):
        pairs = (f"{_describe(k, inner)}: {_describe(v, inner)}" for k, v in value.items())
        return f"dict [{', '.join(pairs)}]"
    if hasattr(value, "dtype") and hasattr(value, "shape") and hasattr(value, "tobytes"):
        digest = hashlib.sha256(value.tobytes()).hexdigest()
        return f"array {value.dtype} {value.shape} {digest}"
    named = value if hasattr(value, "__qualname__") else type(value)
    module = getattr(named, "__module__", "")
    return f"{module}.{getattr(named, '__qualname__', type(value).__name__)}"


def _describe_function(function: types.FunctionType, outer: tuple[int, ...]) -> str:
    parts: list[object] = [function.__code__, function.__defaults__, function.__kwdefaults__]
    parts += [_read_cell(cell) for cell in function.__closure__ or ()]
    told = [_describe(each, outer) for each in parts]
    told += [f"{name}={_describe(each, outer)}" for name, each in _globals_of(function)]
    return f"function [{'; '.join(told)}]"


def _describe_code(code: types.CodeType, outer: tuple[int, ...]) -> str:
    parts = (
        code.co_code,
        getattr(code, "co_exceptiontable", b""),
        code.co_names,
        code.co_consts,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags),
    )
    return f"code [{'; '.join(_describe(each, outer) for each in parts)}]"


def _read_cell(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet, as in a function that names itself
        return None


def _globals_of(function: types.FunctionType) -> Iterator[tuple[str, object]]:
    """What the code names of its module and can be hashed: values, and functions of it."""
    for name in sorted(_names_of(function.__code__)):
        value = function.__globals__.get(name)
        is_own = isinstance(value, types.FunctionType) and value.__module__ == function.__module__
        if is_own or _is_value(value):
            yield name, value


def _is_value(value: object) -> bool:
    if isinstance(value, tuple | list | set | frozenset):
        return all(isinstance(each, _PLAIN) for each in value)
    return isinstance(value, _PLAIN) and value is not None


def _names_of(code: types.CodeType) -> set[str]:
    names = {each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_of(constant)
    return names
