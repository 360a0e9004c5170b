"""What rules about tasks should say."""

from datetime import datetime

from qc.tests import simulation
from qc.tests.lives import at, hours
from qc.tests.oracle_hours import Broken, due, fact, stage
from qc.tests.oracle_stories import hour_of
from qc.tests.simulation import LENGTH, World
from timeline.timeline import Planned


def no_next(world: World) -> Broken:
    broken = set()
    for task in world.deal.tasks:
        if task.completed_at is None or task.completed_at != task.ended_at:
            continue
        done = hour_of(task.completed_at)
        others = [one for one in world.deal.tasks if one.completed_at == task.completed_at == one.ended_at]
        if task.id != max(one.id for one in others) or world.kind(done) != "work":
            continue
        run = world.run(done, lambda norm: norm.next_grace is not None)
        if not run:
            continue
        ends = due(world, done, run, "next_grace")
        for n in world.visit(done):
            if n < done:
                continue
            if world.planned(n):
                break
            if n >= ends:
                broken.add((n, task.id))
    return broken


def pushed(world: World) -> Broken:
    return {
        (n, task.id)
        for task in world.deal.tasks
        for n in open_hours(task)
        if due_at(task, n) - task.dues[0][1] > hours(20)
    }


def open_hours(task: Planned) -> range:
    end = LENGTH if task.ended_at is None else min(LENGTH, hour_of(task.ended_at))
    return range(hour_of(task.created_at), end)


def due_at(task: Planned, n: int) -> datetime:
    return [due for since, due in task.dues if since <= at(n)][-1]


def far(world: World) -> Broken:
    broken = set()
    for task in world.deal.tasks:
        for n in open_hours(task):
            set_at, due = [step for step in task.dues if step[0] <= at(n)][-1]
            h = hour_of(set_at)
            norm = world.version(h, stage(world, h)) if world.kind(h) == "work" else None
            if norm is not None and norm.furthest is not None and at(n) < due - norm.furthest:
                broken.add((n, task.id))
    return broken


def no_result(world: World) -> Broken:
    return {
        (n, task.id)
        for task in world.deal.tasks
        if task.completed_at is not None and task.completed_at == task.ended_at and task.has_result is False
        for n in fact(hour_of(task.completed_at), None)
    }


def instant(world: World) -> Broken:
    return {
        (n, task.id)
        for task in world.deal.tasks
        if task.completed_at is not None and task.completed_at == task.ended_at and task.author is not None
        if task.completed_at - task.created_at <= hours(2)
        for n in fact(hour_of(task.completed_at), None)
    }


def other_owner(world: World) -> Broken:
    broken = set()
    for task in world.deal.tasks:
        apart = 0
        before = None
        for n in open_hours(task):
            place = world.piece(n)
            owner = world.deal.pieces[place].owner if place is not None else None
            differs = world.kind(n) == "work" and owner is not None and owner != simulation.holder(task, n)
            apart = apart + 1 if differs else 0
            before = n
            if apart > 6:
                broken.add((n, task.id))
        assert before is None or before < LENGTH
    return broken
