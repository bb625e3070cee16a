"""Print what the product makes of the lock models that exist, from each source."""

from collections import Counter
import sys

from tests.devices import Model, load
from tests.devices.judge import SOURCES, Via, judge

from .model_tables import write


def main() -> int:
    """Print the table; return 1 if anything is wrong. `--docs` writes those for owners instead."""
    if sys.argv[1:] == ["--docs"]:
        write()
        return 0
    print("=: right, (n): of n DPs something cannot be known, n?: of n it is missing, n!: wrong")
    for number, via in enumerate(SOURCES, 1):
        print(f"  {number}  {via.name}")
    models, totals, details = load(), Counter[str](), []
    width = max(len(model.name) for model in models)
    for model in models:
        cells = []
        for via in SOURCES:
            cell, verdict, detail = _cell(via, model)
            cells.append(cell)
            totals[verdict] += 1
            details += [f"  {model.name}, {via.name}: {detail}"] * bool(detail)
        print(f"{model.name:{width}}  " + " ".join(f"{cell:>5}" for cell in cells))
    print("\n".join(details))
    pairs = sum(totals[one] for one in ("right", "partly", "missing", "wrong"))
    print(
        f"{len(models)} models, {pairs} pairs of model and source: {totals['right']} right, "
        f"{totals['partly']} right as far as the source can know, {totals['missing']} with "
        f"something missing, {totals['wrong']} wrong"
    )
    return 1 if totals["wrong"] or totals["missing"] else 0


def _cell(via: Via, model: Model) -> tuple[str, str, str]:
    """Return what to show of a model from a source: the cell, the verdict, and the DPs."""
    if not via.reaches(model):
        return "-", "none", ""
    findings = judge(via, model)
    wrong = {one.dp.id: one.wrong for one in findings if one.wrong}
    missing = {one.dp.id: one.missing for one in findings if one.missing and one.knowable}
    unknown = {one.dp.id for one in findings if one.missing and not one.knowable}
    if wrong:
        return f"{len(wrong)}!", "wrong", f"wrong: {_dps(wrong)}"
    if missing:
        return f"{len(missing)}?", "missing", f"missing: {_dps(missing)}"
    if unknown:
        return f"({len(unknown)})", "partly", ""
    return "=", "right", ""


def _dps(facts: dict[int, frozenset[str]]) -> str:
    return "; ".join(f"DP {id_} {', '.join(sorted(of))}" for id_, of in sorted(facts.items()))


if __name__ == "__main__":
    sys.exit(main())
