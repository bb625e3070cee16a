"""What the benchmark prints: one Markdown table."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

HEAD = ("What", "Measured", "Beside", "Ratio", "Aim")


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `aim` is what the ratio or the value must not exceed."""

    what: str
    value: str
    beside: str = ""
    ratio: str = ""
    aim: str = ""


def print_table(rows: Sequence[Row]) -> None:
    """Print rows as Markdown, in columns that line up."""
    cells = [HEAD, *(astuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    cells.insert(1, tuple("-" * width for width in widths))
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"| {' | '.join(padded)} |", flush=True)


def times(value: float, other: float) -> str:
    """Return a ratio as text."""
    return f"{value / other:.2f}x" if other > 0 else "-"


def milliseconds(seconds: float) -> str:
    """Return a time as text."""
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.2f} s"


def kilobytes(count: float) -> str:
    """Return a size as text."""
    return f"{count / 1e3:.1f} kB"


def verdict(aim: str, met: bool) -> str:
    """Return an aim and whether it is met."""
    return f"{aim}: {'met' if met else 'missed'}"


def at_most(most: float, value: float, floor: float) -> str:
    """Return the aim of a ratio and whether it is met."""
    return verdict(f"<= {most:g}x", value <= most * floor)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile; with few values, p99 is the greatest."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
