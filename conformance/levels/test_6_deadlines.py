"""Level 6: clients that choose no name, say nothing, read nothing, hold for ever, or send too fast.

The tests make these times short, and let them pass together. What has to be over is awaited with
patience; what must not come early is measured from before the client began, so that no load on the
machine can bring it forward. Where a client has to be in time itself, and this machine was too busy
for that, nothing is judged.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from ..bench import Bench, needs
from ..chat import Chat
from ..client import Client
from ..lines import escape
from ..together import Parts, Watch, ahead, judge
from ..violation import Violation, blamed_on
from .behind import STALL, somebody_catches_up, talk_until
from .doors import (
    expect_closed,
    those_who_quit_close_nothing,
    who_is_turned_away_closes_nothing,
)
from .heirs import PLACES, three_places_are_freed
from .locks import (
    HOLD,
    HOLD_BYTES,
    somebody_holds_for_ever,
    somebody_holds_in_a_lively_room,
    somebody_locks_a_second_time,
    what_was_held_in_time_is_not_counted_again,
)
from .nameless import nobody_chooses_a_name
from .silence import (
    NOT_BEFORE,
    SHORT,
    SILENCE,
    somebody_is_kept_waiting,
    somebody_says_nothing,
    too_early,
)

#: Lines a second, and lines beyond those that may come at once.
RATE = 300
BEYOND = 150
#: Lines of one kind: how they read, how each is answered, if it is, and how many there are.
Block = tuple[bytes, str, int]
#: RATE + BEYOND lines, without a NICK. Whatever costs nothing is so many that the end comes early.
KINDS: tuple[Block, ...] = (
    (b"", "", 150),
    (b"DANCE", "ERR unknown-verb", 150),
    (b"SAY " + b"x" * 4200, "ERR line-too-long", 150),
)
#: The same around a NICK. If that makes what came before forgotten, the end comes early, too.
BEFORE: Block = (b"PING x", "PONG x", 75)
AFTER: tuple[Block, ...] = (
    (b"PONG x", "", 124),
    (b"SAY x", "OK SAY ", 125),
    (b"SAY \xff", "ERR bad-line", 125),
)
#: As many of one kind.
ASKS: tuple[Block, ...] = ((b"PING x", "PONG x", RATE + BEYOND),)
#: Seconds in which others say nothing first. Whenever a server's seconds begin, if it counts by
#: those, one of them is near the end of one; and the last might have saved lines for later.
RESTS = (0.3, 0.6, 0.9)
#: Lines that take ten seconds, in which others are answered.
FLOOD = 10 * RATE
#: Seconds after which a server would go on with the lines of one that has gone.
GONE = 0.1


def somebody_reads_nothing(chat: Chat, watch: Watch) -> Iterator[None]:
    alice, bob = chat.members("alice", "bob")
    carol = chat.narrow_member("Carol")
    carol.reads_no_more()
    yield from talk_until(lambda: bool(alice.events), alice, carol, watch, SHORT)
    bob.fence()
    bob.events = deque(event for event in bob.events if event.kind != "MSG")
    for client in (alice, bob):
        client.receives(f"LEFT lobby {carol.nick} slow")
    heir = chat.connect("heir")
    heir.takes_name(carol.nick)
    for client in (alice, bob):
        client.receives(f"JOINED lobby {heir.nick} {heir.number}")
    yield from expect_closed(carol, watch, "dropped", "SLOW-4")
    carol.reads_again()
    watch.begins()
    yield from watch.until(lambda: carol.ended is not None)
    carol.raise_failure()
    if carol.ended is None:
        raise Violation(
            "it has been dropped, and reads what was on its way",
            client=carol,
            expected="(end of stream, or a reset)",
            got="(the connection stays open)",
            requirement="SLOW-4",
        )
    carol.events.clear()


def somebody_sends_too_fast(chat: Chat, watch: Watch) -> Iterator[None]:
    chat.ignored.update(("JOINED", "LEFT"))  # alice goes before she has been answered
    bob, carol, dave, erin, frank = chat.members("bob", "carol", "dave", "erin", "frank")
    resting = dict(zip(RESTS, (erin, frank, dave), strict=True))
    alice = chat.connect("alice")
    nick: Block = (b"NICK " + alice.nick.encode(), f"OK NICK {alice.nick} ", 1)
    watch.begins()
    began = {alice: 0.0}
    due = {alice: _sends_at_once(alice, (BEFORE, nick, *AFTER))}
    _ask_at_once(carol, RATE + BEYOND // 3)
    carol.half_closes()
    took: dict[Client, float] = {}
    for _ in watch.until(lambda: len(took) == 1 + len(RESTS)):
        for rest, client in resting.items():
            if client not in due and watch.passed >= rest:
                began[client] = watch.passed
                due[client] = _sends_at_once(client, KINDS if client is dave else ASKS)
        for client, finals in due.items():
            if len(client.answers) == len(finals) or client.ended is not None:
                took.setdefault(client, watch.passed - began[client])
        yield
    for client, finals in due.items():
        for final in finals:
            _expect_final(client, final)
        passed = took.get(client, watch.passed)
        if passed < NOT_BEFORE * BEYOND / RATE:
            why = (
                f"{RATE + BEYOND} lines at once, where {RATE} a second may be sent: the last answer"
            )
            raise too_early(client, passed, "RATE-2", BEYOND / RATE, why)
    for number in range(RATE + BEYOND // 3):
        _expect_final(carol, f"PONG {number}")
    carol.awaits_end()
    for client in (bob, *resting.values()):
        client.fence()
        client.events.clear()
    watch.begins()
    _ask_at_once(alice, FLOOD)
    for _ in range(3):
        bob.sends(f"PING {chat.token()}")
        yield from watch.until(lambda: bool(bob.answers))
        if len(alice.answers) == FLOOD and watch.passed < NOT_BEFORE * FLOOD / RATE:
            raise too_early(alice, watch.passed, "RATE-2", FLOOD / RATE)
        if not bob.answers or len(alice.answers) == FLOOD:
            raise Violation(
                "another client asks while one sends too fast",
                client=bob,
                expected="(an answer at once)",
                got=f"(no answer before the {FLOOD} of the other)",
                requirement="RATE-3",
            )
        bob.answer()
    alice.resets()
    watch.begins()
    yield from watch.until(lambda: watch.passed >= GONE)
    with blamed_on("RATE-3"):
        bob.fence()


#: Who does what, and with which options: how short its times are made.
PARTS: Parts = {
    "places": (
        {
            "handshake": SHORT,
            "idle": SILENCE,
            "stall": SHORT / 2,
            "max-clients": PLACES,
            "max-nameless": PLACES - 1,
        },
        three_places_are_freed,
    ),
    "waiting": ({"rate": 1, "idle": SILENCE}, somebody_is_kept_waiting),
    "rate": ({"rate": RATE}, somebody_sends_too_fast),
    "stall": ({"stall": SHORT}, somebody_reads_nothing),
    "behind": ({"stall": STALL}, somebody_catches_up),
    "lock": ({"hold-time": SHORT}, somebody_holds_for_ever),
    "again": ({"hold-time": SHORT, "hold-count": HOLD}, somebody_locks_a_second_time),
    "lively": ({"hold-time": SHORT}, somebody_holds_in_a_lively_room),
    "octets": (
        {"hold-time": SHORT, "hold-bytes": HOLD_BYTES},
        what_was_held_in_time_is_not_counted_again,
    ),
    "quit": ({}, those_who_quit_close_nothing),
    "turned away": ({"max-clients": 1}, who_is_turned_away_closes_nothing),
    "handshake": ({"handshake": SHORT}, nobody_chooses_a_name),
    "idle": ({"idle": SILENCE}, somebody_says_nothing),  # the last: its clients have to be in time
}
pytestmark = ahead(PARTS)


@needs("HELLO-3")
def test_who_chooses_no_name_in_time_is_sent_away(bench: Bench) -> None:
    """NAMELESS-1, NAMELESS-2, GROW-4: BYE, then the end; only a name stops that time."""
    judge(bench, PARTS, "handshake")


@needs("LEFT-1")
def test_who_says_nothing_is_asked_and_then_sent_away(bench: Bench) -> None:
    """SILENCE-3, SILENCE-4, SILENCE-1, SILENCE-2, LOCK-19, GROW-4: PING, BYE; who answers stays."""
    judge(bench, PARTS, "idle")


@needs("CAP-1", "NAMELESS-1", "SILENCE-3", "SLOW-4")
def test_who_is_sent_away_makes_room(bench: Bench) -> None:
    """CAP-3: who was silent, who did not read and who chose no name count no more."""
    judge(bench, PARTS, "places")


@needs("LOCK-4", "LOCK-6", "LOCK-9")
def test_a_lock_that_lasts_too_long_ends(bench: Bench) -> None:
    """LOCK-18: everything held, then UNLOCKED timeout; no other line makes it longer."""
    judge(bench, PARTS, "lock")


@needs("LOCK-4")
def test_every_lock_that_lasts_too_long_ends(bench: Bench) -> None:
    """LOCK-18: a second one in its own time, however the first ended; one that holds nothing."""
    judge(bench, PARTS, "again")


@needs("LOCK-4", "LOCK-12")
def test_a_lock_in_a_lively_room_ends_in_its_own_time(bench: Bench) -> None:
    """LOCK-18: whatever others say, and whenever they lock."""
    judge(bench, PARTS, "lively")


@needs("LOCK-4", "LOCK-18")
def test_octets_that_were_delivered_in_time_are_held_no_more(bench: Bench) -> None:
    """LOCK-17: after a lock whose time was over, the next one holds as many."""
    judge(bench, PARTS, "octets")


@needs("SLOW-1")
def test_one_who_makes_no_progress_is_dropped(bench: Bench) -> None:
    """SLOW-4: every other member receives LEFT lobby name slow, once."""
    judge(bench, PARTS, "stall")


@needs("SLOW-1", "SLOW-3")
def test_one_who_was_behind_and_has_read_all_stays(bench: Bench) -> None:
    """SLOW-4: the time is over only for those who are owed something."""
    judge(bench, PARTS, "behind")


def test_who_sends_too_fast_is_answered_later(bench: Bench) -> None:
    """RATE-1, RATE-2, RATE-3: every line, in order, no faster than it may; others do not wait."""
    judge(bench, PARTS, "rate")


@needs("RATE-1")
def test_who_is_kept_waiting_is_not_silent(bench: Bench) -> None:
    """SILENCE-5: its lines wait for longer than it may be silent, and all are answered."""
    judge(bench, PARTS, "waiting")


@needs("QUIT-1", "QUIT-3", "GROW-1")
def test_who_has_quit_and_closes_nothing_takes_nothing(bench: Bench) -> None:
    """GROW-4: the server closes the connection, when it has waited for a second or two."""
    judge(bench, PARTS, "quit")


@needs("CAP-1", "GROW-1")
def test_who_was_turned_away_and_closes_nothing_takes_nothing(bench: Bench) -> None:
    """GROW-4: the same for those who were sent BYE in place of HELLO."""
    judge(bench, PARTS, "turned away")


def _ask_at_once(client: Client, count: int) -> None:
    """Sends so many PINGs in one piece."""
    commands = [f"PING {number}" for number in range(count)]
    client.expects_answers_to(*commands)
    stream = "".join(f"{command}\n" for command in commands).encode()
    client.sends_octets(stream, shown=f"(PING 0 to PING {count - 1})")


def _sends_at_once(client: Client, blocks: Iterable[Block]) -> list[str]:
    """Sends these lines in one piece. Returns how their finals begin."""
    stream, finals, shown = b"", [], []
    for line, final, count in blocks:
        command = line[:20].decode(errors="replace")
        client.expects_answers_to(*[command] * (count if final else 0))
        finals += [final] * (count if final else 0)
        stream += (line + b"\n") * count
        shown.append(f"{count} times {escape(command) or '(an empty line)'}")
    client.sends_octets(stream, shown=f"({', '.join(shown)})")
    return finals


def _expect_final(client: Client, beginning: str) -> None:
    """The next answer begins so: nothing is lost, and nothing comes before its turn."""
    final = client.answer().final
    if not final.text.startswith(beginning):
        raise Violation("in its turn", client=client, expected=beginning, got=final.text)
