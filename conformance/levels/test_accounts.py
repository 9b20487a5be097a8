"""The extension `accounts`: what REGISTER and LOGIN do, and what they refuse."""

from urllib.parse import unquote

import pytest

from ..accounts import (
    PASSWORD,
    an_account,
    cost,
    logged_in,
    logs_in,
    quick,
    quits,
    registers,
)
from ..bench import Bench, needs
from ..chat import Chat
from ..violation import Violation

#: All visible characters of ASCII, in pieces that a password has room for.
VISIBLE = "".join(map(chr, range(0x21, 0x7F)))


def test_a_member_registers_and_stays_what_it_is(chat: Chat) -> None:
    """ACCT-1: OK REGISTER; name and number stay."""
    alice = chat.member("alice")
    registers(alice)
    (item,) = alice.does("WHO", "OK WHO 1").items
    alice.check(item, f"HERE {alice.nick} {alice.number}")


def test_who_knows_the_password_gets_the_name(chat: Chat) -> None:
    """ACCT-2: OK LOGIN with the next number; who logs in is a member like any other."""
    name = an_account(chat, "Alice")
    bob, carol = chat.connects("bob", "carol")
    bob.takes_name()
    quits(bob)
    carol.does(f"LOGIN {name} {PASSWORD}", f"OK LOGIN {name} {bob.number + 1}")
    carol.nick = name
    dave = chat.connect("dave")
    dave.takes_name()
    chat.put_aside(carol)
    dave.hears(carol, "me again", carol.says("me again"))
    carol.hears(dave, "hello", dave.says("hello"))
    carol.does("WHO", "OK WHO 2")
    quits(carol)
    dave.receives(f"LEFT lobby {name} quit")


@pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase])
def test_the_name_is_spelled_as_it_was_registered(chat: Chat, change: type[str]) -> None:
    """ACCT-2: found without regard to case."""
    name = an_account(chat, "Alice")
    bob = chat.connect("bob")
    logged_in(bob, bob.asks(f"login {change(name)} {PASSWORD}").final, name)


@needs("ACCT-2")
def test_others_are_told_of_a_login_and_of_no_refusal(bench: Bench) -> None:
    """ACCT-3: JOINED once, before OK LOGIN is queued; nothing for a refused one."""
    chat = quick(bench)
    name = an_account(chat, "alice")
    bob, carol = chat.members("bob", "carol")
    alicia = chat.connect("alicia")
    alicia.is_refused(f"LOGIN {name} battery-staple", "bad-login")
    for witness in (bob, carol):
        witness.receives_nothing()
    logs_in(alicia, name)
    for witness in (bob, carol):
        witness.receives(f"JOINED lobby {name} {alicia.number}")
        witness.receives_nothing()
    alicia.receives_nothing()


@needs("ACCT-2")
def test_a_registered_name_cannot_be_taken_with_nick(chat: Chat) -> None:
    """ACCT-4: nick-registered, whether its holder is here or not, and in whatever case."""
    alice = chat.member("alice")
    registers(alice)
    bob, carol = chat.connects("bob", "carol")
    carol.takes_name()
    for name in (alice.nick, alice.nick.upper()):
        bob.is_refused(f"NICK {name}", "nick-registered")
        carol.is_refused(f"NICK {name}", "already-named")
    quits(alice)
    for name in (alice.nick, alice.nick.upper()):
        bob.is_refused(f"NICK {name}", "nick-registered")
    bob.is_refused("WHO", "need-nick")
    bob.takes_name()
    chat.put_aside(carol)


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(bench: Bench) -> None:
    """ACCT-5: bad-login, in the same words; a name that is not well-formed is unknown."""
    chat = quick(bench)
    name = an_account(chat, "alice")
    bob = chat.member("bob")
    registers(bob)
    said = set()
    for unknown in (name, bob.nick, chat.nick("nobody"), "1337"):
        client = chat.connect("mallory")
        answer = client.is_refused(f"LOGIN {unknown} battery-staple", "bad-login")
        said.add(answer.final.text)
    if len(said) > 1:
        raise Violation(
            "the words tell whether there is such a nickname",
            client=client,
            expected="(one refusal for all)",
            got=f"({' / '.join(sorted(said))})",
        )


@needs("ACCT-2")
def test_a_member_is_not_replaced_by_a_login(chat: Chat) -> None:
    """ACCT-7: nick-in-use while it is here; afterwards the name is to be had."""
    alice, bob = chat.members("alice", "bob")
    registers(alice)
    carol = chat.connect("carol")
    for _ in range(4):  # more often than one may be wrong
        carol.is_refused(f"LOGIN {alice.nick.upper()} {PASSWORD}", "nick-in-use")
    alice.hears(bob, "still there?", bob.says("still there?"))
    quits(alice)
    logs_in(carol, alice.nick)
    if carol.number != bob.number + 1:
        raise Violation(
            "a refused LOGIN uses up no number",
            client=carol,
            expected=f"OK LOGIN {alice.nick} {bob.number + 1}",
            got=f"OK LOGIN {alice.nick} {carol.number}",
            requirement="ACCT-2",
        )
    chat.put_aside(bob)


