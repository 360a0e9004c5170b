"""`/leads/detail/{id}`: what a person sees of a deal in amoCRM, and the few things done there all day.

So that a link of the portal leads somewhere in a demo: the deal can be moved, a task set or completed, and the portal
sees it come. No token is asked for, as the sandbox listens on this machine.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from sandbox.refused import NotFound, Refused
from sandbox.rows import Lead
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.app import App

ADDRESS = re.compile(r"/leads/detail/(\d{1,18})/?")
LATER = {"1": "завтра", "3": "через 3 дня", "7": "через неделю"}
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:640px;margin:0 auto;padding:24px;color:#1f2937;background:#fff}
h1{font-size:24px;margin:0 0 4px}p{margin:4px 0}small{color:#6b7280}section{border-top:1px solid #e5e7eb;padding:16px 0}
form{display:flex;gap:8px;flex-wrap:wrap;align-items:center;margin:8px 0}select,button{font:inherit;padding:6px 12px;
border:1px solid #6b7280;border-radius:6px;background:#fff;color:inherit;max-width:100%}.no{color:#b91c1c}
@media(prefers-color-scheme:dark){body{background:#111827;color:#e5e7eb}select,button{background:#1f2937}section{border-color:#374151}}
"""


def answer(app: "App", request: Request) -> Response | None:
    """None for an address of somebody else."""
    found = ADDRESS.fullmatch(request.path)
    if found is None or request.method not in ("GET", "POST"):
        return None
    key, problem = int(found[1]), ""
    with app.world.lock:
        try:
            if request.method == "POST":
                act(app.world, key, request.form)
                return Response(status=303, headers={"Location": request.path})
            lead = app.world.living_lead(key)
        except NotFound:
            return shown("Сделки нет", "<h1>Такой сделки нет</h1>", 404)
        except (Refused, ValueError) as error:
            problem, lead = str(error), app.world.living_lead(key)
        return shown(title(lead), page(app.world, lead, problem), 400 if problem else 200)


def act(world: World, key: int, form: Mapping[str, str]) -> None:
    """Raises NotFound, Refused or ValueError and then changes nothing."""
    by = world.living_lead(key).responsible_user_id
    if "stage" in form:
        pipeline, _, status = form["stage"].partition(":")
        world.move_lead(lead_id=key, pipeline_id=int(pipeline), status_id=int(status), by=by)
    elif "done" in form:
        world.complete_task(task_id=int(form["done"]), by=by)
    elif "days" in form:
        due = world.clock.now() + timedelta(days=int(form["days"]))
        world.create_task(text="Связаться с клиентом", complete_till=due, entity_id=key, by=by)


def page(world: World, lead: Lead, problem: str) -> str:
    user = world.users.get(lead.responsible_user_id)
    keys = set(world.tasks.group("card", ("leads", lead.id))) - world.trashed_tasks
    tasks = [task for key in sorted(keys) if not (task := world.tasks.rows[key]).is_completed]
    parts = [
        f"<small>Песочница amoCRM · сделка {lead.id}</small><h1>{escape(title(lead))}</h1>",
        f"<p>{lead.price or 0} · {escape(user.name) if user else 'без ответственного'}</p>",
        f'<p class="no">{escape(problem)}</p>' if problem else "",
        f"<section><h2>Этап</h2><form method=post>{stages(world, lead)}<button>Перевести</button></form></section>",
        "<section><h2>Задачи</h2>",
        *(
            f"<form method=post><span>{escape(task.text)} · до {moment(world, task.complete_till)}</span>"
            f"<button name=done value={task.id}>Выполнить</button></form>"
            for task in tasks
        ),
        "" if tasks else "<p>Открытых задач нет.</p>",
        f"<form method=post><select name=days aria-label=Срок>{options(LATER, '1')}</select>",
        "<button>Поставить задачу</button></form></section>",
    ]
    return "".join(parts)


def stages(world: World, lead: Lead) -> str:
    groups = [
        f'<optgroup label="{escape(pipeline.name)}">'
        + options(
            {f"{pipeline.id}:{status.id}": status.name for status in pipeline.statuses if status.type != 1},
            f"{lead.pipeline_id}:{lead.status_id}",
        )
        + "</optgroup>"
        for pipeline in world.pipelines.values()
        if not pipeline.is_archive
    ]
    return f"<select name=stage aria-label=Этап>{''.join(groups)}</select>"


def options(choices: dict[str, str], chosen: str) -> str:
    return "".join(
        f'<option value="{value}"{" selected" * (value == chosen)}>{escape(text)}</option>'
        for value, text in choices.items()
    )


def title(lead: Lead) -> str:
    return lead.name or f"Сделка № {lead.id}"


def moment(world: World, seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone(world.zone).strftime("%d.%m.%Y %H:%M")


def shown(name: str, body: str, status: int) -> Response:
    head = '<meta charset=utf-8><meta name=viewport content="width=device-width">'
    text = (
        f"<!doctype html><html lang=ru>{head}<title>{escape(name)}</title><style>{STYLE}</style>{body}</html>"
    )
    return Response(text, status=status, content_type="text/html; charset=utf-8")
