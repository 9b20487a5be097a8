"""What outlasts a connection: questions, passwords, `--hold`, coming back. No socket, no clock."""

from __future__ import annotations

import pytest

from parley.client.commands import complete, worth_keeping
from parley.client.conversation import BAD_NAME, Question
from tests.desks import Desk, Office

RIGHT = "correct-horse"
WRONG = "battery-staple"


def comes_back(desk: Desk) -> list[str]:
    """There is a connection again; what is seen then."""
    desk.connects()
    return desk.sees()


def test_a_refused_nickname_is_asked_for_again() -> None:
    """NICK-3, NICK-4: with the reason."""
    office = Office()
    office.members("alice")
    desk = office.desk()
    desk.sees()
    assert desk.types("Alice") == ["Alice: somebody has this nickname"]
    assert desk.conversation.question is Question.NICKNAME
    assert desk.types("1337") == [BAD_NAME]
    assert desk.types("", "bob") == ["you are bob#2; /help lists what you can do"]
    assert desk.conversation.ready


def test_what_is_typed_too_early_is_kept() -> None:
    """Before there is a member, a line is neither sent nor forgotten."""
    desk = Desk(Office(), "alice", login=False, hold=False)
    assert not desk.conversation.typed("hello")
    assert not desk.conversation.typed("/who")
    assert desk.conversation.typed("/help")


@pytest.mark.parametrize("line", ["exit", "quit", " quit ", "/quit", "/QUIT bye"])
def test_the_words_that_leave(line: str) -> None:
    (alice,) = Office().members("alice")
    alice.types(line)
    assert alice.conversation.leaving
    assert alice.sent == ["QUIT bye" if "bye" in line else "QUIT"]
    assert alice.conversation.session is None


def test_the_word_quit_can_be_said() -> None:
    alice, bob = Office().members("alice", "bob")
    alice.types("/say quit", "//quit", "quit it")
    assert bob.sees() == ["alice#1: quit", "alice#1: /quit", "alice#1: quit it"]


def test_lines_that_were_pasted_are_said_one_by_one() -> None:
    alice, bob = Office().members("alice", "bob")
    alice.types("one\n\ntwo\r\n\tthree")
    assert bob.sees() == ["alice#1: one", "alice#1: two", "alice#1:     three"]


def test_a_text_that_is_too_long_is_said_in_pieces() -> None:
    """SAY-12: what was typed is not lost."""
    alice, bob = Office().members("alice", "bob")
    text = "ünd " * 2000
    alice.types(text)
    said = [line.removeprefix("alice#1: ") for line in bob.sees()]
    assert len(said) == 3
    assert "".join(said) == text


def test_what_the_server_would_refuse_is_not_sent() -> None:
    """OCTET-8: control characters of a paste, half a surrogate pair of a broken terminal."""
    alice, bob = Office().members("alice", "bob")
    alice.types("a\x1b[31mb\x00\ud800", "/tell bob \x07")
    assert bob.sees() == ["alice#1: a�[31mb��", "alice tells you: �"]


def test_an_unknown_command_is_told() -> None:
    (alice,) = Office().members("alice")
    assert alice.types("/dance") == ["there is no /dance: /help lists all; // says a text with /"]
    assert alice.sent == []


# Accounts


def test_registering_and_logging_in() -> None:
    """ACCT-1, ACCT-2, ACCT-4: whoever takes a registered nickname is asked for its password."""
    office = Office()
    (alice,) = office.members("alice")
    alice.types("/register")
    assert alice.conversation.question is Question.NEW_PASSWORD
    assert alice.types("short") == ["a password has 8 to 64 characters"]
    assert alice.types(RIGHT, RIGHT) == [
        "alice is registered: it takes your password to have this name"
    ]
    alice.types("quit")
    other = office.desk("alice")
    assert other.sees()[-1] == "alice has a password"
    assert other.conversation.question is Question.PASSWORD
    other.types(WRONG)
    office.passes(1.0)
    assert other.sees() == ["alice: wrong nickname or password"]
    assert other.conversation.question is Question.PASSWORD
    assert other.types(RIGHT) == ["you are alice#2; /help lists what you can do"]


