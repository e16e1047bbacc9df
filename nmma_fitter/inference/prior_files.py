"""Prior files, read without trust.

bilby evaluates the text of a prior file; a prior file may come from anyone. So each line is parsed
here as Python's own grammar, only known classes, literals and plain arithmetic are accepted, and
the priors are built from those values: no text is ever evaluated.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from nmma_fitter.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from bilby.core.prior import PriorDict
    from numpy.typing import NDArray

FloatArray: TypeAlias = "NDArray[np.float64]"

# fmt: off
CLASSES = (
    "Beta", "Cauchy", "ChiSquared", "Cosine", "DeltaFunction", "Exponential", "FermiDirac",
    "Gamma", "Gaussian", "HalfGaussian", "HalfNormal", "Interped", "LogGaussian", "LogNormal",
    "LogUniform", "Logistic", "Lorentzian", "Normal", "PowerLaw", "Sine", "StudentT",
    "SymmetricLogUniform", "Triangular", "TruncatedGaussian", "TruncatedNormal", "Uniform",
)
# fmt: on
PREFIXES = ("bilby.core.prior.", "bilby.core.prior.analytical.", "bilby.prior.")
CONSTANTS = {
    f"{module}{name}": value
    for name, value in {"pi": math.pi, "e": math.e, "inf": math.inf}.items()
    for module in ("", "np.", "numpy.", "math.")
}
BINARY: dict[type[ast.operator], Callable[[float, float], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
LONGEST_LINE = 20_000
LARGEST_FILE = 1_000_000
# A table prior is sampled by straight lines through its cumulative at the given points, so few
# points give another density than the one declared; a cumulative wrong by 1 % is seen by nobody.
TABLE_TOLERANCE = 0.01


def load_priors(source: Path | str, name: str = "") -> PriorDict:
    """Read a prior file of bilby's form, or the text of one.

    Parameters
    ----------
    source : Path or str
        A path; or, when it holds ``=`` or a newline, the text itself.
    name : str, optional
        What a message calls the text.

    Raises
    ------
    BadInput
        Naming file and line, what is wrong there and what may stand instead.
    """
    text, own = _read(source)
    name = name or own
    declared = _declared(text, name)
    from bilby.core.prior import PriorDict  # 2 s

    found: dict[str, Any] = {}
    for key, (number, one) in declared.items():
        try:
            found[key] = _build(key, *one)
        except _RefusedError as refused:
            raise BadInput(f"{name}, line {number}: {refused}") from None
    return PriorDict(found)


def _declared(text: str, name: str) -> dict[str, tuple[int, _Declared]]:
    """Each parameter's line and what stands there, before any prior is made."""
    found: dict[str, tuple[int, _Declared]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            key, declared = _parse_line(line)
            if key in found:
                raise _RefusedError(f"{key} is set twice; keep one of the lines")
        except _RefusedError as refused:
            raise BadInput(f"{name}, line {number}: {refused}") from None
        found[key] = number, declared
    if not found:
        raise BadInput(f"{name}: no prior in it; write lines such as {EXAMPLE}")
    return found


EXAMPLE = "log10_Menv = Uniform(minimum=-5, maximum=0)"


_Declared = tuple[str, list[Any], dict[str, Any]]  # class, arguments, named arguments


class _RefusedError(Exception):
    """What is wrong with a line, and the remedy."""


def names_in(text: str) -> list[str]:
    """Names of the parameters that the text of a prior file sets, without making the priors."""
    codes = (line.partition("#")[0] for line in text.splitlines())
    return [code.partition("=")[0].strip() for code in codes if "=" in code]


def _read(source: Path | str) -> tuple[str, str]:
    if isinstance(source, str) and ("=" in source or "\n" in source):
        return source, "prior text"
    return read_text(Path(source)), str(source)


def read_text(path: Path) -> str:
    """Text of a prior file; raises `BadInput` when it cannot be read or a line is none of one."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{path}: a prior file of more than {LARGEST_FILE} bytes is refused")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot read the prior file: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: a prior file is UTF-8 text, this is not") from error
    _declared(text, str(path))
    return text


def _parse_line(line: str) -> tuple[str, _Declared]:
    """One line to its parameter's name and prior."""
    if len(line) > LONGEST_LINE:
        raise _RefusedError(f"longer than {LONGEST_LINE} characters")
    try:
        statements = ast.parse(line.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _RefusedError(f"cannot be read; write it as {EXAMPLE}") from None
    match statements:
        case [ast.Assign(targets=[ast.Name(id=key)], value=value)]:
            return key, _declared_by(key, value)
    raise _RefusedError(f"is not 'name = prior'; write it as {EXAMPLE}")


def _declared_by(key: str, node: ast.expr) -> _Declared:
    if not isinstance(node, ast.Call):
        value = _value(node)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _RefusedError(f"{key} is neither a number nor a prior; write it as {EXAMPLE}")
        return "DeltaFunction", [], {"peak": value}
    class_name = _class_name(node.func)
    if any(keyword.arg is None for keyword in node.keywords):
        raise _RefusedError("** is not allowed; name each argument")
    arguments = [_value(argument) for argument in node.args]
    named = {str(keyword.arg): _value(keyword.value) for keyword in node.keywords}
    return class_name, arguments, named


def _class_name(node: ast.expr) -> str:
    full = _dotted(node)
    for prefix in PREFIXES:
        if full.startswith(prefix):
            full = full.removeprefix(prefix)
            break
    if full == "Constraint":
        raise _RefusedError(
            "Constraint is not supported; leave it out, each model keeps its own limits"
        )
    if full not in CLASSES:
        raise _RefusedError(f"{full or 'that'} is not allowed; the priors are {', '.join(CLASSES)}")
    return full


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
    return ""


def _value(node: ast.expr) -> Any:
    """Read a literal, a list of them, or arithmetic on numbers; refuse everything else."""
    match node:
        case ast.Constant(value=(int() | float() | str() | None) as value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return _arithmetic(BINARY[type(op)], _number(left), _number(right))
        case ast.Name() | ast.Attribute() if _dotted(node) in CONSTANTS:
            return CONSTANTS[_dotted(node)]
    raise _RefusedError(
        f"{_shown(node)} is not allowed; use numbers, text, and + - * / ** with np.pi"
    )


def _shown(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 40 else text[:37] + "..."


def _number(node: ast.expr) -> float:
    value = _value(node)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _RefusedError(f"{_shown(node)} is not a number")
    return float(value)  # an int to a power of an int would grow without end


def _arithmetic(operation: Callable[[float, float], Any], left: float, right: float) -> float:
    try:
        value = operation(left, right)
    except (ZeroDivisionError, OverflowError) as error:
        raise _RefusedError(f"arithmetic fails: {error}") from None
    if not isinstance(value, float):
        raise _RefusedError("arithmetic gives no real number")
    return value


def _build(key: str, class_name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
    """Make the bilby prior, checked to have a finite median between two ordered ends."""
    import bilby.core.prior

    named.setdefault("name", key)
    if class_name == "Interped":
        _check_table(*_table(arguments, named))
    try:
        prior = getattr(bilby.core.prior, class_name)(*arguments, **named)
        middle = float(prior.rescale(0.5))
    except Exception as error:  # bilby raises nearly anything for values it cannot use
        raise _RefusedError(f"{class_name} of {key} is refused by bilby: {error}") from None
    if not prior.is_fixed and prior.minimum == prior.maximum:
        raise _RefusedError(f"{key} has no width; write {key} = {prior.minimum}")
    if not math.isfinite(middle):
        raise _RefusedError(f"{key} has no finite median; check its values")
    return prior


def _table(arguments: list[Any], named: dict[str, Any]) -> tuple[FloatArray, FloatArray]:
    import numpy as np

    given = dict(zip(("xx", "yy"), arguments, strict=False)) | named
    try:
        x, y = np.asarray(given["xx"], dtype=float), np.asarray(given["yy"], dtype=float)
    except (KeyError, TypeError, ValueError):
        raise _RefusedError("Interped needs xx and yy, two lists of numbers") from None
    if x.ndim != 1 or x.shape != y.shape or not (np.diff(x) > 0).all() or (y < 0).any():
        raise _RefusedError("Interped needs xx rising and yy ≥ 0, of one length")
    return x, y


def _check_table(x: FloatArray, y: FloatArray) -> None:
    """Refuse a table whose samples would follow another density than it declares.

    Within one interval the declared cumulative is a parabola and the sampled one its chord; they
    differ most in the middle, by ``|y1 - y0| (x1 - x0) / 8`` of the total mass.
    """
    import numpy as np

    if len(x) < 3:
        raise _RefusedError(
            "Interped of two points is sampled uniformly, whatever yy says: use Uniform"
        )
    mass = np.trapezoid(y, x)
    worst = np.max(np.abs(np.diff(y)) * np.diff(x)) / 8 / mass if mass > 0 else math.inf
    if not worst <= TABLE_TOLERANCE:
        raise _RefusedError(
            f"Interped of {len(x)} points would be sampled {worst:.0%} of its mass away from the "
            "density it declares; give more points"
        )
