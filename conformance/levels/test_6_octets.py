"""Level 6: octets become lines, whatever TCP and the peer do to them."""

import random

import pytest

from ..bench import Bench, needs
from ..chat import Chat
from ..client import ANY_VERB, Client
from ..lines import escape
from ..violation import Violation

DIALOGUE = [
    ("SAY hello", "OK SAY"),
    ("PING x", "PONG"),
    ("SAY é漢\U0001f600 and spaces  ", "OK SAY"),
    ("WHO", "OK WHO"),
    ("DANCE", "ERR"),
    ("LOCK", "OK LOCK"),
    ("SAY", "ERR"),
    ("UNLOCK", "OK UNLOCK"),
    ("SAY goodbye", "OK SAY"),
]


def test_a_line_may_be_cut_anywhere(chat: Chat) -> None:
    """OCTET-1: half a line, another client's round trip, the other half."""
    alice, bob = chat.members("alice", "bob")
    line = "SAY é漢\U0001f600 x".encode()
    for cut in range(1, len(line) + 1):
        alice.sends_octets(line[:cut], shown=f"(the first {cut} octets of: {line.decode()})")
        bob.fence()  # the server has had its turn: what it has of alice's line is cut here
        alice.sends_octets(line[cut:] + b"\n", shown="(the rest of it)")
        alice.expects_answers_to(line.decode())
        bob.hears(alice, line.decode()[4:], alice.said(alice.answer()))


def test_a_line_may_come_octet_by_octet(chat: Chat) -> None:
    """OCTET-1: each octet a piece of its own, another client's round trip in between."""
    alice, bob = chat.members("alice", "bob")
    for octet in b"SAY drip, drip":
        alice.sends_octets(bytes([octet]))
        bob.fence()
    alice.sends_octets(b"\n", shown="SAY drip, drip (octet by octet)")
    alice.expects_answers_to("SAY drip, drip")
    bob.hears(alice, "drip, drip", alice.said(alice.answer()))


def test_lines_cut_at_random_are_the_same_lines(bench: Bench) -> None:
    """OCTET-2, OCTET-1: a dialogue in pieces of random lengths is the same dialogue."""
    chooser = random.Random(bench.seed)
    chat = bench.chat()
    alice, bob = chat.members("alice", "bob")
    stream = "".join(command + "\n" for command, _ in DIALOGUE).encode()
    for _ in range(10):
        alice.expects_answers_to(*(command for command, _ in DIALOGUE))
        at = 0
        while at < len(stream):
            length = chooser.randint(1, 40)
            alice.sends_octets(stream[at : at + length])
            at += length
            bob.fence()
        _expect_dialogue(alice)
        _expect_heard(bob)


def test_lines_in_one_piece_are_several_lines(chat: Chat) -> None:
    """OCTET-2: obeyed in order, without waiting for replies."""
    alice, bob = chat.members("alice", "bob")
    stream = "".join(command + "\n" for command, _ in DIALOGUE).encode()
    alice.sends_octets(stream, shown=f"({len(DIALOGUE)} commands in one piece)")
    alice.expects_answers_to(*(command for command, _ in DIALOGUE))
    _expect_dialogue(alice)
    _expect_heard(bob)


