"""The capability `accounts`: jobs, what they find, and refusals that are put off (section 19).

Passwords are checked for real where that is the subject; elsewhere a test says what a job found.
"""

from __future__ import annotations

import pytest

from parley import passwords
from parley.accounts import Accounts
from parley.extensions import ExtendedHub
from parley.hub import CLOSE, Account, Job, Limits
from tests.chat import Chat, Person

RIGHT = "correct-horse"
WRONG = "battery-staple"
REFUSED = "ERR bad-login LOGIN wrong nickname or password"


def chat_of(*names: str, **limits: float) -> tuple[Chat, Accounts, list[Person]]:
    chat = Chat(Limits(**limits), hub=Accounts)  # type: ignore[arg-type]  # int or float as needed
    assert isinstance(chat.hub, Accounts)
    chat.hub.announce()  # so that HELLO is that of other tests; then everything is there again
    chat.hub.announced = chat.hub.capabilities
    return chat, chat.hub, chat.members(*names)


def job_of(person: Person, line: str) -> Job:
    """Sends a line that needs a job, and has not been answered."""
    person.sends(line)
    assert isinstance(person.outcome, Job)
    assert person.member.waiting
    assert not [each for each in person.hears() if each.startswith(("OK", "ERR"))]
    return person.outcome


def finish(person: Person, line: str, result: object) -> list[str]:
    """Sends a line, lets its job find this, and tells what the person was sent."""
    job = job_of(person, line)
    person.chat.hub.finish(job, result, person.chat.now)
    return person.hears()


def registered(hub: Accounts, *names: str) -> None:
    hub.recall_accounts(Account(name, "(a hash)") for name in names)


def test_register_is_answered_when_the_job_is_done() -> None:
    """ACCT-1: and it is handed out to be stored, once, with what the job made of the password."""
    _, hub, (alice,) = chat_of("alice")
    job = job_of(alice, f"REGISTER {RIGHT}")
    assert hub.take_registered() == []
    assert hub.finish(job, "(a hash)", 1000.0) is None
    assert alice.hears() == ["OK REGISTER"]
    assert not alice.member.waiting
    assert hub.take_registered() == [Account("alice", "(a hash)")]
    assert hub.take_registered() == []


def test_a_password_is_checked_for_real() -> None:
    """ACCT-2, ACCT-5: jobs of REGISTER and LOGIN fit each other."""
    chat, hub, (alice,) = chat_of("Alice")
    job = job_of(alice, f"REGISTER {RIGHT}")
    hub.finish(job, job.run(), chat.now)
    assert alice.does("QUIT")[-1] == "OK QUIT"
    bob = chat.nameless()
    for password, found, answer in ((WRONG, False, REFUSED), (RIGHT, True, "OK LOGIN Alice 2")):
        job = job_of(bob, f"LOGIN aLICE {password}")
        assert job.run() is found
        hub.finish(job, found, chat.now)
        chat.passes(1.0)
        assert bob.hears() == [answer]


def test_others_hear_of_a_login_when_the_check_ends() -> None:
    """ACCT-3, NEED-1: not before; then the newcomer is a member."""
    chat, hub, (bob,) = chat_of("bob")
    registered(hub, "alice")
    alice = chat.nameless()
    job = job_of(alice, f"LOGIN alice {RIGHT}")
    assert bob.hears() == []
    hub.finish(job, True, chat.now)
    assert bob.hears() == ["JOINED lobby alice 2"]
    assert alice.hears() == ["OK LOGIN alice 2"]
    assert alice.says("hello") == ["OK SAY 1"]
    chat.passes(Limits.handshake)
    assert not chat.dropped


