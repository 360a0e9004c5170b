"""Their plain forecasts and trees beside ours."""

from datetime import datetime
from typing import Any

from jobs.tests.bank_comparison import Ask, Comparison

FLOORS = {
    "a_global_rate": "rate", "b_stage": "stage", "c_stage_x_age": "stage_age",
    "d_stage_won_of_closed_no_horizon": "won_of_closed", "e_conditional_incidence": "incidence",
}  # fmt: skip
TREES = "x_boosted_trees_headroom"  # of scikit-learn: what is possible, and ours has to reach


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def as_good(found: Comparison, what: str, ours: Any, theirs: Any) -> None:
    """Other trees on the same rows, of scikit-learn: to the digit only with its version, so ours have to come as near.

    On a single snapshot within a twentieth.
    """
    most = 1.0 if what.startswith("pooled") else 1.05
    if ours is None:
        found.wrong.append(f"{what}: no forecast of ours")
        return
    for name, value in theirs.items():
        mine = ours[name]
        if name == "auc":
            found.compared += 1
            if mine * most < value:
                found.wrong.append(f"{what} auc: ours has {mine}, their trees {value}")
        elif name in ("brier", "log_loss"):
            found.compared += 1
            if mine > most * value:
                found.wrong.append(f"{what} {name}: ours has {mine}, their trees {value}")
        else:  # sums and errors of sums
            money = (
                theirs["expected_price"] if name == "price_error" else 1 if name.endswith("_price") else value
            )
            found.near(f"{what} {name}", mine, value, 0.05 * (value if name == "expected_price" else money))


def floors(found: Comparison, ask: Ask, told: Any) -> None:
    tried = ask("forecast", days="30")["calibration"]
    ours_then = {one["snapshot"]: one for one in tried["snapshots"]}
    for by in ("month", "week"):
        theirs, ours = told["12_forecast_floors"][f"{by}ly"], ask("forecast-floors", by=by)
        found.equal(f"{by}s", len(ours["rows"]), len(theirs["snapshots"]))
        for mine, row in zip(ours["rows"], theirs["snapshots"], strict=True):
            what = f"{by} {row['snapshot']}"
            found.equal(f"{what} moment", unix(mine["snapshot"]), row["unix"])
            for name, ours_name in (
                ("training_landmarks", "learnt_from"), ("training_wins", "learnt_wins"),
                ("training_days", "learnt_days"), ("open", "n"), ("open_price", "price"),
                ("won_in_30_days", "won"), ("won_price", "price_won"),
            ):  # fmt: skip
                found.equal(f"{what} {name}", mine[ours_name], row[name])
            for model, figures in row.get("models", {}).items():
                if model == TREES:
                    other = ours_then.get(mine["snapshot"])
                    as_good(found, what, other, figures)
                    continue
                for name, value in figures.items():
                    found.equal(f"{what} {model} {name}", mine["models"][FLOORS[model]][name], value)
        for name, table in theirs.items():
            if not name.startswith("pooled_") or isinstance(table, str):
                continue
            mine = ours["all" if name == "pooled_all" else "worth"]
            for figure, ours_name in (("snapshots", "snapshots"), ("open", "n"), ("won", "won")):
                found.equal(f"{name} {figure}", mine[ours_name], table[figure])
            for model, figures in table.items():
                if model == TREES:
                    as_good(found, name, tried, figures)
                elif model in FLOORS:
                    for figure, value in figures.items():
                        found.equal(f"{name} {model} {figure}", mine["models"][FLOORS[model]][figure], value)
