"""Level 6: members that say nothing, or seem to. What plays them, for test_6_deadlines."""

from collections.abc import Iterable, Iterator
from itertools import cycle

from ..chat import Chat
from ..client import Client
from ..together import Watch
from ..violation import Violation
from .doors import expect_closed
from .heirs import (
    expect_free,
    expect_next,
    expect_not_locked,
    left_once,
    nobody_is_late,
    take_names_at_once,
)

#: Seconds: how short the times are made (silence is counted twice), and the part that has to pass.
SHORT = 0.6
SILENCE = 0.35
NOT_BEFORE = 0.7
#: What a client is sent when its time is over.
GOODBYE = "BYE (and words), then (end of stream)"
#: How often those who answer are asked, each time after as long a silence.
ROUNDS = 3
#: By what the members of a test answer each PING; as octets, what is no command; what it tells.
SIGNS = {
    "carol": (b"PING me-too", "PING me-too", "another command"),
    "dave": (b"", "", "an empty line"),
    "frank": (b"PONG something-else", "PONG something-else", "a PONG with another token"),
    "grace": (b"DANCE", "DANCE", "a line that is refused"),
    "heidi": (b"SAY \xff", "SAY (no UTF-8)", "a line that is no text"),
    "ivan": (b"SAY " + b"x" * 5000, "SAY xxx... (5000 octets)", "a line that is too long"),
}


def somebody_says_nothing(chat: Chat, watch: Watch) -> Iterator[None]:
    chat.ignored.add("JOINED")
    watch.begins()
    talkers = erin, judy = chat.members("erin", "judy")  # before Alice: asked, then not after her
    alice, *others = stay = chat.members("alice", *SIGNS)
    nobody, late, due = chat.connect("nobody"), chat.connect("late"), 0.0
    heirs = [chat.connect(f"heir of {label}") for label in ("silent", "half", "locked")]
    named = 0.0  # when the late one was going to take its name
    go = silent, half, locked = [Client(chat, label) for label in ("silent", "half", "locked")]
    silent.returns_end = False
    nobody.does("PING x")  # once, and says nothing more
    for client in (*others, *go):
        client.answers_pings = False
    since = watch.passed  # before any of them had a name
    for client in go:
        client.takes_name(client.nick.capitalize())
    locked.asks("LOCK")
    held = f"MSG lobby {alice.says('held')} {alice.nick} held"
    answered = dict.fromkeys(stay, 0)
    talk = cycle(("SAY still here", "WHO"))
    for _ in watch.until(
        lambda: (
            all(each.ended for each in go)
            and all(each.ended or each.pings >= ROUNDS for each in stay)
        )
    ):
        for client in others:
            if client.pings > answered[client]:
                answered[client] = client.pings
                _gives_a_sign(client)
        if watch.passed >= due:
            erin.sends(next(talk))
            judy.sends("PONG unasked")
            if half.ended is None:
                half.sends_octets(b"x", shown="x (and no LF)")
            due = watch.passed + SILENCE / 4
        if not named and watch.passed > 1.5 * SILENCE:
            named = watch.passed
            late.sends(f"NICK {late.nick}")
        if late.pings and watch.passed - named < NOT_BEFORE * SILENCE:
            raise too_early(late, watch.passed, "SILENCE-1", SILENCE)
        _expect_nothing_early(silent, locked, watch.passed - since)
        take_names_at_once(alice, go, heirs)
        yield
    _expect_asked(silent)
    for client, rule in ((silent, "SILENCE-3"), (half, "SILENCE-4")):
        expect_bye(client, watch, rule, 2 * SILENCE)
        client.events.clear()
    _expect_asked_before_held(locked, held)
    _expect_held_before_bye(locked, watch, held)
    expect_here(alice, watch, "a PONG")
    for client in others:
        expect_here(client, watch, SIGNS[client.label][2])
    _stop_asking(stay, talkers)
    _expect_not_asked(nobody, 1, "a connection has no name")
    if any(talker.pings for talker in talkers):
        watch.expect_in_time(SILENCE)
    _expect_not_asked(erin, alice.pings, "a member says something all the time")
    _expect_not_asked(judy, alice.pings, "a member sends PONG all the time, unasked")
    _expect_listed(erin, go)
    with nobody_is_late():
        late.named(late.answer())
        for client in go:
            left_once(alice, client)
        take_names_at_once(alice, go, heirs)  # of those whose LEFT came last of all
        for heir in heirs:
            expect_free(heir)
            expect_next(heir, max(client.number for client in go))
        expect_not_locked(heirs[-1], alice)
        for client in (*stay, *talkers, late, *heirs):
            client.fence()
            client.closes()  # nothing more is asked of them: they might be late
    yield from expect_closed(silent, watch)


def _gives_a_sign(client: Client) -> None:
    """The line by which this member shows that it is here."""
    octets, shown, _ = SIGNS[client.label]
    client.expects_answers_to(shown)
    client.sends_octets(octets + b"\n", shown=shown)


def somebody_is_kept_waiting(chat: Chat, watch: Watch) -> Iterator[None]:
    alice = Client(chat, "alice")
    alice.expects_answers_to(f"NICK {alice.nick}", "PING at-last")
    both = f"NICK {alice.nick}\nPING at-last\n"
    alice.sends_octets(both.encode(), shown=f"NICK {alice.nick}, PING at-last (in one piece)")
    watch.begins()
    yield from watch.until(lambda: len(alice.answers) == 2 or alice.ended is not None)
    if len(alice.answers) == 1 and alice.said_bye:
        watch.expect_in_time(SILENCE)
        raise Violation(
            "PING at-last waits for its turn, a second after NICK: who sent it is not silent",
            client=alice,
            expected="PONG at-last",
            got=alice.said_bye.text,
            requirement="SILENCE-5",
        )
    alice.named(alice.answer())
    alice.check(alice.answer().final, "PONG at-last")
    alice.closes()