def test_passwords_that_differ_are_not_registered() -> None:
    (alice,) = Office().members("alice")
    assert alice.types("/register", RIGHT, WRONG) == ["the two differ: nothing is registered"]
    assert alice.types("/register", "") == ["nothing is registered"]
    assert alice.types("/register", "with a space") == [
        "a password has no spaces, and ASCII characters only"
    ]
    assert alice.sent == []


def test_a_password_on_the_command_line_is_not_used() -> None:
    """It has been seen on the screen; and the history of input does not keep it."""
    (alice,) = Office().members("alice")
    assert alice.types(f"/register {RIGHT}") == [
        "/register asks for the password, unseen: do not type it here"
    ]
    assert alice.sent == []
    assert worth_keeping(f"/REGISTER {RIGHT}") == "/REGISTER"
    assert worth_keeping(f"/login alice {RIGHT}") == "/login"
    assert worth_keeping("/tell alice hello") == "/tell alice hello"


def test_without_the_password_another_name_is_chosen() -> None:
    office = Office()
    office.members("alice")[0].types("/register", RIGHT, RIGHT, "quit")
    desk = office.desk("alice")
    desk.types("", "bob")
    assert desk.conversation.nickname == desk.session.name == "bob"


def test_login_from_the_start() -> None:
    office = Office()
    office.members("alice")[0].types("/register", RIGHT, RIGHT, "quit")
    desk = office.desk("alice", login=True)
    assert desk.conversation.question is Question.PASSWORD
    desk.types(RIGHT)
    assert desk.sent == [f"LOGIN alice {RIGHT}", "WHO", "ROOMS"]


def test_a_member_logs_in_by_coming_back() -> None:
    """ACCT-15: a member cannot; so it leaves, and the next connection logs in."""
    office = Office()
    office.members("alice")[0].types("/register", RIGHT, RIGHT, "quit")
    (bob,) = office.members("bob")
    assert bob.types("/login alice", RIGHT) == []
    assert bob.sent == ["QUIT"]
    assert bob.conversation.hurry
    assert comes_back(bob) == ["you are alice#3 again"]


# The lock while one types


def test_hold_takes_the_lock_at_the_first_key() -> None:
    """LOCK-1: and what is said gives it back."""
    alice, bob = Office().members("alice", "bob", hold=True)
    alice.keys("h")
    alice.keys("he")
    assert alice.sent == ["LOCK"]
    assert alice.conversation.locked
    bob.types("one")
    assert alice.sees() == []
    assert alice.types("hello") == [
        "── 1 line waited while you wrote ──", "bob#2: one", "alice#1: hello",
    ]  # fmt: skip
    assert alice.sent == ["LOCK", "SAY hello"]
    assert not alice.conversation.locked


def test_hold_says_nothing_when_nothing_waited() -> None:
    (alice,) = Office().members("alice", hold=True)
    assert alice.types("hello", "again") == ["alice#1: hello", "alice#1: again"]
    assert alice.sent == ["LOCK", "SAY hello", "LOCK", "SAY again"]


def test_esc_gives_the_lock_back_until_the_next_line() -> None:
    alice, bob = Office().members("alice", "bob", hold=True)
    alice.keys("hel")
    bob.types("one")
    alice.conversation.let_go()
    alice.office.settle()
    assert alice.sees() == ["── 1 line waited while you wrote ──", "bob#2: one"]
    alice.keys("hell")
    assert not alice.conversation.locked
    alice.types("hello")
    alice.keys("x")
    assert alice.conversation.locked


@pytest.mark.parametrize("line", ["", "/who", "/dance"])
def test_hold_ends_with_the_line_whatever_it_was(line: str) -> None:
    """An erased line, a command, one that does not exist: nobody writes any more."""
    (alice,) = Office().members("alice", hold=True)
    alice.keys("/")
    alice.types(line)
    assert not alice.conversation.locked
    assert alice.sent.count("UNLOCK") == 1


def test_lock_by_hand_stays_while_one_types() -> None:
    alice, bob = Office().members("alice", "bob", hold=True)
    alice.types("/lock", "/who")
    bob.types("one")
    assert alice.conversation.locked
    assert "bob#2: one" in alice.types("/unlock")
    assert not alice.conversation.locked


