"""Level 1: nicknames, and clear refusals of what is not understood."""

import pytest

from ..chat import Chat
from ..client import ANY_NUMBER, ANY_VERB
from ..violation import Violation

#: All that this version knows: those of the extensions are unknown with an S at the end, too.
VERBS = [
    *("PING", "PONG", "NICK", "SAY", "WHO", "QUIT", "LOCK", "UNLOCK"),
    *("TELL", "JOIN", "ROOMS", "HISTORY", "LOGIN", "REGISTER"),
    *("OFFER", "ACCEPT", "DECLINE", "ABORT", "CHUNK", "MORE", "DONE"),
]
#: What clients, sockets and servers can do in programs that are written by others.
METHODS = [
    *("SEND", "RECV", "READ", "WRITE", "CLOSE", "RUN", "START", "STOP", "KILL", "REPLY"),
    *("LEAVE", "BROADCAST", "HANDLE", "PROCESS", "DISPATCH", "INIT", "X-INIT", "SHUTDOWN"),
]


def test_a_free_name_is_given(chat: Chat) -> None:
    """NICK-1: OK NICK name number, spelled as the client spelled it."""
    for label in ("alice", "BOB", "cArOl-_9"):
        chat.connect(label).takes_name()


def test_every_well_formed_name_is_accepted(chat: Chat) -> None:
    """NICK-2: a letter, then at most 19 letters, digits, _ or -."""
    longest = "Z23456789_123456789-"
    names = ["q", longest, "a_", "b-", "c0", "D--__--", "x" * 20]
    names += ["lobby", "admin", "root", "server", "nick", "who", "null", "X-", "OK"]
    names += ["constructor", "toString", "hasOwnProperty", "length", "None", "true", "NaN"]
    for number, name in enumerate(names):
        chat.connect(f"c{number}").takes_name(name)


def test_names_that_resemble_each_other_are_different(chat: Chat) -> None:
    """NICK-2: one is the beginning of another, or they differ in the last octet."""
    stem = chat.nick("q").ljust(17, "q")
    names = [stem, stem + "xyz", stem + "xyw", stem + "x", stem[:-1], stem[:-1] + "p", stem[:-3]]
    names += [stem + "x-y", stem + "x_y"]
    for number, name in enumerate(names):
        chat.connect(f"c{number}").takes_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "1alice",
        "_alice",
        "-alice",
        "al.ice",
        "al/ice",
        "élise",
        "alicé",
        "аlice",
        "a" * 21,
        "@",
        "alice!",
        "alice\u0663",
        "x" * 300,
    ],
)
def test_a_malformed_name_is_refused(chat: Chat, name: str) -> None:
    """NICK-3: bad-nick; the connection stays nameless and may try again."""
    alice = chat.connect("alice")
    alice.is_refused(f"NICK {name}", "bad-nick")
    alice.is_refused("SAY am I somebody?", "need-nick", ANY_VERB)
    alice.takes_name()


def test_ping_is_answered_with_a_name_as_well(chat: Chat) -> None:
    """PING-2, NICK-1: PING is answered in every state: named."""
    alice = chat.connect("alice")
    alice.takes_name()
    for number in range(5):
        alice.does(f"PING number-{number}")


def test_a_name_in_use_is_refused(chat: Chat) -> None:
    """NICK-4: nick-in-use; the connection stays nameless and may try again."""
    alice, bob = chat.connects("alice", "bob")
    alice.takes_name()
    bob.is_refused(f"NICK {alice.nick}", "nick-in-use")
    bob.is_refused("SAY am I somebody?", "need-nick", ANY_VERB)
    bob.takes_name()


def test_names_that_differ_in_case_are_the_same(chat: Chat) -> None:
    """NICK-5: the case of ASCII letters does not make another name."""
    alice, bob, carol = chat.connects("alice", "bob", "carol")
    for client, letters in ((alice, "QbcdefghijkLMNOPqrst"), (carol, "uvwxyzA")):  # all there are
        client.takes_name(letters)
        for name in (letters.lower(), letters.upper(), letters.swapcase()):
            bob.is_refused(f"NICK {name}", "nick-in-use")
    bob.takes_name()


def test_the_first_member_is_number_1_and_numbers_have_no_gaps(new_chat: Chat) -> None:
    """NICK-6: the first member gets 1, each further one the next number."""
    for number in range(1, 21):
        client = new_chat.connect(f"c{number}")
        _expect_number(client.takes_name(), number, client.nick)


