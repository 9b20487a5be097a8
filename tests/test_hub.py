"""Commands, refusals, nicknames, talking and presence: protocol.md, sections 4 to 8."""

from __future__ import annotations

import pytest

from parley import wire
from parley.hub import Hub, Member
from tests.chat import HELLO, Chat


class Shouting(Hub):
    """A student's hub: X-SHOUT text, as the docstring of Hub says."""

    capabilities = ("X-SHOUT",)

    def do_x_shout(self, member: Member, arguments: str) -> None:
        text = wire.text(arguments)
        assert member.room is not None
        self.publish(member.room, "X-SHOUTED", text.upper(), but=member)
        self.reply(member, "OK", "X-SHOUT")


# Connecting


def test_newcomer_is_greeted_and_nothing_else_is_said() -> None:
    """HELLO-1, PING-3: HELLO comes first, unasked, and then the server is silent."""
    chat = Chat()
    alice = chat.connect()
    assert alice.hears() == [HELLO]
    assert alice.hears() == []


def test_greeting_names_the_capabilities() -> None:
    """HELLO-2: behind the name follow the capabilities of the server."""
    assert Chat(hub=Shouting).connect().hears() == [HELLO + " X-SHOUT"]


def test_ping_is_answered_in_every_state() -> None:
    """PING-1, PING-2: PONG and the same token, nameless, named and locked."""
    chat = Chat()
    alice = chat.nameless()
    assert alice.does("PING !~x") == ["PONG !~x"]
    assert alice.does("NICK alice", "PING a") == ["OK NICK alice 1", "PONG a"]
    assert alice.does("LOCK", "ping A") == ["OK LOCK", "PONG A"]


@pytest.mark.parametrize("line", ["PONG", "PONG x", "pong two tokens", "PONG é", "PONG  "])
def test_pong_is_never_answered(line: str) -> None:
    """PONG-1: a line whose verb is PONG is never answered, in any state."""
    chat = Chat()
    alice = chat.nameless()
    assert alice.does(line) == []
    alice.does("NICK alice")
    assert alice.does(line) == []
    alice.does("LOCK")
    assert alice.does(line) == []


# Commands and refusals


def test_each_command_gets_one_reply_in_order() -> None:
    """CMD-1, CMD-3, OCTET-2: replies in the order of the commands, verbs in capitals."""
    alice, _bob = Chat().members("alice", "bob")
    assert alice.does("say a", "", "Who", "dance", "PING x", "SAY", "Lock", "UnLock", "\r") == [
        "OK SAY 1",
        "HERE alice 1",
        "HERE bob 2",
        "OK WHO 2",
        "ERR unknown-verb - there is no such command",
        "PONG x",
        "ERR bad-args SAY this takes a text",
        "OK LOCK",
        "OK UNLOCK 0",
    ]


@pytest.mark.parametrize("line", ["DANCE", "DO_SAY", " SAY x", "X-DANCE", "ſay x", "SAYS x", "-"])
def test_unknown_verb_of_a_member_is_refused(line: str) -> None:
    """ERR-2: refused with unknown-verb, and in place of the verb stands `-`."""
    [alice] = Chat().members("alice")
    assert alice.does(line) == ["ERR unknown-verb - there is no such command"]


@pytest.mark.parametrize(
    "line",
    [
        *("PING", "PING ", "PING a b", "PING a ", "PING  a", "PING é", "PING " + "x" * 65),
        *("NICK", "NICK ", "NICK a b", "NICK  a", "NICK a "),
        *("SAY", "SAY ", "WHO a", "WHO  ", "WHO a b", "LOCK a", "LOCK  ", "UNLOCK a", "UNLOCK  "),
    ],
)
def test_wrong_arguments_are_refused_and_change_nothing(line: str) -> None:
    """ERR-3, ERR-4, LOCK-16: bad-args; the connection stays usable, and nobody hears of it."""
    alice, bob = Chat().members("alice", "bob")
    [refused] = alice.does(line)
    assert refused.startswith(f"ERR bad-args {line.split()[0]} ")
    assert bob.hears() == []
    assert alice.member.held is None
    assert alice.does("PING a") == ["PONG a"]


