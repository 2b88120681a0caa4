"""The annual reports add up, and what the answers recompute from them is right."""

import re

import pytest

from tests.examples.conftest import EXAMPLES, answers

ROW = re.compile(r"^\| *([^|]*?) *\|(.*)\|$", re.MULTILINE)


def _figures(year: int) -> dict[str, list[float]]:
    """Label -> this year's figure and last year's, from the first table that has the label."""
    source = EXAMPLES / "_sources" / "earnings" / f"annual-report-{year}.md"
    found: dict[str, list[float]] = {}
    for label, cells in ROW.findall(source.read_text(encoding="utf-8")):
        values = [c.strip().replace(",", "") for c in cells.split("|")]
        numbers = [re.sub(r"^\((.*)\)$", r"-\1", v) if v != "-" else "0" for v in values]
        if all(re.fullmatch(r"-?[\d.]+", n) for n in numbers):
            found.setdefault(label, [float(n) for n in numbers])
    return found


@pytest.mark.parametrize("year", [2024, 2025])
@pytest.mark.parametrize("column", [0, 1])
def test_the_statements_add_up(year: int, column: int) -> None:
    figures = {label: values[column] for label, values in _figures(year).items()}

    def total(*labels: str) -> float:
        return sum(-figures.get(x[1:], 0) if x[0] == "-" else figures.get(x, 0) for x in labels)

    revenue = total("Heat Pumps", "Chillers", "Service and Parts")
    gross = total("Net revenue", "-Cost of revenue")
    operating = total(
        "Gross profit", "-Research and development", "-Selling, general and administrative",
        "-Restructuring", "-Amortization of intangible assets",
    )  # fmt: skip
    assert revenue == figures["Net revenue"] and gross == figures["Gross profit"]
    assert operating == figures["Operating income"]
    pretax = total("Operating income", "-Interest expense", "Other income, net")
    assert pretax == figures["Income before taxes"]
    assert pretax - figures["Income taxes"] == figures["Net income"]
    per_share = figures["Net income"] / figures["Diluted shares (thousands)"]
    assert round(per_share, 2) == figures["Diluted earnings per share ($)"]
    current = total("Cash", "Accounts receivable, net", "Inventories", "Prepaid expenses")
    assert current == figures["Total current assets"]
    assert figures["Total assets"] == figures["Total liabilities and stockholders' equity"]
    assert figures["Total assets"] == total(
        "Total current assets", "Property, plant and equipment, net", "Goodwill",
        "Intangible assets, net", "Other assets",
    )  # fmt: skip
    assert figures["Total assets"] == total(
        "Total current liabilities", "Long-term debt", "Other liabilities", "Stockholders' equity"
    )
    moved = total(
        "Net cash provided by operating activities", "Capital expenditures", "Borrowings",
        "Acquisition of Pellgate Controls", "Repayment of debt", "Dividends paid",
        "Repurchase of shares",
    )  # fmt: skip
    assert moved == figures.get("Increase (decrease) in cash", figures.get("Increase in cash"))
    reserve = total("Balance at beginning of year", "Provision", "Settlements")
    assert reserve == figures["Balance at end of year"]
    quarters = _figures(year)[f"Fiscal {year - column}"]
    assert sum(quarters) == figures["Net revenue"]


def test_the_two_reports_agree_on_the_year_they_share() -> None:
    old, new = _figures(2024), _figures(2025)
    shared = {label for label in old.keys() & new.keys() if not label.startswith("Fiscal")}
    assert len(shared) > 30
    assert {label for label in shared if old[label][0] != new[label][1]} == set()
    assert old["Fiscal 2024"] == new["Fiscal 2024"]


def test_the_answers_recompute_rightly() -> None:
    now = {label: values[0] for label, values in _figures(2025).items()}
    before = {label: values[1] for label, values in _figures(2025).items()}
    what = {trap["id"]: trap["what"] for trap in answers("earnings")["trap"]}
    revenue, earlier = now["Net revenue"], before["Net revenue"]
    cash = [f["Net cash provided by operating activities"] + f["Capital expenditures"]
            for f in (now, before)]  # fmt: skip
    quarters = _figures(2025)
    net_debt = now["Current portion of long-term debt"] + now["Long-term debt"] - now["Cash"]
    ebitda = now["Operating income"] + 9_385 + now["Amortization of intangible assets"]
    for trap, said in [
        ("gross-margin-in-the-call", f"{now['Gross profit'] / revenue:.1%}"),
        ("organic-growth", f"{(revenue - 6_120) / earlier - 1:.1%}"),
        ("record-quarter", f"{quarters['Fiscal 2025'][3] / quarters['Fiscal 2024'][3] - 1:.1%}"),
        ("days-sales-outstanding", f"{now['Accounts receivable, net'] / revenue * 365:.1f} days"),
        (
            "days-sales-outstanding",
            f"{before['Accounts receivable, net'] / earlier * 365:.1f} days",
        ),
        ("hall-over-budget", f"{24.3 / 21 - 1:.1%} more"),
        ("leverage-definition", f"{net_debt:,.0f} / "),
        ("leverage-definition", f"= {net_debt / ebitda:.1f} times"),
        ("guidance-missed", f"{now['Operating income'] / revenue:.1%}"),
        ("figures-that-agree", f"up {cash[0] / cash[1] - 1:.0%}"),
        ("figures-that-agree", f"{(now['Operating income'] + now['Restructuring']) / revenue:.1%}"),
    ]:
        assert said in what[trap], (trap, said)


def test_the_shortfalls_of_the_deal_room() -> None:
    what = {trap["id"]: trap["what"] for trap in answers("deal-room")["trap"]}
    assert f"£{(18_000 - 16_850) * 11.40:,.0f}" in what["shortfall-payment"]
    assert f"£{18_000 * 11.40:,.0f}" in what["change-of-control-in-boilerplate"]