def test_a_refused_nick_uses_up_no_number(chat: Chat) -> None:
    """NICK-7: after refusals of every kind the next number is the next."""
    alice, bob = chat.connects("alice", "bob")
    number = alice.takes_name()
    bob.is_refused("NICK 1bob", "bad-nick")
    bob.is_refused(f"NICK {alice.nick}", "nick-in-use")
    bob.is_refused("NICK", "bad-args")
    alice.is_refused("NICK alice2", "already-named")
    _expect_number(bob.takes_name(), number + 1, bob.nick)


def test_of_fifty_who_want_one_name_exactly_one_gets_it(chat: Chat) -> None:
    """NICK-8: several connections ask for one free name at the same time."""
    for round_number in range(8):
        clients = chat.connects(*(f"c{round_number}-{number}" for number in range(50)))
        name = chat.nick(f"prize{round_number}")
        for client in clients:
            client.sends(f"NICK {name}")
        answers = [client.answer().final for client in clients]
        assert chat.most_waiting > 25, "the clients never asked at the same time"
        winners = [line.text for line in answers if line.kind == "OK NICK"]
        if len(winners) != 1:
            raise Violation(
                f"{len(winners)} of 50 clients were given the name {name}",
                expected=f"one OK NICK {name}, and 49 times ERR nick-in-use",
                got=", ".join(winners) or answers[0].text,
            )
        for client, line in zip(clients, answers, strict=True):
            if line.kind == "ERR" and line["code"] != "nick-in-use":
                raise Violation(
                    "another refusal than nick-in-use",
                    client=client,
                    expected="ERR nick-in-use NICK",
                    got=line.text,
                )


def test_a_storm_of_two_hundred_names_gets_two_hundred_numbers(chat: Chat) -> None:
    """NICK-6: numbers have no gaps and none is given twice, however many ask at once."""
    first = chat.connect("first").takes_name()
    crowd = chat.crowd(200)
    assert chat.most_waiting > 100, "the clients never asked at the same time"
    numbers = sorted(client.number for client in crowd)
    expected = list(range(first + 1, first + 201))
    if numbers != expected:
        wrong = next(
            number for number, each in zip(numbers, expected, strict=True) if number != each
        )
        raise Violation(
            "the numbers of 200 newcomers are not consecutive",
            expected=f"{expected[0]} to {expected[-1]}, each once",
            got=f"{numbers[0]} to {numbers[-1]}, wrong from {wrong} on",
        )


@pytest.mark.parametrize("argument", ["{other}", "{own}", "1337", "{taken}"])
def test_a_second_nick_is_refused(chat: Chat, argument: str) -> None:
    """NICK-9: already-named, whatever the argument; the name stays."""
    alice, bob = chat.connects("alice", "bob")
    alice.takes_name()
    bob.takes_name()
    other = chat.nick("other")
    name = argument.format(other=other, own=alice.nick, taken=bob.nick)
    alice.is_refused(f"NICK {name}", "already-named")
    carol = chat.connect("carol")
    carol.is_refused(f"NICK {alice.nick}", "nick-in-use")
    carol.takes_name(other)


@pytest.mark.parametrize("command", ["SAY hello", "WHO", "LOCK", "UNLOCK", "SAY"])
def test_a_nameless_client_is_told_to_take_a_name(chat: Chat, command: str) -> None:
    """NEED-1: need-nick, for verbs that the server knows or does not know yet."""
    alice = chat.connect("alice")
    alice.is_refused(command, "need-nick", ANY_VERB)  # this server may not know the verb yet
    alice.takes_name()


def test_the_need_for_a_name_names_the_verb_that_is_known(chat: Chat) -> None:
    """NEED-2: in need-nick stands the verb, or - if the server does not know it."""
    alice = chat.connect("alice")
    alice.is_refused("\ufeffPING x", "need-nick", "-")
    alice.is_refused(" ", "need-nick", "-")
    alice.is_refused("DANCE now", "need-nick", "-")
    alice.is_refused("x-nobody", "need-nick", "-")
    alice.is_refused("!?", "need-nick", "-")


@pytest.mark.parametrize("command", ["ping x", "PiNg x", "Ping x"])
def test_verbs_are_recognised_in_any_case(chat: Chat, command: str) -> None:
    """CMD-1: without regard to ASCII case."""
    chat.connect("alice").does(command, "PONG x")


def test_replies_name_the_verb_in_capitals(chat: Chat) -> None:
    """CMD-1: also in refusals."""
    alice = chat.connect("alice")
    alice.is_refused("nick 1", "bad-nick", "NICK")
    alice.does(f"nIcK {alice.nick}", f"OK NICK {alice.nick} {ANY_NUMBER}")
    alice.is_refused("Nick other", "already-named", "NICK")


def test_a_space_without_argument_is_no_argument(chat: Chat) -> None:
    """CMD-2: `NICK ` has no argument, like `NICK`."""
    alice = chat.connect("alice")
    alice.is_refused("NICK", "bad-args")
    alice.is_refused("NICK ", "bad-args")
    alice.is_refused("PING ", "bad-args")


