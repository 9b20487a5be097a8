"""Level 6: clients that choose no name, say nothing, read nothing, hold for ever, or send too fast.

The tests make these times short, and let them pass together. What has to be over is awaited with
patience; what must not come early is measured from before the client began, so that no load on the
machine can bring it forward. Where a client has to be in time itself, and this machine was too busy
for that, nothing is judged.
"""

from collections.abc import Iterator

from ..bench import Bench, needs
from ..chat import Chat
from ..client import Client
from ..peer import Violation
from ..together import Parts, Watch, judge

#: Seconds: how short the times are made (silence is counted twice), and the part that has to pass.
SHORT = 0.6
SILENCE = 0.35
NOT_BEFORE = 0.7
#: Messages that are more than narrow sockets hold, and fewer than any bound of a server.
BEHIND = 40
TEXT = "x" * 3700
#: Lines a second, and lines beyond those that may come at once.
RATE = 300
BEYOND = 150
#: Lines that take ten seconds, in which others are answered.
FLOOD = 10 * RATE


def nobody_chooses_a_name(chat: Chat, watch: Watch) -> Iterator[None]:
    watch.begins()
    alice = Client(chat, "alice")
    alice.sends(f"NICK {alice.nick}")
    silent, busy, half = (Client(chat, label) for label in ("silent", "busy", "half"))
    half.sends_octets(b"NICK half", shown="NICK half (and no more)")
    everybody = (alice, silent, busy, half)
    yield from watch.until(lambda: all(each.greeting or each.ended for each in everybody))
    watch.longest = watch.passed  # with TLS, a handshake has to be done before anything is said
    if not all(each.greeting for each in everybody):
        watch.expect_in_time(SHORT)
    for _ in watch.until(lambda: all(each.ended for each in (silent, busy, half))):
        if busy.ended is None:
            for command in ("PING x", "NICK 1", "SAY x"):
                busy.sends(command)
        yield
    for client, rule in ((silent, "NAMELESS-1"), (busy, "NAMELESS-2"), (half, "NAMELESS-2")):
        _expect_bye(client, watch, rule, SHORT)
        client.abandons()
        client.events.clear()
    if alice.ended:
        watch.expect_in_time(SHORT)
    alice.named(alice.answer())
    alice.receives_nothing()


def somebody_says_nothing(chat: Chat, watch: Watch) -> Iterator[None]:
    chat.ignored.add("JOINED")
    alice = chat.member("alice")
    watch.begins()
    silent, half = (Client(chat, label) for label in ("silent", "half"))
    for client in (silent, half):
        client.answers_pings = False
        client.takes_name()
    for _ in watch.until(
        lambda: bool(silent.ended and half.ended and (alice.ended or alice.pings > 1))
    ):
        if half.ended is None:
            half.sends_octets(b"x", shown="x (and no LF)")
        if silent.pings and watch.passed < NOT_BEFORE * SILENCE:
            raise _too_early(silent, watch, "SILENCE-1", SILENCE)
        yield
    if not silent.pings:
        raise Violation(
            "a member is silent",
            client=silent,
            expected="PING (token)",
            got=_unfinished(silent),
            requirement="SILENCE-1",
        )
    for client, rule in ((silent, "SILENCE-3"), (half, "SILENCE-4")):
        _expect_bye(client, watch, rule, 2 * SILENCE)
        client.events.clear()
    if alice.ended:
        watch.expect_in_time(SILENCE)
        raise Violation(
            "a member that answers every PING",
            client=alice,
            expected="(it stays)",
            got=f"({alice.ended})",
            requirement="SILENCE-2",
        )
    _expect_left_once(chat, alice, silent)
    _expect_left_once(chat, alice, half)
    alice.events.clear()


def somebody_holds_for_ever(chat: Chat, watch: Watch) -> Iterator[None]:
    alice, bob, carol = chat.members("alice", "bob", "carol")
    watch.begins()
    carol.does("LOCK", "OK LOCK")
    carol.asks("UNLOCK")
    carol_was_in_time = watch.passed < NOT_BEFORE * SHORT
    watch.begins()
    alice.does("LOCK", "OK LOCK")
    said = [f"MSG lobby {bob.says(text)} {bob.nick} {text}" for text in ("one", "two", "three")]
    yield from watch.until(lambda: len(alice.events) > len(said) or alice.ended is not None)
    if watch.passed < NOT_BEFORE * SHORT:
        raise _too_early(alice, watch, "LOCK-18", SHORT)
    for each in [*said, "UNLOCKED timeout"]:
        alice.receives(each)
    alice.hears(bob, "directly", bob.says("directly"))
    alice.does("UNLOCK", "OK UNLOCK 0")
    carol.fence()
    if carol_was_in_time and any(event.kind == "UNLOCKED" for event in carol.events):
        raise Violation(
            "this lock was over before its time",
            client=carol,
            expected="(four messages)",
            got="UNLOCKED timeout",
        )
    carol.events.clear()


def somebody_reads_nothing(chat: Chat, watch: Watch) -> Iterator[None]:
    alice, bob = chat.members("alice", "bob")
    carol = chat.narrow_member("carol")
    carol.reads_no_more()
    for _ in range(BEHIND):
        alice.says(TEXT)
    bob.fence()
    bob.events.clear()
    watch.begins()
    yield from watch.until(lambda: bool(alice.events and bob.events))
    for client in (alice, bob):
        client.receives(f"LEFT lobby {carol.nick} slow")
    carol.closes()
    heir = chat.connect("heir")
    heir.takes_name(carol.nick)
    for client in (alice, bob):
        client.receives(f"JOINED lobby {heir.nick} {heir.number}")