@pytest.mark.parametrize("line", ["LOCK ", "UNLOCK ", "WHO ", "QUIT "])
def test_space_behind_a_verb_is_no_argument(line: str) -> None:
    """CMD-2: a space after the verb with nothing behind it is the same as no space."""
    [alice] = Chat().members("alice")
    assert alice.does(line)[-1].startswith(f"OK {line}".rstrip())


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        (b"\xff" * 4096, "line-too-long -"),
        (b"SAY \xff", "bad-line -"),
        (b"SAY a\tb", "bad-line -"),
        (b"SAY", "need-nick SAY"),
        (b"LOCK a b", "need-nick LOCK"),
        (b"who", "need-nick WHO"),
        (b"DANCE", "need-nick -"),
        (b" ", "need-nick -"),
        (b"X-SHOUT a", "need-nick -"),
        (b"NICK", "bad-args NICK"),
        (b"PING", "bad-args PING"),
        (b"QUIT " + b"x" * 3801, "text-too-long QUIT"),
    ],
)
def test_nameless_is_refused_with_the_first_code_that_applies(line: bytes, refused: str) -> None:
    """NEED-1, NEED-2, ERR-5: line-too-long, bad-line, need-nick, unknown-verb, bad-args."""
    chat = Chat()
    alice = chat.nameless()
    [answer] = alice.does(line)
    assert answer.startswith(f"ERR {refused} ")
    assert alice.does("NICK alice") == ["OK NICK alice 1"]


def test_refused_line_is_passed_on_to_nobody() -> None:
    """OCTET-9, SAY-13: of a refused line nothing is passed on, and no seq is used up."""
    alice, bob = Chat().members("alice", "bob")
    refused = alice.does(b"SAY \xff", b"SAY a\x1b", b"SAY ".ljust(4096, b"x"), "SAY " + "x" * 3801)
    codes = [" ".join(line.split()[1:3]) for line in refused]
    assert codes == ["bad-line -", "bad-line -", "line-too-long -", "text-too-long SAY"]
    assert bob.hears() == []
    assert alice.says("now") == ["OK SAY 1"]


# Nicknames


def test_name_is_spelled_as_its_owner_spells_it() -> None:
    """NICK-1, WHO-2: the name is spelled as the client spelled it, everywhere."""
    alice, bob = Chat().members("aLiCe", "bob")
    alice.says("hi")
    assert bob.hears() == ["MSG lobby 1 aLiCe hi"]
    assert bob.does("WHO")[0] == "HERE aLiCe 1"


def test_name_in_use_is_refused() -> None:
    """NICK-4, NICK-5: in whatever case; the connection stays nameless and may try again."""
    chat = Chat()
    chat.members("alice")
    bob = chat.nameless()
    for name in ("alice", "ALICE", "aLICE"):
        [refused] = bob.does(f"NICK {name}")
        assert refused.startswith("ERR nick-in-use NICK ")
    assert bob.does("SAY x")[0].startswith("ERR need-nick SAY ")
    assert bob.does("NICK bob") == ["OK NICK bob 2"]


@pytest.mark.parametrize("name", ["1337", "a" * 21, "аlice", "a.b", "x" * 3900])
def test_ill_formed_name_is_refused(name: str) -> None:
    """NICK-3, NICK-7, JOINED-4: bad-nick; it uses up no number and causes no event."""
    chat = Chat()
    [alice] = chat.members("alice")
    bob = chat.nameless()
    assert bob.does(f"NICK {name}")[0].startswith("ERR bad-nick NICK ")
    assert alice.hears() == []
    assert bob.does("NICK " + "b" * 20) == ["OK NICK " + "b" * 20 + " 2"]


def test_refusals_of_nick_come_in_their_order() -> None:
    """NICK-9: bad-args, already-named, bad-nick, nick-in-use."""
    chat = Chat()
    alice, bob = chat.members("alice", "bob")
    answers = alice.does("NICK", "NICK a b", "NICK 1", "NICK bob", "NICK alice", "NICK carol")
    codes = [answer.split()[1] for answer in answers]
    assert codes == ["bad-args"] * 2 + ["already-named"] * 4
    assert bob.does("WHO") == ["HERE alice 1", "HERE bob 2", "OK WHO 2"]