def test_every_command_gets_one_reply_in_order(chat: Chat) -> None:
    """CMD-3: one reply each, whether OK or not; a reply to nothing would be noticed."""
    alice = chat.connect("alice")
    for number in range(5):
        alice.is_refused("NICK", "bad-args")
        alice.is_refused("NICK 1", "bad-nick")
        alice.does(f"PING {number}")
    alice.takes_name()
    alice.receives_nothing()


def test_a_refusal_has_code_verb_and_words(chat: Chat) -> None:
    """ERR-1: ERR code VERB words, with at least one word for people."""
    alice = chat.connect("alice")
    alice.is_refused("NICK", "bad-args")
    alice.is_refused("NICK _", "bad-nick")
    alice.takes_name()
    alice.is_refused("NICK again", "already-named")


@pytest.mark.parametrize(
    "command",
    [
        "DANCE",
        "dance with me",
        "NICKNAME alice",
        "NIC alice",
        "X-NOBODY-HAS",
        " SAY hello",
        " ",
        "   ",
        "\ufeffPING x",
        "?",
        "123",
        "P1NG x",
        "SAYhello",
        "ſAY hello",
        "Élan",
        "a" * 17,
    ],
)
def test_an_unknown_verb_is_refused(chat: Chat, command: str) -> None:
    """ERR-2: unknown-verb, with - in place of the verb."""
    alice = chat.connect("alice")
    alice.takes_name()
    alice.is_refused(command, "unknown-verb", "-")


def test_a_verb_is_known_by_all_its_letters(chat: Chat) -> None:
    """ERR-2: one with a letter more or a letter less is another, which the server does not know."""
    _expect_unknown(chat, [other for verb in VERBS for other in (verb + "S", verb[:-1])])


def test_what_a_program_can_do_is_no_verb(chat: Chat) -> None:
    """ERR-2: names of functions and methods are not looked up for a client."""
    _expect_unknown(chat, METHODS)


@pytest.mark.parametrize(
    "command", ["PING", "PING two tokens", "PING  x", "PING x ", "PING " + "x" * 65, "PING é"]
)
def test_wrong_arguments_are_refused(chat: Chat, command: str) -> None:
    """ERR-3: too few, too many, an empty one, or a token that is none: bad-args."""
    chat.connect("alice").is_refused(command, "bad-args")


@pytest.mark.parametrize("command", ["NICK", "NICK {name} x", "NICK  {name}", "NICK {name} "])
def test_nick_takes_one_argument(chat: Chat, command: str) -> None:
    """ERR-3: NICK with none or two, or with an empty one, is bad-args."""
    alice = chat.connect("alice")
    alice.is_refused(command.format(name=alice.nick), "bad-args")
    alice.takes_name()


def test_a_refused_command_changes_nothing(chat: Chat) -> None:
    """ERR-4: the connection stays open and usable, and nameless if it was."""
    alice, bob = chat.connects("alice", "bob")
    for command in ("NICK", f"NICK {alice.nick} x", "DANCE", "PING", "SAY hi", "WHO"):
        if alice.asks(command).final.kind != "ERR":
            raise Violation(
                "a command that ought to be refused",
                client=alice,
                expected="ERR (…)",
                got=alice.stream[-1].text,
            )
    bob.takes_name(alice.nick)
    alice.nick = chat.nick("second")
    alice.takes_name()


def test_the_first_reason_of_several_is_given(chat: Chat) -> None:
    """ERR-5: need-nick before unknown-verb and bad-args; those before what concerns the meaning."""
    alice, bob = chat.connects("alice", "bob")
    alice.is_refused("SAY", "need-nick", ANY_VERB)
    alice.is_refused("DANCE  with two spaces", "need-nick", "-")
    alice.takes_name()
    alice.is_refused("DANCE  with two spaces", "unknown-verb", "-")
    alice.is_refused("NICK", "bad-args")
    alice.is_refused(f"NICK {bob.nick} {bob.nick}", "bad-args")
    alice.is_refused("NICK 1337", "already-named")


def _expect_number(got: int, expected: int, nick: str) -> None:
    if got != expected:
        raise Violation(
            "this is not the next number",
            expected=f"OK NICK {nick} {expected}",
            got=f"OK NICK {nick} {got}",
        )


def _expect_unknown(chat: Chat, commands: list[str]) -> None:
    for number, command in enumerate(commands):
        if number % 4 == 0:  # who is refused too often may be sent away: that is ERR-4
            client = chat.connect(f"c{number}")
            client.takes_name()
        client.is_refused(command, "unknown-verb", "-")
