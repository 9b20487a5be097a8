"""Level 6: connections that choose no name. What plays them, for test_6_deadlines."""

from collections.abc import Iterator
from itertools import cycle

from ..chat import Chat
from ..client import Client
from ..together import Watch
from ..usage import SPARE
from ..violation import Violation
from .doors import descriptors, expect_closed
from .silence import SHORT, expect_bye

#: What those without a name send over and over again, each one thing: octets, and what they show.
WRONG = {
    "empty": (b"", ""),
    "binary": (b"NICK \xff", "NICK (no UTF-8)"),
    "endless": (b"NICK " + b"x" * 5000, "NICK xxx... (5000 octets)"),
    "pong": (b"PONG x", "PONG x"),
}


def nobody_chooses_a_name(chat: Chat, watch: Watch) -> Iterator[None]:
    watch.begins()
    chat.ignored.add("JOINED")
    bob = Client(chat, "bob")
    bob.sends("NICK 1")
    named = (Client(chat, "alice"), bob)
    for client in named:
        client.sends(f"NICK {client.nick}")
    silent, busy, half = (Client(chat, label) for label in ("silent", "busy", "half"))
    taken = f"NICK {named[0].nick}"
    lines = WRONG | {"taken": (taken.encode(), taken)}
    wrong = [Client(chat, label) for label in lines]
    half.sends_octets(b"NICK half", shown="NICK half (and no more)")
    silent.returns_end = False
    everybody = [*named, silent, busy, half, *wrong]
    yield from watch.until(lambda: all(each.greeting or each.ended for each in everybody))
    before = descriptors(watch.server)
    crowd = [Client(chat, f"silent{number}") for number in range(2 * SPARE)]
    everybody += crowd
    yield from watch.until(lambda: all(each.greeting or each.ended for each in everybody))
    watch.longest = watch.passed  # with TLS, a handshake has to be done before anything is said
    if not all(each.greeting for each in everybody):
        watch.expect_in_time(SHORT)
    commands, due = cycle(("PING x", "NICK 1", "SAY x")), 0.0
    for _ in watch.until(lambda: all(each.ended for each in (silent, busy, half, *wrong))):
        may_go_on = silent.ended is not None or watch.passed < 2 * SHORT
        if may_go_on and watch.passed >= due:
            if busy.ended is None:
                busy.sends(next(commands))
            for client in wrong:
                if client.ended is None:
                    _sends_wrongly(client, *lines[client.label])
            due = watch.passed + SHORT / 4
        yield
    for client, rule in (
        (silent, "NAMELESS-1"),
        *((each, "NAMELESS-2") for each in (busy, half, *wrong)),
    ):
        expect_bye(client, watch, rule, SHORT)
        client.abandons()
        client.events.clear()
    if any(each.ended for each in named):
        watch.expect_in_time(SHORT)
    bob.was_refused(bob.answer(), "NICK 1", "bad-nick")
    for client in named:
        client.named(client.answer())
        client.receives_nothing()
    yield from watch.until(lambda: all(each.ended for each in crowd))
    for client in crowd:
        expect_bye(client, watch, "NAMELESS-1", SHORT)
    yield from watch.until(lambda: descriptors(watch.server) - before <= SPARE)
    if (more := descriptors(watch.server) - before) > SPARE:
        raise Violation(
            f"{len(crowd)} connections had no name in time, and were sent away",
            expected="(as many descriptors as before)",
            got=f"({more} descriptors more)",
            requirement="GROW-1",
        )
    yield from expect_closed(silent, watch)


def _sends_wrongly(client: Client, octets: bytes, shown: str) -> None:
    """A line that is no command, or is refused, or is none in time: it buys no time."""
    client.expects_answers_to(shown)
    client.sends_octets(octets + b"\n", shown=shown or "(an empty line)")
