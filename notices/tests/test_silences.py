"""What rings with nobody for a time: by kind and by rule, also what was waiting; and it ends by itself."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation

from audit.models import Change
from core import moment
from notices.models import Delivery, Policy, Preference, Silence
from notices.noting import climb_steps, note_facts
from notices.reasons import MUTED, SILENCED
from notices.silences import begin_silence, end_silence
from notices.telegram.client import Bot
from notices.tests.conftest import NOW, Office
from notices.tests.test_telling import HOUR, MINUTE, run

pytestmark = pytest.mark.django_db
TOMORROW = date(2026, 11, 21)


def silence(office: Office, about: str = "rule:task.overdue", until: date = TOMORROW, **more: Any) -> Silence:
    values = {"reason": "разбираем перенос", "author": office.director, "now": moment.now()} | more
    return begin_silence(about, until, **values)


@pytest.mark.parametrize("about", ["rule:task.overdue", "kind:task.overdue"])
def test_it_stands_behind_the_bell_and_rings_again_by_itself(office: Office, bot: Bot, about: str) -> None:
    silence(office, about)
    office.overdue()
    run(bot, NOW)
    assert not office.said_to(office.manager)
    assert Delivery.objects.get(channel="page").employee == office.manager
    office.overdue(NOW + 22 * HOUR)  # after midnight in Moscow
    run(bot, NOW + 22 * HOUR)
    assert len(office.said_to(office.manager)) == 1


def test_other_rules_ring_as_ever(office: Office, bot: Bot) -> None:
    silence(office, "rule:task.none")
    office.overdue()
    run(bot, NOW)
    assert len(office.said_to(office.manager)) == 1


def test_what_was_waiting_is_dropped_with_its_reason(office: Office, bot: Bot) -> None:
    office.overdue()
    note_facts(NOW - MINUTE)
    climb_steps(NOW)
    assert Delivery.objects.filter(channel="telegram", state="queued").count() == 1
    one = silence(office)
    run(bot, NOW)
    assert not office.said_to(office.manager)
    told = Delivery.objects.get(channel="telegram")
    assert (told.state, told.reason) == ("dropped", SILENCED)
    assert end_silence(one, office.admin, NOW) and not end_silence(one, office.admin, NOW)
    office.overdue(NOW + HOUR)
    run(bot, NOW + HOUR)
    assert len(office.said_to(office.manager)) == 1


@pytest.mark.parametrize(
    ("wish", "rings"),
    [
        ({"muted": ["task.overdue"]}, False),
        ({"channels": ["none"]}, False),
        ({"muted": ["task.soon"], "channels": ["telegram"]}, True),
    ],
)
def test_a_wish_counts_for_what_waits_already(
    office: Office, bot: Bot, wish: dict[str, Any], rings: bool
) -> None:
    office.overdue()
    note_facts(NOW - MINUTE)
    climb_steps(NOW)
    Preference.objects.create(employee=office.manager, **wish)
    run(bot, NOW)
    told = Delivery.objects.get(channel="telegram", employee=office.manager)
    assert (bool(office.said_to(office.manager)), told.reason) == (rings, "" if rings else MUTED)
    assert told.state == ("sent" if rings else "dropped")


def test_what_nobody_may_mute_rings_and_what_the_policy_quiets_does_not(office: Office, bot: Bot) -> None:
    for words, rings in (({"must": True}, 1), ({"loud": False}, 1), ({"on": False}, 1)):
        Policy.objects.update(kinds={})
        Preference.objects.all().delete()
        office.overdue(moment.now())
        note_facts(moment.now() - MINUTE)
        climb_steps(moment.now())
        Preference.objects.create(employee=office.manager, muted=["task.overdue"] if "must" in words else [])
        Policy.objects.update(kinds={"task.overdue": words})
        run(bot, moment.now())
        assert len(office.said_to(office.manager)) == rings
        moment.fix((moment.now() + HOUR).isoformat())


def test_said_twice_it_is_one_and_the_newer_word_holds(office: Office) -> None:
    key = uuid4()
    assert silence(office, key=key) == silence(office, key=key)
    longer = silence(office, until=TOMORROW + timedelta(days=2))
    assert list(Silence.objects.in_force(NOW)) == [longer] and Silence.objects.count() == 2
    assert Change.objects.filter(table="notices_silence").count() >= 3
    with pytest.raises(IntegrityError), transaction.atomic():
        Silence.objects.create(kind="digest", rule="task.none", reason="x", since=NOW, until=NOW + HOUR)


@pytest.mark.parametrize(
    ("about", "more", "says"),
    [
        ("rule:nothing", {}, "Choose a kind of notice or a rule"),
        ("task.overdue", {}, "Choose a kind of notice or a rule"),
        ("kind:digest", {}, "Nobody may mute this kind"),
        ("rule:task.none", {"until": date(2026, 11, 20)}, "Choose a day after today"),
        ("rule:task.none", {"until": date(2027, 6, 1)}, "Choose a day after today"),
        ("rule:task.none", {"reason": " \0 "}, "Say in a few words why"),
        ("rule:task.none", {"reason": "x" * 201}, "Say in a few words why"),
    ],
)
def test_nonsense_silences_nothing(office: Office, about: str, more: dict[str, Any], says: str) -> None:
    Policy.objects.update(kinds={"digest": {"must": True}})
    with translation.override("en"), pytest.raises(ValueError, match=says):
        silence(office, about, **more)
    with translation.override("en"), pytest.raises(ValueError, match="Only directors and administrators"):
        silence(office, author=office.head)
    assert not Silence.objects.exists()


def test_a_director_silences_on_the_page_and_everybody_reads_why(office: Office) -> None:
    client, reader = Client(), Client()
    client.force_login(office.director)
    reader.force_login(office.manager)
    form = {"about": "rule:task.overdue", "until": "2026-11-25", "reason": "Переезд CRM", "key": str(uuid4())}
    for _ in range(2):
        assert client.post("/notices/silences/", form).status_code == 302
    one = Silence.objects.get()
    assert "Переезд CRM" in reader.get("/notices/").content.decode()
    assert reader.get("/notices/silences/").status_code == 404
    assert "Переезд CRM" in client.get("/notices/silences/").content.decode()
    for wrong in ({"about": "rule:x"}, {"until": "soon"}, {"until": "2026-11-20"}, {"reason": ""}):
        assert client.post("/notices/silences/", form | {"key": ""} | wrong).status_code == 422
    for _ in range(2):
        assert client.post(f"/notices/silences/{one.pk}/end/").status_code == 302
    assert "Переезд CRM" not in reader.get("/notices/").content.decode()
    long = silence(office, "rule:task.none", NOW.date() + timedelta(days=90))
    values = {"kind": "digest", "reason": "x", "until": NOW + 2 * HOUR, "ended_at": NOW + HOUR}
    Silence.objects.bulk_create(Silence(since=NOW + timedelta(seconds=n), **values) for n in range(60))
    assert f"/notices/silences/{long.pk}/end/" in client.get("/notices/silences/").content.decode()
    Silence.objects.exclude(pk=one.pk).delete()
    one.refresh_from_db()
    assert (one.ended_by, Silence.objects.count()) == (office.director, 1)