def test_a_server_without_lock_is_asked_once() -> None:
    (alice,) = Office().members("alice", hold=True)
    alice.session.unknown.add("LOCK")
    alice.types("hello")
    assert alice.sent == ["SAY hello"]


# Coming back


def test_coming_back_to_name_room_and_what_was_missed() -> None:
    """Nothing is asked, and what was said meanwhile is shown once."""
    alice, bob = Office().members("alice", "bob")
    alice.types("/join garden", "one")
    bob.types("/join garden", "two")
    alice.sees()
    alice.is_cut_off()
    assert alice.sees() == ["connection lost: the server broke the connection"]
    bob.types("three")
    seen = comes_back(alice)
    assert seen[:2] == ["you are alice#3 again", "── garden, 2 members ──"]
    assert seen[2] == "── 1 message while you were away ──"
    assert seen[3].endswith("bob: three")
    assert bob.types("four")
    assert alice.sees() == ["bob#2: four"]


def test_nothing_is_shown_when_nothing_was_missed() -> None:
    (alice,) = Office().members("alice")
    alice.types("one")
    alice.is_cut_off()
    alice.sees()
    assert comes_back(alice) == ["you are alice#2 again"]


def test_what_was_not_answered_is_told() -> None:
    """What was typed is not lost: whether it arrived is not known."""
    (alice,) = Office().members("alice")
    alice.conversation.typed("did you get this?")
    alice.is_cut_off()
    assert alice.sees()[-1] == "may not have arrived: did you get this?"


def test_a_nickname_that_was_taken_meanwhile() -> None:
    """One plain line, and the person is asked."""
    office = Office()
    (alice,) = office.members("alice")
    alice.is_cut_off()
    office.members("Alice")
    alice.sees()
    assert comes_back(alice) == ["alice: somebody has this nickname"]
    assert alice.conversation.question is Question.NICKNAME
    assert alice.types("alicia") == ["you are alicia#3 again"]


def test_a_registered_nickname_comes_back_by_itself() -> None:
    (alice,) = Office().members("alice")
    alice.types("/register", RIGHT, RIGHT)
    alice.is_cut_off()
    alice.sees()
    assert comes_back(alice) == ["you are alice#2 again"]


def test_a_server_that_does_not_wait_for_a_name() -> None:
    """Section 12: it may close a nameless connection. The answer goes over the next one."""
    office = Office()
    desk = office.desk()
    desk.is_cut_off()
    assert not desk.conversation.wants_connection
    desk.sees()
    desk.types("alice")
    assert desk.conversation.wants_connection
    assert desk.conversation.hurry
    assert comes_back(desk)[-1] == "you are alice#1; /help lists what you can do"


def test_a_question_without_a_connection_does_not_outlive_it() -> None:
    (alice,) = Office().members("alice")
    alice.types("/register", RIGHT)
    alice.is_cut_off()
    assert alice.conversation.question is Question.NONE


# Completion


def test_completion_knows_commands_names_rooms_and_offers() -> None:
    alice, bob = Office().members("alice", "bob")
    bob.types("/join barn")
    bob.types("/join lobby")
    alice.types("/rooms")
    bob.offers("alice", "a\u202e.txt", b"x")

    def completed(line: str) -> list[str]:
        return [word for word, _ in complete(alice.conversation, line)]

    assert completed("/jo") == ["/join "]
    assert completed("/tell B") == ["bob "]
    assert completed("/who l") == ["lobby "]
    assert complete(alice.conversation, "/accept ") == [("1 ", "a\\u202e.txt")]
    assert completed("B") == ["bob: "]
    assert completed("ask b") == ["bob "]
    assert completed("ask ") == []


def test_only_what_the_server_has_is_completed() -> None:
    (alice,) = Office().members("alice")
    alice.session.capabilities = ()
    names = [word.strip() for word, _ in complete(alice.conversation, "/")]
    assert names == ["/help", "/who", "/list", "/lock", "/unlock", "/say", "/quit"]
