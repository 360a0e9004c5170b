"""The process map: the stages of a pipeline in a row, the moves between them as arrows."""

from typing import Any

from django.utils.translation import gettext as _

from web.analytics.asking import Asked
from web.analytics.cells import Context, counted, days, number, percent

BOX, GAP, ROW = 132, 52, 96  # of the process map


def draw_process(asked: Asked, answer: dict[str, Any]) -> Context:
    """The stages of one pipeline in a row, moves between neighbours as arrows, skips and returns above, losses down."""
    count: dict[int, int] = {}
    for edge in answer["edges"]:
        stage = asked.scope.all_stages.get(edge["from"])
        if stage is not None and stage.pipeline_id is not None:
            count[stage.pipeline_id] = count.get(stage.pipeline_id, 0) + edge["n"]
    if not count:
        return {}
    pipeline = max(count, key=lambda key: count[key])
    stages = [stage for stage in asked.scope.all_stages.values() if stage.pipeline_id == pipeline]
    edges = [edge for edge in answer["edges"] if asked.scope.all_stages.get(edge["from"]) in stages]
    used = {edge["from"] for edge in edges} | {edge["to"] for edge in edges}
    road = [stage for stage in stages if stage.kind in ("incoming", "work") and stage.pk in used]
    place = {stage.pk: number for number, stage in enumerate(road)}
    chances = {row["stage"]: row for row in answer["chances"]}
    left: dict[str, int] = {}
    for edge in edges:
        left[edge["from"]] = left.get(edge["from"], 0) + edge["n"]
    most = max((edge["n"] for edge in edges), default=1)
    lifts = [
        lift_of(place[edge["from"]], there)
        for edge in edges
        if edge["from"] in place
        and (there := place.get(edge["to"], len(road))) != place[edge["from"]] + 1
        and is_drawn(edge["n"], left[edge["from"]], most)
    ]
    middle = max(lifts, default=0) + 16
    boxes, arrows, losses = [], [], []
    for stage in road:
        x, chance = place[stage.pk] * (BOX + GAP), chances.get(stage.pk)
        boxes.append(
            {
                "x": x,
                "y": middle,
                "lines": in_two_lines(stage.name),
                "chance": percent(chance["won"]) if chance and chance["won"] is not None else "",
                "standing": number(chance["standing_n"]) if chance else "",
            }
        )
    lost_y = middle + ROW + 62
    for edge in sorted(edges, key=lambda edge: -edge["n"]):
        start = place.get(edge["from"])
        if start is None:
            continue
        share, cell = edge["n"] / left[edge["from"]], {"from": edge["from"], "to": edge["to"] or ""}
        wait, width = days(edge["median_days"]), max(1.5, round(16 * edge["n"] / most, 1))
        figure = counted(asked, edge["n"], **cell)
        x = start * (BOX + GAP)
        to = asked.scope.all_stages.get(edge["to"] or "")
        one = {"n": figure, "share": percent(share), "wait": wait, "width": width}
        if to is not None and to.kind == "lost" and to.pipeline_id == pipeline:
            losses.append(
                one | {"x": x + BOX / 2, "y1": middle + ROW - 12, "y2": lost_y, "text_x": x + BOX / 2 + 12}
            )
            continue
        end = (
            len(road)
            if to is not None and to.kind == "won" and to.pipeline_id == pipeline
            else place.get(edge["to"])
        )
        if end is None:
            continue
        if end == start + 1:
            arrows.append(
                one
                | {
                    "kind": "ahead",
                    "x1": x + BOX,
                    "x2": x + BOX + GAP - 6,
                    "y": middle + 34,
                    "text_x": x + BOX + GAP / 2,
                }
            )
        elif is_drawn(edge["n"], left[edge["from"]], most):
            back = end < start
            x1, x2 = x + BOX * (0.35 if back else 0.65), end * (BOX + GAP) + BOX * (0.65 if back else 0.35)
            lift = lift_of(start, end)
            arrows.append(
                one
                | {"kind": "back" if back else "past"}
                | {
                    "d": f"M{x1:.0f} {middle} C{x1:.0f} {middle - lift} {x2:.0f} {middle - lift} {x2:.0f} {middle - 5}"
                }
                | {"text_x": round((x1 + x2) / 2), "text_y": middle - lift * 0.75 - 4}
            )
    won = [
        edge
        for edge in edges
        if (to := asked.scope.all_stages.get(edge["to"] or "")) is not None and to.kind == "won"
    ]
    lost = [loss["n"].n or 0 for loss in losses]
    own = {stage.pk for stage in stages}
    return {
        "pipeline": asked.scope.pipelines.get(pipeline),
        "single": len(count) == 1,
        "boxes": boxes,
        "arrows": [arrow for arrow in arrows if arrow["kind"] == "ahead"],
        "arcs": [arrow for arrow in arrows if arrow["kind"] != "ahead"],
        "losses": losses,
        "width": len(road) * (BOX + GAP) + BOX + 2,
        "height": lost_y + 34,
        "box": BOX,
        "box_high": ROW - 12,
        "won_x": len(road) * (BOX + GAP),
        "middle": middle,
        "won_n": number(sum(edge["n"] for edge in won)),
        "lost_y": lost_y,
        "lost_width": max(1, len(road)) * (BOX + GAP) - GAP,
        "lost_n": number(sum(lost)),
        "results": [
            (label, counted(asked, answer["results"][name], what=name))
            for name, label in (
                ("won", _("won")),
                ("lost", _("lost")),
                ("open", _("stand")),
                ("left", _("left")),
            )
        ],
        "n": counted(asked, answer["n"]),
        "rework": counted(asked, answer["rework"]["deals"], what="rework"),
        "rework_share": percent(answer["rework"]["share"], 1),
        "variants": [
            (
                [asked.stage(key) for key in variant["path"]],
                counted(asked, variant["n"], variant=variant["key"]),
                percent(variant["share"], 1),
            )
            for variant in answer["variants"][:12]
            if own
        ],
        "variants_in_all": number(answer["variants_in_all"]),
    }


def is_drawn(n: int, of: int, most: int) -> bool:
    """Whether a skip or a return is more than a hair on the map."""
    return n / of >= 0.02 and n >= most / 200


def lift_of(start: int, end: int) -> int:
    """How high above the boxes the arc between two places is bent, the farther the higher."""
    return min(64, 22 + 9 * abs(end - start))


def in_two_lines(name: str, width: int = 17) -> list[str]:
    """A stage's name in a box; what does not fit is cut with «…»."""
    lines, rest = [""], name.split()
    for word in rest:
        if len(lines[-1]) + len(word) + 1 <= width or not lines[-1]:
            lines[-1] = f"{lines[-1]} {word}".strip()
        elif len(lines) < 2:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1][: width - 1]}…"
            break
    return [line if len(line) <= width + 2 else f"{line[:width]}…" for line in lines]
