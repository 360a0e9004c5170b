"""What a person sees of a deal, and does there."""

import pytest
from werkzeug.test import Client

from sandbox.app import App
from sandbox.world import World


@pytest.fixture
def person(world: World) -> Client:
    return Client(App(world, rate=0))


def test_a_deal_is_shown_without_a_token_and_markup_in_its_name_is_text(world: World, person: Client) -> None:
    lead = world.create_lead(name="<b>Стойка</b>")
    answer = person.get(f"/leads/detail/{lead.id}")
    assert answer.status_code == 200 and "&lt;b&gt;Стойка" in answer.text and "<b>" not in answer.text
    assert person.get("/leads/detail/999999999").status_code == 404
    assert person.get("/leads/detail/x").status_code == 401, "an address of the API"


def test_a_person_moves_a_deal_sets_a_task_and_completes_it(world: World, person: Client) -> None:
    lead = world.create_lead(name="Стойка")
    address, pipeline = f"/leads/detail/{lead.id}", world.pipelines[lead.pipeline_id]
    assert person.post(address, data={"stage": f"{pipeline.id}:142"}).headers["Location"] == address
    assert world.leads.rows[lead.id].status_id == 142
    person.post(address, data={"days": "3"})
    (task,) = (world.tasks.rows[key] for key in world.tasks.group("card", ("leads", lead.id)))
    assert task.complete_till > world.clock.timestamp() and "Связаться с клиентом" in person.get(address).text
    person.post(address, data={"done": str(task.id)})
    assert world.tasks.rows[task.id].is_completed and "Открытых задач нет" in person.get(address).text


@pytest.mark.parametrize("nonsense", [{"stage": "1:2"}, {"stage": "x"}, {"done": "x"}, {"days": "x"}])
def test_nonsense_is_refused_and_changes_nothing(
    world: World, person: Client, nonsense: dict[str, str]
) -> None:
    lead = world.create_lead(name="Стойка")
    before = lead.status_id
    answer = person.post(f"/leads/detail/{lead.id}", data=nonsense)
    assert answer.status_code == 400 and 'class="no"' in answer.text and lead.status_id == before