@pytest.mark.parametrize("name", ["alice", "ALICE", "nobody", "1337"])
def test_a_wrong_try_is_answered_when_its_time_has_come(name: str) -> None:
    """ACCT-5, ACCT-8, ACCT-10: put off, and until then the connection is waiting."""
    chat, hub, _ = chat_of()
    registered(hub, "alice")
    mallory = chat.nameless()
    assert finish(mallory, f"LOGIN {name} {WRONG}", False) == []
    assert mallory.member.waiting
    assert hub.next_deadline() == chat.now + 1.0
    chat.passes(0.9)
    assert mallory.hears() == []
    chat.passes(0.1)
    assert mallory.hears() == [REFUSED]
    assert not mallory.member.waiting
    assert mallory.does("PING x") == ["PONG x"]


def test_an_unknown_name_is_checked_against_something_of_the_same_cost() -> None:
    """ACCT-6: the same function with the same parameters."""
    _, hub, _ = chat_of()
    head = passwords.hashed(RIGHT).split("$")[:3]
    assert hub._nobody.split("$")[:3] == head
    assert len(hub._nobody) == len(passwords.hashed(RIGHT))
    assert not passwords.matches(RIGHT, hub._nobody)


def test_three_wrong_tries_are_all() -> None:
    """ACCT-9: the third refusal comes with BYE; no other refusal counts."""
    chat, hub, (bob,) = chat_of("bob")
    registered(hub, "alice")
    mallory = chat.nameless()
    heard = []
    for _ in range(3):
        assert mallory.does("LOGIN alice")[0].startswith("ERR bad-args")
        assert mallory.does("NICK alice")[0].startswith("ERR nick-registered")
        finish(mallory, f"LOGIN alice {WRONG}", False)
        chat.passes(1.0)
        heard += mallory.hears()
    assert heard == [REFUSED, REFUSED, REFUSED, "BYE too many wrong passwords"]
    assert chat.dropped == [mallory]
    assert bob.hears() == []


def test_names_in_use_and_names_of_members() -> None:
    """ACCT-7, ACCT-15: neither is a wrong try."""
    chat, hub, (alice,) = chat_of("alice")
    registered(hub, "alice")
    bob = chat.nameless()
    for _ in range(4):
        [answer] = finish(bob, f"LOGIN alice {RIGHT}", True)
        assert answer.startswith("ERR nick-in-use LOGIN ")
    [answer] = alice.does(f"LOGIN alice {RIGHT}")
    assert answer.startswith("ERR already-named LOGIN ")


@pytest.mark.parametrize("line", ["NICK alice", "NICK ALICE"])
def test_nick_is_refused_a_registered_name(line: str) -> None:
    """ACCT-4: whether its holder is here or not."""
    chat, hub, (alice,) = chat_of("alice")
    registered(hub, "alice")
    bob = chat.nameless()
    for _ in range(2):
        [answer] = bob.does(line)
        assert answer.startswith("ERR nick-registered NICK ")
        alice.vanishes()


def test_checks_are_bounded_and_counted_down() -> None:
    """ACCT-12: whatever becomes of those who asked, the places are free again in the end."""
    chat, hub, (alice,) = chat_of("alice", checks=2)
    bob, carol, dave = chat.nameless(), chat.nameless(), chat.nameless()
    jobs = [job_of(bob, f"LOGIN x {WRONG}"), job_of(alice, f"REGISTER {RIGHT}")]
    for _ in range(5):
        [answer] = carol.does(f"LOGIN x {WRONG}")
        assert answer.startswith("ERR busy LOGIN ")
        assert not carol.member.waiting
    bob.vanishes()
    for job in jobs:
        hub.finish(job, None if job.member is bob.member else "(a hash)", chat.now)
    jobs = [job_of(dave, f"LOGIN x {WRONG}"), job_of(carol, f"LOGIN x {WRONG}")]
    assert carol.member.tries == 0
    for job in jobs:
        with pytest.raises(MemoryError):
            hub.finish(job, MemoryError(), chat.now)
    assert hub.jobs == 0