@needs("ACCT-2")
def test_one_of_many_logins_at_once_gets_the_name(chat: Chat) -> None:
    """ACCT-7: twelve know the password, and come at the same time."""
    name = an_account(chat, "alice")
    crowd = chat.connects(*(f"c{number}" for number in range(12)))
    for client in crowd:
        client.sends(f"LOGIN {name} {PASSWORD}")
    assert chat.most_waiting > 5, "they never asked at the same time"
    finals = [client.answer().final for client in crowd]
    lucky = [client for client, final in zip(crowd, finals, strict=True) if final.kind != "ERR"]
    refused = {final["code"] for final in finals if final.kind == "ERR"}
    if len(lucky) != 1 or not refused <= {"nick-in-use", "busy"}:
        raise Violation(
            "one connection has the name, the others do not",
            client=crowd[0],
            expected="(one OK LOGIN, eleven times ERR nick-in-use or busy)",
            got=f"({' / '.join(final.text for final in finals)})",
        )


def test_who_has_registered_cannot_register_again(bench: Bench) -> None:
    """ACCT-14: already-registered, and the password stays as it is."""
    chat = quick(bench)
    alice, bob = chat.connects("alice", "bob")
    alice.takes_name()
    registers(alice)
    alice.is_refused("REGISTER battery-staple", "already-registered")
    alice.is_refused("REGISTER short", "already-registered")
    quits(alice)
    bob.is_refused(f"LOGIN {alice.nick} battery-staple", "bad-login")
    logs_in(bob, alice.nick)
    bob.is_refused("REGISTER battery-staple", "already-registered")


@needs("ACCT-2")
def test_a_member_cannot_log_in(chat: Chat) -> None:
    """ACCT-15: already-named, whatever name and password."""
    name = an_account(chat, "alice")
    bob = chat.member("bob")
    for command in (f"LOGIN {name} {PASSWORD}", f"LOGIN {bob.nick} x", "LOGIN 1337 x"):
        bob.is_refused(command, "already-named")
    carol = chat.connect("carol")
    logs_in(carol, name)
    carol.is_refused(f"LOGIN {name} {PASSWORD}", "already-named")
    chat.put_aside(bob)


@pytest.mark.parametrize(
    "password",
    ["12345678", "x" * 63 + "y", VISIBLE[:64], VISIBLE[-64:], "$1$%s\\0'\"%41\\\\"],
    ids=["shortest", "longest", "first half", "second half", "like a format"],
)
def test_every_password_is_accepted_and_no_other_is_right(bench: Bench, password: str) -> None:
    """ACCT-16: 8 to 64 characters, each of which counts."""
    chat = quick(bench, **cost(bench, 12))
    name = an_account(chat, "alice", password)
    wrong_ones = {
        *(password[:-1] + "~", password[:-1], password.swapcase(), "!" + password[1:]),
        *(unquote(password), password.replace("\\\\", "\\")),
    }
    for wrong in sorted(wrong_ones):
        if wrong != password:
            chat.connect("mallory").is_refused(f"LOGIN {name} {wrong}", "bad-login")
    logs_in(chat.connect("bob"), name, password)


def test_a_short_password_is_not_registered(bench: Bench) -> None:
    """ACCT-17: bad-password; seven characters are too few, eight are enough."""
    chat = quick(bench)
    alice, bob = chat.connects("alice", "bob")
    alice.takes_name()
    for password in ("x", "1234567"):
        alice.is_refused(f"REGISTER {password}", "bad-password")
    quits(alice)
    bob.takes_name(alice.nick)  # it was not registered
    registers(bob, "12345678")
    quits(bob)
    chat.connect("carol").is_refused(f"LOGIN {bob.nick} 1234567", "bad-login")


ARGUMENTS = ["", " ", "two words", " leading", "trailing ", "pässwörter", "x" * 65]


def test_the_arguments_are_counted(chat: Chat) -> None:
    """ACCT-18: REGISTER takes one token, LOGIN a name and one token."""
    alice, nameless = chat.connects("alice", "nameless")
    for arguments in ARGUMENTS:
        nameless.is_refused(f"LOGIN {alice.nick} {arguments}", "bad-args")
    for command in ("LOGIN", "LOGIN ", f"LOGIN {alice.nick}", f"LOGIN  {PASSWORD}"):
        nameless.is_refused(command, "bad-args")
    nameless.is_refused(f"REGISTER {PASSWORD}", "need-nick")
    alice.takes_name()
    for arguments in ARGUMENTS:
        alice.is_refused(f"REGISTER {arguments}", "bad-args")
    alice.is_refused(f"LOGIN {alice.nick}", "bad-args")
    registers(alice)


@needs("LOCK-1", "LOCK-4")
def test_registering_is_nobody_elses_business(chat: Chat) -> None:
    """ACCT-19: no event, and the lock goes on."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    seq = bob.says("held")
    registers(alice)
    alice.receives_nothing()
    bob.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 1")
    alice.hears(bob, "held", seq)
