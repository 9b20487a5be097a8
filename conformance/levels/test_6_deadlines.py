"""Level 6: clients that choose no name, say nothing, read nothing, hold for ever, or send too fast.

The tests make these times short, and let them pass together: the first test plays all of it, each
part on a server of its own, and every test tells how its part ended. What has to be over is awaited
with patience; what must not come early is measured from before the client began, so that no load on
the machine can bring it forward. Where a client has to be in time itself, and this machine was too
busy for that, nothing is judged.
"""

import time
import weakref
from collections.abc import Callable, Iterator

import pytest

from ..bench import Bench, needs, untested
from ..chat import Chat
from ..client import Client
from ..peer import Violation
from ..process import ServerProcess, StartError
from ..servers import Servers

#: Seconds: how short the times are made (silence is counted twice), and the part that has to pass.
SHORT = 0.6
SILENCE = 0.35
NOT_BEFORE = 0.7
#: Seconds between two looks at what has come.
LOOK = 0.02
#: Messages that are more than narrow sockets hold, and fewer than any bound of a server.
BEHIND = 40
TEXT = "x" * 3700
#: Lines a second, and lines beyond those that may come at once.
RATE = 300
BEYOND = 150
#: Lines that take ten seconds, in which others are answered.
FLOOD = 10 * RATE


class Watch:
    """What a part needs to know of time."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.begins()

    def begins(self) -> None:
        """From here on time counts."""
        self.began = self.looked = time.monotonic()
        self.longest = 0.0  # time from one look to the next

    @property
    def passed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def until(self, condition: Callable[[], bool]) -> Iterator[None]:
        """Lets time pass until the condition holds, or the patience is over."""
        while not condition() and self.passed < self.patience:
            yield
            self.longest = max(self.longest, time.monotonic() - self.looked)
            self.looked = time.monotonic()

    def expect_in_time(self, seconds: float) -> None:
        """Ends the part if this machine was so busy that its clients may have been late."""
        if self.longest > NOT_BEFORE * seconds:
            untested(f"this machine was too busy: its clients did nothing for {self.longest:.1f} s")


def nobody_chooses_a_name(chat: Chat, watch: Watch) -> Iterator[None]:
    watch.begins()
    alice = Client(chat, "alice")
    alice.sends(f"NICK {alice.nick}")
    silent, busy, half = (Client(chat, label) for label in ("silent", "busy", "half"))
    half.sends_octets(b"NICK half", shown="NICK half (and no more)")
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
    for _ in watch.until(lambda: bool(silent.ended and half.ended)):
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
            got=silent.nothing_yet(),
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
    bob, alice = chat.members("bob", "alice")
    watch.begins()
    commands = _ask_at_once(alice, RATE + BEYOND)
    yield from watch.until(lambda: len(alice.answers) == len(commands) or alice.ended is not None)
    took = watch.passed
    for command in commands:
        alice.check(alice.answer().final, command.replace("PING", "PONG"))
    if took < NOT_BEFORE * BEYOND / RATE:
        raise _too_early(alice, watch, "RATE-2", BEYOND / RATE)
    _ask_at_once(alice, FLOOD)
    try:
        for _ in range(3):
            bob.fence()
    except Violation as violation:
        violation.requirement = "RATE-3"
        raise
    if len(alice.answers) == FLOOD:
        raise Violation(
            "another client asks while one sends too fast",
            client=bob,
            expected="(an answer at once)",
            got=f"(an answer behind the {FLOOD} of the other)",
            requirement="RATE-3",
        )
    alice.closes()


#: Who does what, by the option that makes its time short, and how short.
Part = Callable[[Chat, Watch], Iterator[None]]
PARTS: dict[str, tuple[float | int, Part]] = {
    "rate": (RATE, somebody_sends_too_fast),
    "stall": (SHORT, somebody_reads_nothing),
    "hold-time": (SHORT, somebody_holds_for_ever),
    "handshake": (SHORT, nobody_chooses_a_name),
    "idle": (SILENCE, somebody_says_nothing),  # begins last: its clients have to be in time
}
#: How each part ended, of each target that is graded: None if nothing was wrong.
Ends = dict[str, BaseException | None]
_PLAYED: weakref.WeakKeyDictionary[Servers, Ends] = weakref.WeakKeyDictionary()


@needs("HELLO-3")
def test_who_chooses_no_name_in_time_is_sent_away(bench: Bench) -> None:
    """NAMELESS-1, NAMELESS-2: BYE and the end of the stream; only a name stops that time."""
    _judge(bench, "handshake")


@needs("LEFT-1")
def test_who_says_nothing_is_asked_and_then_sent_away(bench: Bench) -> None:
    """SILENCE-3, SILENCE-4, SILENCE-1, SILENCE-2: PING, then BYE and LEFT; who answers stays."""
    _judge(bench, "idle")


@needs("LOCK-4")
def test_a_lock_that_lasts_too_long_ends(bench: Bench) -> None:
    """LOCK-18: everything held, then UNLOCKED timeout, and the lock is off."""
    _judge(bench, "hold-time")


@needs("SLOW-1")
def test_one_who_makes_no_progress_is_dropped(bench: Bench) -> None:
    """SLOW-4: every other member receives LEFT lobby name slow, once."""
    _judge(bench, "stall")


def test_who_sends_too_fast_is_answered_later(bench: Bench) -> None:
    """RATE-1, RATE-2, RATE-3: every line, in order, no faster than it may; others do not wait."""
    _judge(bench, "rate")


def _judge(bench: Bench, option: str) -> None:
    """Tells how a part ended; plays all parts that this server can be told, if nobody has yet."""
    if bench.servers not in _PLAYED:
        known = [each for each in PARTS if each in bench.servers.target.options]
        _PLAYED[bench.servers] = _play(bench, known)
    played = _PLAYED[bench.servers]
    if option not in played:
        untested(f"parley.toml has no option {option}")
    end = played[option]
    if end is not None:
        raise end


def _play(bench: Bench, options: list[str]) -> Ends:
    """Plays these parts, all at the same time."""
    ends: Ends = {}
    running: dict[str, tuple[Chat, Iterator[None]]] = {}
    launched = {
        option: bench.launch_with(**{option.replace("-", "_"): PARTS[option][0]})
        for option in options
    }
    for option, server in launched.items():
        try:
            running[option] = _begin(bench, server, PARTS[option][1])
        except StartError as error:
            ends[option] = error
    while running:
        for option, (chat, part) in list(running.items()):
            chat.pump(LOOK / len(running))
            end = _go_on(chat, part)
            if end is not UNDER_WAY:
                chat.abandon()  # nobody would answer its server from here on
                ends[option] = end
                del running[option]
    return ends


def _begin(bench: Bench, server: ServerProcess, part: Part) -> tuple[Chat, Iterator[None]]:
    server.wait_ready(bench.servers.start_patience)
    chat = bench.chat(server)
    return chat, part(chat, Watch(chat.patience))


#: The end of a part that has not ended.
UNDER_WAY = RuntimeError("under way")


def _go_on(chat: Chat, part: Iterator[None]) -> BaseException | None:
    """Lets a part go on to its next wait. How it ended, if it has."""
    try:
        for _ in part:
            return UNDER_WAY
        chat.expect_nothing_more()
    except (Violation, pytest.skip.Exception) as end:
        return end
    return None


def _expect_bye(client: Client, watch: Watch, rule: str, seconds: float) -> None:
    """The client has received BYE and the end of the stream, and not before its time was over."""
    client.raise_failure()
    if client.said_bye is None or client.ended != "end of stream":
        came = client.said_bye.text if client.said_bye else client.nothing_yet()
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