def somebody_sends_too_fast(chat: Chat, watch: Watch) -> Iterator[None]:
    chat.ignored.add("LEFT")  # alice goes before she has been answered
    bob, alice = chat.members("bob", "alice")
    watch.begins()
    commands = _ask_at_once(alice, RATE + BEYOND)
    yield from watch.until(lambda: len(alice.answers) == len(commands) or alice.ended is not None)
    took = watch.passed
    for command in commands:
        alice.check(alice.answer().final, command.replace("PING", "PONG"))
    if took < NOT_BEFORE * BEYOND / RATE:
        raise _too_early(alice, watch, "RATE-2", BEYOND / RATE)
    watch.begins()
    _ask_at_once(alice, FLOOD)
    for _ in range(3):
        bob.sends(f"PING {chat.token()}")
        yield from watch.until(lambda: bool(bob.answers))
        if len(alice.answers) == FLOOD and watch.passed < NOT_BEFORE * FLOOD / RATE:
            raise _too_early(alice, watch, "RATE-2", FLOOD / RATE)
        if not bob.answers or len(alice.answers) == FLOOD:
            raise Violation(
                "another client asks while one sends too fast",
                client=bob,
                expected="(an answer at once)",
                got=f"(no answer before the {FLOOD} of the other)",
                requirement="RATE-3",
            )
        bob.answer()
    alice.closes()


#: Who does what, by the option that makes its time short, and how short.
PARTS: Parts = {
    "rate": (RATE, somebody_sends_too_fast),
    "stall": (SHORT, somebody_reads_nothing),
    "hold-time": (SHORT, somebody_holds_for_ever),
    "handshake": (SHORT, nobody_chooses_a_name),
    "idle": (SILENCE, somebody_says_nothing),  # begins last: its clients have to be in time
}


@needs("HELLO-3")
def test_who_chooses_no_name_in_time_is_sent_away(bench: Bench) -> None:
    """NAMELESS-1, NAMELESS-2: BYE and the end of the stream; only a name stops that time."""
    judge(bench, PARTS, "handshake")


@needs("LEFT-1")
def test_who_says_nothing_is_asked_and_then_sent_away(bench: Bench) -> None:
    """SILENCE-3, SILENCE-4, SILENCE-1, SILENCE-2: PING, then BYE and LEFT; who answers stays."""
    judge(bench, PARTS, "idle")


@needs("LOCK-4")
def test_a_lock_that_lasts_too_long_ends(bench: Bench) -> None:
    """LOCK-18: everything held, then UNLOCKED timeout, and the lock is off."""
    judge(bench, PARTS, "hold-time")


@needs("SLOW-1")
def test_one_who_makes_no_progress_is_dropped(bench: Bench) -> None:
    """SLOW-4: every other member receives LEFT lobby name slow, once."""
    judge(bench, PARTS, "stall")


def test_who_sends_too_fast_is_answered_later(bench: Bench) -> None:
    """RATE-1, RATE-2, RATE-3: every line, in order, no faster than it may; others do not wait."""
    judge(bench, PARTS, "rate")


def _unfinished(client: Client) -> str:
    """What has come of a line so far, if anything has."""
    octets = client.unfinished
    return octets.decode(errors="surrogateescape") if octets else "(nothing)"


def _expect_bye(client: Client, watch: Watch, rule: str, seconds: float) -> None:
    """The client has received BYE and the end of the stream, and not before its time was over."""
    client.raise_failure()
    if client.said_bye is None or client.ended != "end of stream":
        came = client.said_bye.text if client.said_bye else _unfinished(client)
        raise Violation(
            "its time is over",
            client=client,
            expected="BYE (and words), then (end of stream)",
            got=f"{came}, then ({client.ended or 'the connection stays open'})",
            requirement=rule,
            timed_out=client.ended is None,
        )
    if watch.passed < NOT_BEFORE * seconds:
        raise _too_early(client, watch, rule, seconds)


def _expect_left_once(chat: Chat, witness: Client, gone: Client) -> None:
    """The name is free, and all that the others were told of its end is one LEFT."""
    heir = chat.connect(f"heir of {gone.label}")
    heir.takes_name(gone.nick)
    witness.fence()
    left = f"LEFT lobby {gone.nick} timeout"
    told = [event.text for event in witness.events if event.text.startswith(left[:-7])]
    if told != [left]:
        raise Violation(
            "the others are told once",
            client=witness,
            expected=left,
            got=", ".join(told) or "(nothing)",
            requirement="SILENCE-3",
        )


def _ask_at_once(client: Client, count: int) -> list[str]:
    """Sends so many PINGs in one piece."""
    commands = [f"PING {number}" for number in range(count)]
    client.expects_answers_to(*commands)
    stream = "".join(f"{command}\n" for command in commands).encode()
    client.sends_octets(stream, shown=f"(PING 0 to PING {count - 1})")
    return commands


def _too_early(client: Client, watch: Watch, rule: str, seconds: float) -> Violation:
    return Violation(
        "this came too early",
        client=client,
        expected=f"(after {seconds:g} s)",
        got=f"(after {watch.passed:.2f} s at most)",
        requirement=rule,
    )
