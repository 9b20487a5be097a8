"""Level 6: those for whom the server has to keep something, because they do not read it at once.

For test_6_deadlines and test_extension_deadlines, where the time of SLOW-4 is short.
"""

from collections.abc import Callable, Iterator

from ..chat import Chat
from ..client import Client
from ..connections import octets_between
from ..narrow import BEHIND, TEXT
from ..together import Watch, too_busy
from ..violation import Violation
from .silence import NOT_BEFORE

#: Octets beyond which no system keeps anything for one connection.
MOST = 16 * 1024 * 1024
#: Messages that are said at once where the system keeps much, or does not tell how much.
MUCH = 80
#: Seconds of SLOW-4 for one who reads late, but in time; and for how long it is seen to stay.
STALL = 1.2
SEEN = 1.4 * STALL
#: How often one reads that is in a hurry, and narrow, while others wait.
AT_ONCE = 10


def talk_until(
    over: Callable[[], bool], speaker: Client, slow: Client, watch: Watch, seconds: float
) -> Iterator[None]:
    """Says more to the slow one than the system keeps for it, and goes on talking until it is over.

    Nothing is owed as long as the system has taken all of it, and some servers ask the system to
    keep much (SO_SNDBUF).
    """
    said = _say(speaker, BEHIND)
    watch.begins()
    due = 0.0
    for _ in watch.until(over):
        if watch.passed >= due:
            due = watch.passed + seconds / 6
            speaker.says("still talking")
            if watch.passed > 4 * seconds and said < MOST and not _owes(slow, said):
                said += _say(speaker, MUCH)
        yield


def somebody_catches_up(chat: Chat, watch: Watch) -> Iterator[None]:
    """Carol is behind, reads everything in time, and is owed nothing from then on."""
    alice, carol = chat.member("alice"), chat.narrow_member("carol")
    carol.reads_no_more()
    watch.begins()
    for _ in range(BEHIND):
        alice.sends(f"SAY {TEXT}")
    yield from watch.until(lambda: not alice.waits)
    carol.reads_again()
    carol.sends("PING all-read")
    for _ in watch.until(lambda: bool(carol.answers or carol.ended)):
        for _ in range(AT_ONCE):
            chat.pump(0.001)
        yield
    took = watch.passed
    watch.begins()
    yield from watch.until(lambda: carol.ended is not None or watch.passed >= SEEN)
    if took >= NOT_BEFORE * STALL:
        too_busy(f"it took {took:.1f} s until all that was said was read")
    if carol.ended is not None:
        raise Violation(
            f"it was behind, and had read everything {took:.1f} s later: from then on it is owed "
            f"nothing, so there is nothing that it could fail to take for {STALL:g} s",
            client=carol,
            expected="(it stays)",
            got=f"({carol.ended})",
            requirement="SLOW-4",
        )
    carol.check(carol.answer().final, "PONG all-read")
    while alice.waits or alice.answers:
        alice.said(alice.answer())
    alice.receives_nothing()
    carol.events.clear()


def _say(speaker: Client, count: int) -> int:
    """Returns how many octets of text that was."""
    for _ in range(count):
        speaker.says(TEXT)
    return count * len(TEXT)


def _owes(slow: Client, said: int) -> bool:
    """Whether the system keeps less than was said; not where it does not tell."""
    kept = octets_between(slow.chat.address[1], slow.sock.getsockname()[1])
    return kept is not None and kept < said