def test_who_is_gone_gets_no_name() -> None:
    """ACCT-13: the job does no work, and its result changes nothing."""
    chat, hub, (bob,) = chat_of("bob")
    registered(hub, "alice")
    ghost = chat.nameless()
    job = job_of(ghost, f"LOGIN alice {RIGHT}")
    ghost.vanishes()
    assert job.run() is None
    assert hub.finish(job, True, chat.now) is CLOSE
    assert bob.hears() == []
    assert "alice" not in hub.names


def test_who_leaves_while_a_refusal_is_put_off_is_forgotten() -> None:
    """ACCT-13: no deadline is left, and nothing is sent."""
    chat, hub, _ = chat_of()
    ghost = chat.nameless()
    finish(ghost, f"LOGIN alice {WRONG}", False)
    ghost.vanishes()
    assert hub.next_deadline() is None
    chat.passes(1.0)
    assert ghost.hears() == []


def test_a_stop_answers_nobody() -> None:
    """STOP-1: BYE is the last line of one whose refusal is put off, or whose check runs."""
    chat, hub, _ = chat_of()
    waiting, checked = chat.nameless(), chat.nameless()
    finish(waiting, f"LOGIN alice {WRONG}", False)
    job = job_of(checked, f"LOGIN alice {WRONG}")
    hub.shutdown("bye now", chat.now)
    chat.passes(1.0)
    assert hub.finish(job, False, chat.now) is CLOSE
    assert (waiting.hears(), checked.hears()) == (["BYE bye now"], ["BYE bye now"])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        *(("REGISTER", "bad-args"), ("REGISTER a b", "bad-args"), ("REGISTER é", "bad-args")),
        *(("REGISTER 1234567", "bad-password"), (f"REGISTER {'x' * 65}", "bad-args")),
        *(("LOGIN a", "bad-args"), ("LOGIN", "bad-args"), ("LOGIN a b c", "bad-args")),
    ],
)
def test_refusals_of_arguments(line: str, code: str) -> None:
    """ACCT-17, ACCT-18."""
    _, hub, (alice,) = chat_of("alice")
    [answer] = alice.does(line)
    assert answer.startswith(f"ERR {code} {line.split()[0]} ")
    assert hub.jobs == 0


def test_the_number_of_accounts_is_bounded() -> None:
    """Section 19: too-many-accounts; who is registered stays so."""
    _, _, (alice, bob) = chat_of("alice", "bob", max_accounts=1)
    assert finish(alice, f"REGISTER {RIGHT}", "(a hash)") == ["OK REGISTER"]
    assert bob.does(f"REGISTER {RIGHT}")[0].startswith("ERR too-many-accounts ")
    assert alice.does(f"REGISTER {RIGHT}")[0].startswith("ERR already-registered ")


def test_where_accounts_are_not_offered_there_are_no_verbs() -> None:
    """ACCT-21: LOGIN and REGISTER are unknown; registered nicknames stay protected."""
    chat, hub, (alice,) = chat_of("alice")
    registered(hub, "bob")
    hub.announce()
    bob = chat.nameless()
    assert bob.does(f"LOGIN bob {RIGHT}")[0].startswith("ERR need-nick - ")
    assert bob.does("NICK bob")[0].startswith("ERR nick-registered ")
    assert alice.does(f"REGISTER {RIGHT}")[0].startswith("ERR unknown-verb - ")


def test_nothing_shows_what_a_job_knows() -> None:
    """ACCT-20: neither its repr nor an error of what checks passwords."""
    _, _, (alice,) = chat_of("alice")
    assert RIGHT not in repr(job_of(alice, f"REGISTER {RIGHT}"))
    with pytest.raises(ValueError, match=r"[Ii]nvalid") as caught:
        passwords.matches(RIGHT, "$scrypt$ln=1,r=0,p=1$AAAA$AAAA")
    assert RIGHT not in str(caught.value)


def test_the_chat_with_every_extension_has_accounts() -> None:
    assert "accounts" in ExtendedHub.capabilities