@pytest.mark.parametrize("size", [2**power for power in range(9, 17)])
def test_pieces_of_every_size_end_with_a_line(chat: Chat, size: int) -> None:
    """OCTET-2: lines of 64 octets; the last LF is the last octet of a piece, or of a buffer."""
    alice = chat.member("alice")
    commands = [f"PING {number:058}" for number in range(size // 64)]
    alice.expects_answers_to(*commands)
    alice.sends_octets("".join(f"{each}\n" for each in commands).encode(), f"({size} octets)")
    for command in commands:
        chat.wait_until(  # and nothing more is sent, not even to ask whether the server is there
            lambda: bool(alice.answers or alice.ended),
            lambda: Violation(
                f"{len(commands)} lines, of {size} octets together, came in one piece, and no more",
                client=alice,
                expected="PONG",
                got="(nothing)",
                timed_out=True,
            ),
        )
        alice.check(alice.answer().final, command.replace("PING", "PONG"))


def test_three_thousand_commands_in_one_piece_are_all_answered(chat: Chat) -> None:
    """OCTET-2: however many; clients read while they write."""
    alice = chat.member("alice")
    commands = [f"PING {number}" for number in range(3000)]
    alice.expects_answers_to(*commands)
    alice.sends_octets(("\n".join(commands) + "\n").encode(), shown="(PING 0 to PING 2999)")
    for command in commands:
        alice.check(alice.answer().final, command.replace("PING", "PONG"))


def test_one_cr_before_the_lf_belongs_to_the_end(chat: Chat) -> None:
    """OCTET-3: a client may end its lines with CR LF."""
    alice, bob = chat.members("alice", "bob")
    alice.sends_octets(b"PING x\r\n", shown="PING x (CR LF)")
    alice.expects_answers_to("PING x")
    alice.check(alice.answer().final, "PONG x")
    alice.sends_octets(b"SAY hello\r\n", shown="SAY hello (CR LF)")
    alice.expects_answers_to("SAY hello")
    bob.hears(alice, "hello", alice.said(alice.answer()))
    alice.sends_octets(b"PING y\r", shown="PING y (CR)")
    bob.fence()  # the CR has come, the LF has not
    alice.sends_octets(b"\n", shown="(LF)")
    alice.expects_answers_to("PING y")
    alice.check(alice.answer().final, "PONG y")


@pytest.mark.parametrize("octets", [b"\n", b"\r\n", b"\n\n\r\n\n"], ids=repr)
def test_an_empty_line_is_ignored(chat: Chat, octets: bytes) -> None:
    """OCTET-4: no reply, nameless or named."""
    alice = chat.connect("alice")
    alice.sends_octets(octets, shown=repr(octets))
    alice.receives_nothing()
    alice.takes_name()
    alice.sends_octets(octets, shown=repr(octets))
    alice.receives_nothing()


@pytest.mark.parametrize(("length", "end"), [(4094, b"\n"), (4095, b"\n"), (4094, b"\r\n")])
def test_a_line_of_4096_octets_is_obeyed(chat: Chat, length: int, end: bytes) -> None:
    """OCTET-5: its end included."""
    alice = chat.member("alice")
    line = "SAY ".ljust(length, "x")
    alice.sends_octets(line.encode() + end, shown=f"SAY xx… ({length} octets and {end!r})")
    alice.expects_answers_to(line)
    alice.was_refused(alice.answer(), line, "text-too-long")


@pytest.mark.parametrize("cut", [1, 4094, 4095])
def test_a_line_of_4096_octets_may_come_in_pieces(chat: Chat, cut: int) -> None:
    """OCTET-5, OCTET-1: its LF alone in the last of them, too."""
    alice, bob = chat.members("alice", "bob")
    line = "SAY ".ljust(4095, "x")
    alice.sends_octets(line[:cut].encode(), shown=f"(the first {cut} octets of: SAY xx…)")
    bob.fence()  # the server has had its turn
    alice.sends_octets(f"{line[cut:]}\n".encode(), shown="(the rest, 4096 octets in all)")
    alice.expects_answers_to(line)
    alice.was_refused(alice.answer(), line, "text-too-long")


@pytest.mark.parametrize("length", [4097, 4098, 5000, 8192, 100_000, 2_000_000])
def test_a_longer_line_is_refused_once_and_skipped(chat: Chat, length: int) -> None:
    """OCTET-6: line-too-long, once; the next line is obeyed. The same for the next that is."""
    alice, bob = chat.members("alice", "bob")
    line = b"SAY ".ljust(length - 1, b"x")
    for _ in range(2):
        alice.sends_octets(line + b"\nPING next\n", shown=f"SAY xx… ({length} octets), PING next")
        alice.expects_answers_to("SAY xx…", "PING next")
        alice.was_refused(alice.answer(), "SAY", "line-too-long", "-")
        alice.check(alice.answer().final, "PONG next")
    bob.receives_nothing()


def test_a_line_whose_cr_makes_it_too_long_is_refused(chat: Chat) -> None:
    """OCTET-6: CR and LF count: 4095 octets and CR LF are too many."""
    alice = chat.member("alice")
    alice.sends_octets(b"PING ".ljust(4095, b"x") + b"\r\n", shown="PING xx… (4095 octets, CR LF)")
    alice.expects_answers_to("PING xx…")
    alice.was_refused(alice.answer(), "PING", "line-too-long", "-")


BAD_UTF8 = [
    b"\xff", b"\x80", b"\xc3", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf",
    b"\xe0\x9f\xbf", b"\xf5\x80\x80\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xf0\x9f\x98",
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xe2\x82",
]  # fmt: skip


@pytest.mark.parametrize("octets", BAD_UTF8, ids=repr)
def test_what_is_not_utf8_is_refused(chat: Chat, octets: bytes) -> None:
    """OCTET-7: bad-line, also for overlong forms, surrogates and what is above U+10FFFF."""
    alice, bob = chat.members("alice", "bob")
    for end in (b"z", b""):
        alice.sends_octets(b"SAY a" + octets + end + b"\n", shown=f"SAY a{octets + end!r}")
        alice.expects_answers_to("SAY")
        alice.was_refused(alice.answer(), "SAY", "bad-line", "-")
    bob.receives_nothing()


CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]


@pytest.mark.parametrize("nameless", [False, True], ids=["named", "nameless"])
def test_control_characters_are_refused(chat: Chat, nameless: bool) -> None:
    """OCTET-8: each of U+0000 to U+001F and U+007F to U+009F, a CR that is not the last too."""
    alice = chat.connect("alice") if nameless else chat.member("alice")
    for code in CONTROLS:
        if code == 0x0A:
            continue
        long = f"QUIT {chr(code).center(99, 'x')}"
        for line in (f"PING a{chr(code)}z", f"PING a{chr(code)}", f"QUIT a{chr(code)}z", long):
            if line.endswith("\r"):
                continue  # it belongs to the end of the line
            alice.sends_octets(line.encode() + b"\n", shown=escape(line))
            alice.expects_answers_to("PING")
            alice.was_refused(alice.answer(), "PING", "bad-line", "-")
    for octets in (b"PING x\r\r\n", b"\r\r\n", b"PING\rx\n", b"PONG \x00x\n"):
        alice.sends_octets(octets, shown=repr(octets))
        alice.expects_answers_to(repr(octets))
        alice.was_refused(alice.answer(), "PING", "bad-line", "-")


def test_characters_that_only_look_like_controls_are_text(chat: Chat) -> None:
    """OCTET-8: U+00A0 and above, and U+007E, are no control characters; each is a `char`."""
    alice, bob = chat.members("alice", "bob")
    text = "~\u00a0\u00ad\u0100\u2028\u2029\u200d\ue000\ufdd0\ufeff\ufffd\ufffe\uffff"
    text += "\U0001fffe\U000e0001\U0010ffff"
    bob.hears(alice, text, alice.says(text))


def test_nothing_of_a_refused_line_is_passed_on(chat: Chat) -> None:
    """OCTET-9: neither a part of it nor what follows it in the same piece."""
    alice, bob = chat.members("alice", "bob")
    seq = alice.says("before")
    pieces = b"SAY \x1b[31mred\nSAY \xff\nSAY " + b"x" * 5000 + b"\nSAY after\n"
    alice.sends_octets(pieces, shown="SAY (escape), SAY (no UTF-8), SAY (too long), SAY after")
    alice.expects_answers_to("SAY", "SAY", "SAY", "SAY after")
    for code in ("bad-line", "bad-line", "line-too-long"):
        alice.was_refused(alice.answer(), "SAY", code, "-")
    alice.check(alice.answer().final, f"OK SAY {seq + 1}")
    bob.hears(alice, "before", seq)
    bob.hears(alice, "after", seq + 1)


LONGEST_UNFINISHED = b"SAY ".ljust(4095, b"x")


@pytest.mark.parametrize(
    "rest",
    [b"SAY unfinished", b"QUIT", b"PING x", b"\xff", b"SAY x\r", LONGEST_UNFINISHED],
    ids=lambda rest: f"{len(rest)} octets, {rest[:14]!r}",
)
@needs("LEFT-1", "LEFT-4")
def test_an_unfinished_line_is_discarded(chat: Chat, rest: bytes) -> None:
    """OCTET-10: neither obeyed nor answered."""
    alice, bob = chat.members("alice", "bob")
    bob.sends_octets(rest, shown=f"{rest[:14]!r} ({len(rest)} octets and no LF)")
    bob.half_closes()
    bob.awaits_end()
    if bob.stream:
        last = bob.stream[-1]
        if last.kind != "OK NICK":
            raise Violation(
                "an answer to an unfinished line", client=bob, expected="(nothing)", got=last.text
            )
    alice.is_told(f"LEFT lobby {bob.nick} closed")


@needs("LEFT-4")
def test_an_unfinished_line_of_the_nameless_is_discarded(chat: Chat) -> None:
    """OCTET-10: a name that was not sent to its end is not given."""
    alice = chat.member("alice")
    for rest in (b"PING x", b"NICK never", b"QUIT"):
        nobody = chat.connect("nobody")
        nobody.sends_octets(rest, shown=f"{rest!r} (and no LF)")
        nobody.half_closes()
        nobody.awaits_end()
        if nobody.stream:
            raise Violation(
                "an answer to an unfinished line",
                client=nobody,
                expected="(nothing)",
                got=nobody.stream[-1].text,
            )
    alice.receives_nothing()


@pytest.mark.parametrize(
    ("octets", "rule"),
    [
        (b"", "OCTET-4"),
        (b"\r", "OCTET-4"),
        (b"x" * 5000, "OCTET-6"),
        (b"\xff", "OCTET-7"),
        (b"PING \x00", "OCTET-8"),
    ],
)
@needs("LOCK-1")
def test_a_line_that_is_none_leaves_the_lock(chat: Chat, octets: bytes, rule: str) -> None:
    """OCTET-4, OCTET-6, OCTET-7, OCTET-8: refused or ignored, it changes nothing."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    bob.says("held")
    alice.sends_octets(octets + b"\n", shown=f"{octets[:20]!r} ({len(octets)} octets)")
    if octets.strip():
        alice.expects_answers_to("PING")
        alice.answer()
    alice.receives_nothing(rule)
    alice.does("UNLOCK", "OK UNLOCK 1")
    alice.events.clear()


def test_the_order_of_refusals_begins_with_the_line(chat: Chat) -> None:
    """ERR-5, OCTET-6, OCTET-8: line-too-long before bad-line, bad-line before need-nick."""
    alice = chat.connect("alice")
    alice.sends_octets(b"\xff" * 5000 + b"\n", shown="(5000 octets that are no UTF-8)")
    alice.expects_answers_to("DANCE")
    alice.was_refused(alice.answer(), "DANCE", "line-too-long", "-")
    alice.sends_octets(b"DANCE \x00\n", shown="DANCE (U+0000)")
    alice.expects_answers_to("DANCE")
    alice.was_refused(alice.answer(), "DANCE", "bad-line", "-")
    alice.is_refused("DANCE", "need-nick", ANY_VERB)


def test_what_is_said_before_a_quit_in_the_same_piece_comes_before_left(chat: Chat) -> None:
    """OCTET-2, LEFT-5: SAY and QUIT in one piece: MSG, then LEFT, for everybody."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    bob.sends_octets(b"SAY last words\nQUIT\n", shown="SAY last words, QUIT (in one piece)")
    bob.expects_answers_to("SAY last words", "QUIT")
    seq = bob.said(bob.answer())
    bob.check(bob.answer().final, "OK QUIT")
    left = f"LEFT lobby {bob.nick} quit"
    for client in (alice, carol):
        first = client.next_event(f"MSG lobby {seq} {bob.nick} last words")
        if first.text == left:
            raise Violation(
                "LEFT is the last event that a member causes",
                client=client,
                expected=f"MSG lobby {seq} {bob.nick} last words",
                got=first.text,
                requirement="LEFT-5",
            )
        client.check(first, f"MSG lobby {seq} {bob.nick} last words")
        client.receives(left)


def test_nothing_after_quit_is_obeyed(chat: Chat) -> None:
    """QUIT-4, OCTET-2: what stands behind QUIT is not obeyed, and OK QUIT arrives."""
    alice, bob = chat.members("alice", "bob")
    behind = b"".join(b"SAY after I quit %d\nPING x\n" % number for number in range(500))
    bob.sends_octets(b"QUIT\n" + behind, shown="QUIT, and behind it 1000 more commands")
    bob.expects_answers_to("QUIT")
    bob.check(bob.answer().final, "OK QUIT")
    bob.awaits_end()
    if bob.ended != "end of stream":
        raise Violation(
            "the server has to end the stream, not to reset the connection",
            client=bob,
            expected="(end of stream)",
            got=f"({bob.ended})",
        )
    alice.receives(f"LEFT lobby {bob.nick} quit")
    alice.receives_nothing()


def _expect_dialogue(client: Client) -> None:
    for command, kind in DIALOGUE:
        final = client.answer().final
        if final.kind != kind:
            raise Violation(
                f"the answer to {command}", client=client, expected=f"{kind} (…)", got=final.text
            )


def _expect_heard(client: Client) -> None:
    """Who only listens to the dialogue has been sent what was said in it, by now."""
    client.fence()
    texts = [event["text"] for event in client.events]
    if texts != [command[4:] for command, _ in DIALOGUE if command.startswith("SAY ")]:
        raise Violation(
            "three messages were said",
            client=client,
            expected="(three messages)",
            got=f"({', '.join(texts)})",
        )
    client.events.clear()
