"""Printing a compliance report as a table."""

from typing import Any

from rich.console import Console
from rich.table import Table

COLORS = {"PASS": "green", "FAIL": "red", "WARN": "yellow", "NA": "dim", "NOT_EVALUABLE": "magenta"}


def print_report(console: Console, report: dict[str, Any]) -> None:
    """Print the required measures, then guidance and defaults, then how complete the facts were."""
    results = report["results"]
    headline = results["headline"]
    title = f"Compliance report {report['period_start']} to {report['period_end']}"
    table = Table(title=title, title_justify="left")
    for name in ("measure", "", "of", "%", "verdict", "authority", "target"):
        table.add_column(name, justify="right" if name in ("", "of", "%", "target") else "left")
    for required in (True, False):
        for row in results["measures"]:
            if row["required"] is required:
                table.add_row(*_cells(row))
        table.add_section()
    console.print(table)
    console.print(
        f"{headline['passed']} of {headline['judged']} measures that a law, a state or a certification body sets "
        "are met; the lower block is guidance and defaults."
    )
    lag = "not measured" if report["lag_seconds"] is None else f"{report['lag_seconds']:.1f} s"
    console.print(f"As of {report['as_of']}; event lag {lag}; {report['missing_events']} events missing.")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    color = COLORS[row["verdict"]]
    target = "" if row["target"] is None else f"{row['target']:g} %"
    percent = "" if row["percent"] is None else f"{row['percent']:.1f}"
    return (
        f"{row['measure_id']} {row['name']}",
        f"{row['numerator']:,}",
        f"{row['denominator']:,}",
        percent,
        f"[{color}]{row['verdict']}[/{color}]",
        row["authority"],
        target,
    )
