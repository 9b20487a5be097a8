"""The extensions: members that say nothing, read nothing, lock or log in, until a time is over.

As in test_6_deadlines the times are short and pass together; a part ends at once where the server
does not offer what it is about.
"""

from collections.abc import Iterator

from ..accounts import PASSWORD, logged_in, quits
from ..bench import Bench, needs, untested
from ..chat import Chat
from ..client import Client
from ..together import Parts, Watch, judge, too_busy
from ..transfers import Transfer
from ..violation import Violation
from .behind import talk_until
from .silence import NOT_BEFORE, SHORT, SILENCE, expect_here
from .test_history import offers
from .test_rooms import all_move

#: Seconds of silence, which the checks of a few passwords outlast; and how many these are.
LITTLE = 0.3
CROWD = 12


def somebody_is_silent_in_a_room(chat: Chat, watch: Watch) -> Iterator[None]:
    alice = chat.member("alice")
    if not offers(chat, alice, "rooms"):
        return
    bob, carol = chat.members("bob", "carol")
    garden = all_move(chat, "garden", bob, carol)
    bob.answers_pings = False
    watch.begins()
    yield from watch.until(lambda: bob.ended is not None)
    for client in (alice, carol):
        expect_here(client, watch, "a PONG")
    alice.receives_nothing()
    carol.is_told(f"LEFT {garden} {bob.nick} timeout")
    heir = chat.connect("heir")
    heir.takes_name(bob.nick)
    carol.receives_nothing()
    alice.receives(f"JOINED lobby {bob.nick} {heir.number}")
    bob.events.clear()


def somebody_reads_nothing_in_a_room(chat: Chat, watch: Watch) -> Iterator[None]:
    alice = chat.member("alice")
    if not offers(chat, alice, "rooms"):
        return
    bob, carol = chat.member("bob"), chat.narrow_member("carol")
    garden = all_move(chat, "garden", bob, carol)
    carol.reads_no_more()
    yield from talk_until(lambda: bool(alice.events or bob.events), bob, carol, watch, SHORT)
    alice.receives_nothing()
    bob.is_told(f"LEFT {garden} {carol.nick} slow")
    carol.closes()


def somebody_is_silent_in_a_transfer(chat: Chat, watch: Watch) -> Iterator[None]:
    alice, bob = chat.members("alice", "bob")
    if not offers(chat, alice, "files"):
        return
    transfer = Transfer(alice, bob).accept()
    bob.answers_pings = False
    watch.begins()
    yield from watch.until(lambda: bob.ended is not None)
    expect_here(alice, watch, "a PONG")
    alice.is_told(f"ABORTED {transfer.id} timeout")
    alice.is_told(f"LEFT lobby {bob.nick} timeout")
    bob.events.clear()


def somebody_reads_nothing_in_a_transfer(chat: Chat, watch: Watch) -> Iterator[None]:
    alice = chat.member("alice")
    if not offers(chat, alice, "files"):
        return
    bob = chat.narrow_member("bob")
    transfer = Transfer(alice, bob)
    bob.reads_no_more()
    yield from talk_until(lambda: bool(alice.events), alice, bob, watch, SHORT)
    alice.is_told(f"ABORTED {transfer.id} slow")
    alice.is_told(f"LEFT lobby {bob.nick} slow")
    bob.closes()


def somebody_moves_while_locked(chat: Chat, watch: Watch) -> Iterator[None]:
    """Bob does not lock again; Alice does, when her first lock would soon have been over.

    He stays where he is; she is in another room then.
    """
    alice, bob = chat.members("alice", "bob")
    if not offers(chat, alice, "rooms"):
        return
    watch.begins()
    for client, room in ((bob, "lobby"), (alice, "garden")):
        client.does("LOCK", "OK LOCK")
        client.does(f"JOIN {room}", f"OK JOIN {room} {2 if client is bob else 1}")
        client.events.clear()  # the suite may have been late: this lock was over already
    bob.receives(f"LEFT lobby {alice.nick} moved")
    yield from watch.until(lambda: watch.passed >= SHORT / 2)
    locked = watch.passed
    alice.sends("LOCK")
    yield from watch.until(lambda: bool(alice.events or alice.ended))
    lasted = watch.passed - locked
    alice.check(alice.answer().final, "OK LOCK")
    if lasted < NOT_BEFORE * SHORT:
        came = alice.events[0].text if alice.events else alice.ended
        raise Violation(
            "JOIN has ended an earlier lock; this one is over before its time",
            client=alice,
            expected=f"(UNLOCKED timeout, {SHORT:g} s after LOCK)",
            got=f"({came}, {lasted:.2f} s after LOCK at most)",
        )
    alice.receives("UNLOCKED timeout")
    bob.receives_nothing()


def somebody_who_has_logged_in_says_nothing(chat: Chat, watch: Watch) -> Iterator[None]:
    alice = chat.member("alice")
    if not offers(chat, alice, "accounts"):
        return
    watch.begins()
    alice.sends(f"REGISTER {PASSWORD}")
    yield from watch.until(lambda: not alice.waits)
    alice.check(alice.answer().final, "OK REGISTER")
    quits(alice)
    bob = chat.connect("bob")
    bob.answers_pings = False
    watch.begins()
    bob.sends(f"LOGIN {alice.nick} {PASSWORD}")
    yield from watch.until(lambda: not bob.waits)
    logged_in(bob, bob.answer().final, alice.nick)
    watch.begins()
    yield from watch.until(lambda: bool(bob.pings or bob.ended))
    if not bob.pings:
        raise Violation(
            "who has logged in is a member like any other (SILENCE-1), and says nothing",
            client=bob,
            expected="PING (token)",
            got="(nothing)",
        )
    bob.closes()


