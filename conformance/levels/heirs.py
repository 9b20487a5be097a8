"""Level 6: what those who were sent away leave behind: names, numbers, locks, and places.

For test_6_deadlines, with times so short that whoever plays may be late itself.
"""

import contextlib
from collections.abc import Iterable, Iterator

from ..bench import untested
from ..chat import Chat
from ..client import Client
from ..narrow import BEHIND, TEXT
from ..together import Watch
from ..violation import Violation, blamed_on
from .doors import expect_let_in

#: Connections that there may be where places are counted.
PLACES = 3


@contextlib.contextmanager
def nobody_is_late() -> Iterator[None]:
    """Whoever is sent away in here was late, because this machine was busy: nothing is judged."""
    try:
        yield
    except Violation as violation:
        late = violation.client
        if late is not None and late.said_bye and late.said_bye is not late.greeting:
            untested("unknown: a client has been sent away, and may have been late")
        raise


def three_places_are_freed(chat: Chat, watch: Watch) -> Iterator[None]:
    """One is silent when it has said much, one reads nothing of that, one chooses no name."""
    with nobody_is_late():
        slow = chat.narrow_member("slow")
        slow.reads_no_more()
        silent = chat.connect("silent")
        with blamed_on("CAP-4"):  # one of the two that are here has a name
            nobody = chat.connect("nobody")
        silent.answers_pings = False
        silent.takes_name()
        for _ in range(BEHIND):
            silent.says(TEXT)
        watch.begins()
        yield from watch.until(lambda: bool(silent.ended and nobody.ended))
        if not (silent.ended and nobody.ended):
            untested("unknown: those whose time is over have not been sent away")
        silent.events.clear()  # it may have been told of the slow one
        why = "who was silent and who chose no name were sent away: two places are free"
        witness, heir = (expect_let_in(chat, label, "CAP-3", why) for label in ("witness", "heir"))
        for client in (witness, heir):
            client.takes_name()
            expect_next(client, silent.number)
        listed = [slow.nick]
        for _ in watch.until(lambda: slow.nick not in listed):
            listed[:] = [item["name"] for item in witness.asks("WHO").items]
            yield
        if slow.nick in listed:
            untested("unknown: who reads nothing has not been dropped")
        why = "who did not read was dropped: its place is free"
        another = expect_let_in(chat, "another", "CAP-3", why)
        yield from _expect_no_fourth(chat, watch, [witness, heir, another])
        for client in list(chat.clients):  # nothing more is asked of them: they might be late
            client.closes()


def _expect_no_fourth(chat: Chat, watch: Watch, present: list[Client]) -> Iterator[None]:
    """A further one is turned away: it must not be here together with all of these. CAP-1."""
    late = Client(chat, "late")
    yield from watch.until(lambda: late.greeting is not None or late.ended is not None)
    if late.greeting is None or late.said_bye:
        return
    for client in present:
        client.sends("PING still-here")
    yield from watch.until(lambda: all(each.answers or each.ended for each in present))
    if all(each.answers for each in present):
        raise Violation(
            f"three have gone and three have come, and there are {PLACES} places",
            client=late,
            expected="BYE (and words), then (end of stream)",
            got=late.greeting.text,
            requirement="CAP-1",
        )
    untested("unknown: a client has been sent away, and may have been late")


def take_names_at_once(witness: Client, gone: Iterable[Client], heirs: Iterable[Client]) -> None:
    """Whoever is told of a LEFT may take the name: an heir asks for it as soon as it is told."""
    told = {event.text for event in witness.events}
    for client, heir in zip(gone, heirs, strict=True):
        if heir.nick != client.nick and _left(client) in told:
            heir.nick = client.nick
            heir.sends(f"NICK {heir.nick}")


def left_once(witness: Client, gone: Client) -> None:
    """All that others were told of its end is one LEFT."""
    witness.fence()
    left = _left(gone)
    told = [event.text for event in witness.events if event.text.startswith(left[:-7])]
    if told != [left]:
        raise Violation(
            "the others are told once",
            client=witness,
            expected=left,
            got=", ".join(told) or "(nothing)",
            requirement="SILENCE-3",
        )


def expect_free(heir: Client) -> None:
    """It was given the name that it asked for when others were told of the LEFT."""
    answer = heir.answer()
    if answer.final.kind == "ERR":
        raise Violation(
            f"{_left(heir)} was told before: from then on the name is free",
            client=heir,
            expected=f"OK NICK {heir.nick} (number)",
            got=answer.final.text,
            requirement="SILENCE-3",
        )
    heir.named(answer)


def _left(gone: Client) -> str:
    return f"LEFT lobby {gone.nick} timeout"


def expect_next(heir: Client, newest: int) -> None:
    """No number is used again, not even that of the newest member. NICK-6."""
    if heir.number <= newest:
        raise Violation(
            f"a newcomer, after number {newest} was sent away",
            client=heir,
            expected=f"(a number above {newest})",
            got=str(heir.number),
            requirement="NICK-6",
        )


def expect_not_locked(heir: Client, speaker: Client) -> None:
    """A lock ends with its member, who was silent: what is said arrives at once. LOCK-13."""
    seq = speaker.says("who are you?")
    heir.fence()
    if not heir.events:
        raise Violation(
            "the name of a member that was locked has a new holder",
            client=heir,
            expected=f"MSG lobby {seq} {speaker.nick} who are you?",
            got="(nothing)",
            requirement="LOCK-13",
        )
