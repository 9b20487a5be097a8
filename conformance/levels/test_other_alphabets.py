"""Extensions: a word of another alphabet is no name, even if its lower case is one.

The lower case of the Kelvin sign is a k; so says Unicode, and names are ASCII (NICK-5).
"""

from ..accounts import PASSWORD, an_account, quick
from ..bench import Bench, needs
from ..chat import Chat
from ..client import ANY_VERB
from .test_rooms import all_move

KELVIN = "\u212a"
DIGEST = "0" * 64


def test_who_is_told_something_has_a_name(chat: Chat) -> None:
    """TELL-5: no-such-nick: never well-formed."""
    alice, kim = chat.members("alice", "kim")
    alice.is_refused(f"TELL {KELVIN}{kim.nick[1:]} hello", "no-such-nick")
    kim.receives_nothing()


def test_a_room_has_a_name(chat: Chat) -> None:
    """ROOM-10: no-such-room: a word that is no name."""
    alice, bob = chat.members("alice", "bob")
    kitchen = all_move(chat, "kitchen", alice)
    bob.is_refused(f"WHO {KELVIN}{kitchen[1:]}", "no-such-room")


@needs("ACCT-1", "ACCT-3")
def test_who_logs_in_has_a_name(bench: Bench) -> None:
    """ACCT-5, NICK-3: bad-login, and for NICK bad-nick: a name that is not well-formed."""
    chat = quick(bench)
    name = KELVIN + an_account(chat, "kim")[1:]
    bob = chat.connect("bob")
    bob.is_refused(f"LOGIN {name} {PASSWORD}", "bad-login")
    bob.is_refused(f"NICK {name}", "bad-nick")
    bob.is_refused("SAY am I somebody?", "need-nick", ANY_VERB)


def test_who_is_offered_something_has_a_name(chat: Chat) -> None:
    """FILE-13: no-such-nick."""
    alice, kim = chat.members("alice", "kim")
    alice.is_refused(f"OFFER {KELVIN}{kim.nick[1:]} 5 {DIGEST} x", "no-such-nick")
    kim.receives_nothing()
