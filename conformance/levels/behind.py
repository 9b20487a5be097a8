"""Level 6: how much is said to one who reads nothing, until the server has to keep some of it.

For test_6_deadlines and test_extension_deadlines, where the time of SLOW-4 is short.
"""

from collections.abc import Callable, Iterator

from ..client import Client
from ..narrow import BEHIND, TEXT
from ..together import Watch
from ..usage import octets_between

#: Octets beyond which no system keeps anything for one connection.
MOST = 16 * 1024 * 1024
#: Messages that are said at once where the system keeps much, or does not tell how much.
MUCH = 80


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


def _say(speaker: Client, count: int) -> int:
    """Returns how many octets of text that was."""
    for _ in range(count):
        speaker.says(TEXT)
    return count * len(TEXT)


def _owes(slow: Client, said: int) -> bool:
    """Whether the system keeps less than was said; not where it does not tell."""
    kept = octets_between(slow.chat.address[1], slow.sock.getsockname()[1])
    return kept is not None and kept < said
