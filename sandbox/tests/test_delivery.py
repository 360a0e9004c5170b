import socket
import threading
import time

import pytest

from sandbox.hooks.delivery import HookFaults, next_pause, post
from sandbox.server import Handle
from sandbox.switches import changed
from sandbox.tests.conftest import Receiver
from sandbox.world import World

FAST = {"hook_time_scale": 0.0001}


def subscribed(world: World, receiver: Receiver, **switches: float) -> World:
    world.subscribe(receiver.url, ["update_lead"])
    world.set_switches(changed(world.switches, {**FAST, **switches}))
    return world


def wait_quiet(world: World) -> None:
    end = time.monotonic() + 5
    while world.sender.pending():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("attempt", "code", "pause"),
    [
        (1, 200, None),
        (1, 100, None),
        (1, 299, None),
        (1, 0, 300),
        (1, 99, 300),
        (1, 300, 300),
        (1, 404, 300),
        (2, 500, 900),
        (3, 0, 900),
        (3, 404, 900),
        (4, 500, 3600),
        (4, 499, 3600),
        (4, 404, None),
        (4, 0, None),
        (5, 500, None),
    ],
)
def test_the_ladder(attempt: int, code: int, pause: float | None) -> None:
    assert next_pause(attempt, code) == pause


def test_a_refused_hook_comes_again_until_it_is_taken(world: World, receiver: Receiver) -> None:
    receiver.answers = [500, 404, 204]
    subscribed(world, receiver).edit_lead(lead_id=1, name="x")
    bodies = receiver.wait(3)
    wait_quiet(world)
    assert len(receiver.bodies) == 3
    assert bodies[0] == bodies[1] == bodies[2]
    assert [entry["status"] for entry in world.sender.log] == [500, 404, 204]
    assert [entry["next_in"] for entry in world.sender.log] == [300, 900, None]


def test_after_five_attempts_the_hook_is_given_up(world: World, receiver: Receiver) -> None:
    receiver.answers = [503] * 9
    subscribed(world, receiver).edit_lead(lead_id=1, name="x")
    receiver.wait(5)
    wait_quiet(world)
    assert len(receiver.bodies) == 5
    assert world.sender.counters["given_up"] == 1


def test_a_slow_answer_is_a_failure_and_the_hook_comes_twice(world: World, receiver: Receiver) -> None:
    def slowly() -> int:
        time.sleep(0.4)
        return 200

    receiver.answers = [slowly]
    subscribed(world, receiver, hook_timeout=0.15).edit_lead(lead_id=1, name="x")
    receiver.wait(2)
    wait_quiet(world)
    assert [entry["status"] for entry in world.sender.log] == [0, 204]


def test_an_answer_that_drips_past_the_deadline_is_no_answer() -> None:
    def drip() -> None:
        connection, _ = listener.accept()
        connection.recv(65536)
        for part in (b"HTTP/1.1 ", b"200 OK\r\n", b"\r\n"):
            time.sleep(0.1)
            connection.sendall(part)
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, daemon=True).start()
        assert post(f"http://127.0.0.1:{listener.getsockname()[1]}/", b"", timeout=0.2) == 0


def test_nobody_listening_is_a_failure_too(world: World, receiver: Receiver) -> None:
    receiver.server.shutdown()
    receiver.server.server_close()
    subscribed(world, receiver).edit_lead(lead_id=1, name="x")
    wait_quiet(world)
    assert [entry["status"] for entry in world.sender.log] == [0, 0, 0, 0]


def test_a_hook_that_fails_too_often_is_switched_off_until_subscribed_again(
    world: World, receiver: Receiver
) -> None:
    receiver.answers = [500] * 4
    subscribed(world, receiver, hook_disable_after=3, hook_time_scale=0.01)
    for number in range(4):
        world.edit_lead(lead_id=1, name=f"x{number}")
    receiver.wait(4)
    end = time.monotonic() + 3
    (hook,) = world.webhooks.values()
    while not hook.disabled and time.monotonic() < end:
        time.sleep(0.005)
    assert hook.disabled
    world.edit_lead(lead_id=1, name="lost")
    world.subscribe(receiver.url, ["update_lead"])
    assert not hook.disabled
    world.edit_lead(lead_id=1, name="heard")
    names = [body["leads[update][0][name]"] for body in receiver.wait(5)]
    assert "heard" in names
    assert "lost" not in names


def test_hooks_are_dropped_doubled_delayed_and_reordered_on_demand(
    server: Handle, receiver: Receiver
) -> None:
    world = subscribed(server.world, receiver)

    def names() -> list[str]:
        server.wait_for_hooks()
        found = [dict(body)["leads[update][0][name]"] for body in receiver.bodies]
        receiver.bodies.clear()
        return found

    world.sender.faults = HookFaults(drop=1)
    for name in ("a", "b"):
        world.edit_lead(lead_id=1, name=name)
    assert names() == ["b"]
    world.sender.faults = HookFaults(duplicate=1)
    for name in ("c", "d"):
        world.edit_lead(lead_id=1, name=name)
    assert sorted(names()) == ["c", "c", "d"]
    world.sender.faults = HookFaults(reorder=3)
    for name in ("e", "f", "g"):
        world.edit_lead(lead_id=1, name=name)
    assert names() == ["g", "f", "e"]
    world.sender.faults = HookFaults(delay=1, delay_seconds=0.2)
    for name in ("h", "i"):
        world.edit_lead(lead_id=1, name=name)
    assert names() == ["i", "h"]
