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
            in_doubt = watch.passed > 4 * seconds and said < MOST
            if in_doubt and (_kept_for(slow) or said) >= said:
                said += _say(speaker, MUCH)
        yield


def _say(speaker: Client, count: int) -> int:
    """Returns how many octets of text that was."""
    for _ in range(count):
        speaker.says(TEXT)
    return count * len(TEXT)


def _kept_for(slow: Client) -> int | None:
    """The octets that the system keeps for it; None where it does not tell."""
    return octets_between(slow.chat.address[1], slow.sock.getsockname()[1])
