"""The mirror's background work: every part may be run at any time, twice, and by anybody.

What it changes is in the judgement queue by then; `jobs.judgement` judges it, but for hooks, whose people wait."""

import logging
from collections.abc import Callable

from celery import shared_task
from django.conf import settings

from jobs import judgement_queue
from pipelines.account import connection, webhook_address
from pipelines.account.connection import CannotConnect, NotConnected
from pipelines.amo.errors import AmoError
from pipelines.mirror import coverage, hooks, reconcile
from pipelines.mirror.entities import Entity
from pipelines.mirror.leases import LostLease

log = logging.getLogger(__name__)


@shared_task
def pull_changes() -> None:
    """What has changed since the last time; a mirror that is not complete yet is loaded first."""
    if not coverage.is_complete() or not judgement_queue.loaded():
        first_load.apply_async(expires=600)
        return
    pull(coverage.changing)


@shared_task
def pull_dictionaries() -> None:
    """Users, pipelines, stages, fields and the like; the account's zone and currency; and the hooks, which amoCRM may
    have switched off."""
    pull(coverage.dictionaries)
    hooks.forget_bodies()
    try:
        account = connection.find_account()
        connection.reread(account)
        if not account.wants_hooks or webhook_address.doubt_address(settings.PORTAL_URL, account.base_url):
            return
        with connection.client_for(account, "interactive") as client:
            hooks.ensure_subscription(client, account, settings.PORTAL_URL)
    except NotConnected:
        return
    except (CannotConnect, AmoError) as error:
        log.warning("amoCRM does not ring here, changes are asked for every minute: %s", error)


@shared_task(time_limit=12 * 3600)
def first_load() -> None:
    """Everything that was never loaded, from where an interrupted load stopped; and what follows from the whole."""
    if not coverage.is_complete():
        judgement_queue.begin_load()
        pull(coverage.unfinished)
    if not coverage.is_complete() or judgement_queue.loaded():
        return
    try:
        with connection.source_of(connection.find_account()) as source:
            coverage.adopt_orphans(source)
    except (CannotConnect, AmoError) as error:
        log.warning("the load is not over yet: %s", error)
    else:
        judgement_queue.judge_load()


@shared_task(time_limit=12 * 3600)
def sweep(only_unfinished: bool = False) -> None:
    """Compare the mirror with amoCRM and repair it; a failure is written to the comparison's own row."""
    if not coverage.is_complete():
        return
    try:
        with connection.source_of(connection.find_account()) as source:
            reconcile.compare_mirror(source, only_unfinished=only_unfinished)
    except (CannotConnect, AmoError, LostLease) as error:
        log.warning("the mirror was not compared to the end: %s", error)


@shared_task
def answer_hooks() -> None:
    """Read again what the waiting hooks ring about, and judge it at once."""
    hooks.begin_answers()
    try:
        answer_waiting_hooks()
    except (CannotConnect, AmoError) as error:
        log.warning("hooks wait: %s", error)


def answer_waiting_hooks() -> None:
    """Raises CannotConnect or AmoError; what is not answered then waits."""
    if not hooks.waiting_hooks():
        return
    with connection.source_of(connection.find_account(), "interactive") as source:
        while hooks.waiting_hooks():
            judgement_queue.judge_deals(hooks.answer_hooks(source))


def pull(choose: Callable[[], list[Entity]]) -> None:
    """A failure is written to the cursor of its entity and to the log; the next run goes on from there."""
    try:
        with connection.source_of(connection.find_account()) as source:
            for entity, error in coverage.pull_entities(source, choose()):
                log.warning("%s: %s", entity.name, error)
    except NotConnected as error:
        log.debug("%s", error)
    except CannotConnect as error:
        log.warning("%s", error)