def test_numbers_have_no_gaps_and_are_never_used_again() -> None:
    """NICK-6, NICK-7, LEFT-6: each further member gets the next number, whatever its name."""
    chat = Chat()
    alice, _bob = chat.members("alice", "bob")
    alice.does("QUIT")
    carol = chat.nameless()
    carol.does("NICK bob", "NICK 1", "NICK")
    assert carol.does("NICK alice") == ["OK NICK alice 3"]


# Talking


def test_message_reaches_every_other_member_once() -> None:
    """SAY-1, SAY-2, SAY-4, SAY-9: not the speaker, and nobody without a name."""
    chat = Chat()
    alice, bob, carol = chat.members("alice", "bob", "carol")
    dave = chat.nameless()
    assert alice.says("hello") == ["OK SAY 1"]
    assert bob.hears() == carol.hears() == ["MSG lobby 1 alice hello"]
    assert dave.hears() == []


@pytest.mark.parametrize(
    "text", ["  a  b ", " ", "é😀\u00a0\u2028", "SAY x", "%s {} \\n", "x" * 3800]
)
def test_text_arrives_octet_for_octet(text: str) -> None:
    """SAY-3, SAY-12: spaces and all characters included, up to 3800 octets."""
    alice, bob = Chat().members("alice", "bob")
    assert alice.says(text) == ["OK SAY 1"]
    assert bob.hears() == [f"MSG lobby 1 alice {text}"]


def test_everybody_receives_one_log() -> None:
    """SAY-5, SAY-6, SAY-7: OK SAY stands in the speaker's stream where its own MSG would."""
    alice, bob, carol = Chat().members("alice", "bob", "carol")
    alice.sends("SAY a")
    bob.sends("SAY b", "SAY c")
    alice.sends("SAY d")
    assert alice.hears() == ["OK SAY 1", "MSG lobby 2 bob b", "MSG lobby 3 bob c", "OK SAY 4"]
    assert bob.hears() == ["MSG lobby 1 alice a", "OK SAY 2", "OK SAY 3", "MSG lobby 4 alice d"]
    assert [line.split()[2] for line in carol.hears()] == ["1", "2", "3", "4"]


def test_newcomer_hears_what_comes_after_its_name_and_nothing_before() -> None:
    """SAY-8, JOINED-2: nothing from before OK NICK, everything after."""
    chat = Chat()
    [alice] = chat.members("alice")
    bob = chat.nameless()
    alice.sends("SAY before")
    bob.sends("NICK bob")
    alice.sends("SAY after")
    assert bob.hears() == ["OK NICK bob 2", "MSG lobby 2 alice after"]


# Presence


def test_joining_is_told_to_every_other_member() -> None:
    """JOINED-1, JOINED-2, JOINED-5: before anything that the newcomer says."""
    chat = Chat()
    [alice] = chat.members("alice")
    nobody, bob = chat.nameless(), chat.nameless()
    assert bob.does("NICK bob", "SAY hi") == ["OK NICK bob 2", "OK SAY 1"]
    assert alice.hears() == ["JOINED lobby bob 2", "MSG lobby 1 bob hi"]
    assert nobody.hears() == []


def test_listing_is_exact_at_its_place() -> None:
    """WHO-1 to WHO-5: oneself included, the nameless and those who left not."""
    chat = Chat()
    alice, bob = chat.members("Alice", "bob")
    chat.nameless()
    alice.sends("WHO")
    bob.sends("QUIT")
    alice.sends("WHO")
    assert alice.hears() == [
        *("HERE Alice 1", "HERE bob 2", "OK WHO 2"),
        "LEFT lobby bob quit",
        *("HERE Alice 1", "OK WHO 1"),
    ]


# A verb of one's own


def test_subclass_adds_a_verb() -> None:
    """The docstring of Hub: a method do_x_shout makes X-SHOUT a command, in any case."""
    chat = Chat(hub=Shouting)
    alice, bob = (chat.connect(), chat.connect())
    alice.sends("NICK alice")
    assert bob.does("x-shout hey")[1].startswith("ERR need-nick X-SHOUT ")
    bob.does("NICK bob")
    alice.hears()
    assert alice.does("x-Shout hey") == ["OK X-SHOUT"]
    assert bob.hears() == ["X-SHOUTED HEY"]
    assert alice.does("X-SHOUT") == ["ERR bad-args X-SHOUT this takes a text"]
    assert alice.does("X-WHISPER a")[0].startswith("ERR unknown-verb - ")