def somebody_tries_a_password(chat: Chat, watch: Watch) -> Iterator[None]:
    """Midway; the time of the one who does not try was over later."""
    watch.begins()
    mallory, other = both = chat.connects("mallory", "other")
    if not offers(chat, mallory, "accounts"):
        return
    tried: float | None = None
    over: dict[Client, float] = {}
    for _ in watch.until(lambda: len(over) == len(both)):
        if tried is None and watch.passed >= SHORT / 2:
            tried = watch.passed
            mallory.sends(f"LOGIN {mallory.nick} battery-staple")
        for client in both:
            if client.ended is not None:
                over.setdefault(client, watch.passed)
        yield
    if other not in over or tried is None:
        untested("unknown: those whose time is over have not been sent away")
    lasted = over.get(mallory, tried + SHORT) - tried
    if lasted >= SHORT and watch.longest > 0.25 * SHORT:
        too_busy("whether a refused LOGIN gives more time")
    if lasted >= SHORT and over[other] - tried < 0.75 * SHORT:
        raise Violation(
            f"a refused LOGIN gives no more time: that of {other.label}, due later, was over",
            client=mallory,
            expected=f"BYE (and words), {SHORT:g} s after it connected",
            got=f"(it was still there {SHORT:g} s after its LOGIN)",
        )
    for client in both:
        client.abandons()
        client.closes()


def a_crowd_registers(chat: Chat, watch: Watch) -> Iterator[None]:
    """For the last of them, the checks of all take longer than it may be silent."""
    chat.ignored.update(("JOINED", "LEFT"))
    crowd = [Client(chat, f"c{number}") for number in range(CROWD)]
    if not offers(chat, crowd[0], "accounts"):
        return
    watch.begins()
    for client in crowd:
        client.answers_pings = False
        commands = (f"NICK {client.nick}", f"REGISTER {PASSWORD}")
        client.expects_answers_to(*commands)
        octets = "".join(f"{command}\n" for command in commands).encode()
        client.sends_octets(octets, shown="NICK and REGISTER (in one piece)")
    yield from watch.until(lambda: all(not each.waits or each.ended for each in crowd))
    for client in crowd:
        if len(client.answers) == 1 and client.said_bye:
            watch.expect_in_time(LITTLE)
            raise Violation(
                "who waits for the answer to REGISTER is not silent (SILENCE-5)",
                client=client,
                expected="OK REGISTER",
                got=client.said_bye.text,
            )
        client.named(client.answer())
        final = client.answer().final
        if final.kind != "ERR" or final["code"] != "busy":
            client.check(final, "OK REGISTER")
        client.closes()


PARTS: Parts = {
    "rooms: stall": ({"stall": SHORT}, somebody_reads_nothing_in_a_room),
    "files: stall": ({"stall": SHORT}, somebody_reads_nothing_in_a_transfer),
    "rooms: lock": ({"hold-time": SHORT}, somebody_moves_while_locked),
    "accounts: login": ({"idle": SILENCE}, somebody_who_has_logged_in_says_nothing),
    "accounts: handshake": (
        {"handshake": SHORT, "login-delay": SHORT / 10},
        somebody_tries_a_password,
    ),
    "rooms: idle": ({"idle": SILENCE}, somebody_is_silent_in_a_room),
    "files: idle": ({"idle": SILENCE}, somebody_is_silent_in_a_transfer),
    "accounts: register": ({"idle": LITTLE, "hash-cost": 15}, a_crowd_registers),  # last: in time
}


@needs("SILENCE-2", "SILENCE-3")
def test_who_says_nothing_leaves_the_room_in_which_it_was(bench: Bench) -> None:
    """ROOM-13: LEFT timeout there, and nowhere else; who takes its name is in the lobby."""
    judge(bench, PARTS, "rooms: idle")


@needs("SLOW-4")
def test_who_reads_nothing_leaves_the_room_in_which_it_was(bench: Bench) -> None:
    """ROOM-13: LEFT slow there, and nowhere else."""
    judge(bench, PARTS, "rooms: stall")


@needs("LOCK-18", "ROOM-1")
def test_a_lock_that_a_join_has_ended_has_no_time(bench: Bench) -> None:
    """ROOM-12: no UNLOCKED comes of it, and the next lock has a time of its own."""
    judge(bench, PARTS, "rooms: lock")


@needs("SILENCE-2", "SILENCE-3", "FILE-4")
def test_the_transfers_of_one_who_says_nothing_end(bench: Bench) -> None:
    """FILE-21: ABORTED id timeout, before that LEFT."""
    judge(bench, PARTS, "files: idle")


@needs("SLOW-4", "FILE-1")
def test_the_transfers_of_one_who_reads_nothing_end(bench: Bench) -> None:
    """FILE-21: ABORTED id slow, before that LEFT."""
    judge(bench, PARTS, "files: stall")


@needs("SILENCE-1")
def test_who_has_logged_in_is_asked_whether_it_is_there(bench: Bench) -> None:
    """ACCT-2: it is a member like any other, the silent ones among them."""
    judge(bench, PARTS, "accounts: login")


@needs("NAMELESS-1", "NAMELESS-2")
def test_a_refused_login_gives_no_more_time(bench: Bench) -> None:
    """ACCT-9: neither stopped nor begun anew is the time in which a name has to be chosen."""
    judge(bench, PARTS, "accounts: handshake")


@needs("SILENCE-3", "ACCT-1")
def test_who_waits_for_a_check_is_not_silent(bench: Bench) -> None:
    """ACCT-10: twelve register at once; each is answered before anybody is sent away."""
    judge(bench, PARTS, "accounts: register")