def too_early(
    client: Client, passed: float, rule: str, seconds: float, what: str = "this"
) -> Violation:
    """Something came after so many seconds at most, and its time is longer."""
    return Violation(
        f"{what} came too early",
        client=client,
        expected=f"(after {seconds:g} s)",
        got=f"(after {passed:.2f} s at most)",
        requirement=rule,
    )


def _not_held(locked: Client, expected: str, rule: str) -> Violation:
    return Violation(
        "what is held for a silent member comes after its PING, before its BYE",
        client=locked,
        expected=expected,
        got=locked.events[0].text if locked.events else "(nothing)",
        requirement=rule,
    )


def _stop_asking(stay: Iterable[Client], talkers: Iterable[Client]) -> None:
    """From here on all answer PINGs by themselves, and nobody has an answer to come."""
    for client in (*stay, *talkers):
        if not client.answers_pings:
            client.answers_pings = True
            client.sends("PONG enough")
        while client.waits:
            client.answer()
        client.answers.clear()


def _expect_nothing_early(silent: Client, locked: Client, passed: float) -> None:
    """So many seconds have passed, at most, since they had names."""
    if silent.pings and passed < NOT_BEFORE * SILENCE:
        raise too_early(silent, passed, "SILENCE-1", SILENCE)
    if silent.pings and silent.said_bye and passed < NOT_BEFORE * 2 * SILENCE:
        raise too_early(silent, passed, "SILENCE-3", 2 * SILENCE)
    if locked.events and not locked.said_bye and passed < NOT_BEFORE * 2 * SILENCE:
        rule = "LOCK-19" if locked.pings else "LOCK-1"
        raise _not_held(locked, "PING (token), and nothing else", rule)


def _expect_held_before_bye(locked: Client, watch: Watch, held: str) -> None:
    expect_bye(locked, watch, "LOCK-19" if locked.said_bye else "SILENCE-3", 2 * SILENCE)
    if locked.events[0].text != held:
        watch.expect_in_time(SILENCE)  # else another's end may have come between
        raise _not_held(locked, held, "LOCK-19")
    locked.events.clear()


def _expect_asked_before_held(locked: Client, held: str) -> None:
    """The PING to a locked member is not held, however late all of it was read."""
    telling = [text for text in locked.received if text == held or text.startswith("PING ")]
    if telling[:1] == [held]:
        raise _not_held(locked, "PING (token), and then what is held", "LOCK-1")


def _expect_listed(witness: Client, silent: Iterable[Client]) -> None:
    """Who is asked is still here, and listed until its LEFT. WHO-5."""
    missing = names = {client.nick for client in silent}
    gone: set[str] = set()
    for line in witness.stream:
        if line.kind == "LEFT":
            gone |= {name for name in names if name.lower() == line["name"].lower()}
        elif line.kind == "HERE":
            missing = missing - {line["name"]}
        elif line.kind == "OK WHO":
            if missing - gone:
                raise Violation(
                    "a silent member has not left yet",
                    client=witness,
                    expected=f"HERE {min(missing - gone)} (number)",
                    got=line.text,
                    requirement="WHO-5",
                )
            missing = names


def _unfinished(client: Client) -> str:
    """What has come of a line so far, if anything has."""
    octets = client.unfinished
    return octets.decode(errors="surrogateescape") if octets else "(nothing)"


def _expect_asked(silent: Client) -> None:
    if not silent.pings:
        raise Violation(
            "a member is silent",
            client=silent,
            expected="PING (token)",
            got=_unfinished(silent),
            requirement="SILENCE-1",
        )


def _expect_not_asked(client: Client, often: int, why: str) -> None:
    """Not so often as one who is silent: a server that was busy may have been late to hear it."""
    if client.pings >= often:
        raise Violation(
            f"{why}, and is asked whether it is there",
            client=client,
            expected="(nothing)",
            got=next(text for text in reversed(client.received) if text.startswith("PING ")),
            requirement="SILENCE-1",
        )


def expect_here(client: Client, watch: Watch, how: str) -> None:
    """Whoever answers every PING stays."""
    if client.ended:
        watch.expect_in_time(SILENCE)
        raise Violation(
            f"a member that answers every PING with {how}",
            client=client,
            expected="(it stays)",
            got=client.said_bye.text if client.said_bye else f"({client.ended})",
            requirement="SILENCE-2",
        )


def expect_bye(client: Client, watch: Watch, rule: str, seconds: float) -> None:
    """The client has received BYE and the end of the stream, and not before its time was over."""
    try:
        client.raise_failure()
    except Violation as violation:
        violation.expected = GOODBYE
        violation.requirement = violation.requirement or rule
        raise
    if client.said_bye is None or client.ended != "end of stream":
        came = client.said_bye.text if client.said_bye else _unfinished(client)
        raise Violation(
            "its time is over",
            client=client,
            expected=GOODBYE,
            got=f"{came}, then ({client.ended or 'the connection stays open'})",
            requirement=rule,
            timed_out=client.ended is None,
        )
    if watch.passed < NOT_BEFORE * seconds:
        raise too_early(client, watch.passed, rule, seconds)
