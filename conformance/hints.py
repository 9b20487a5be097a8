"""What to look at first: for a situation that can be recognised, or else for a requirement.

A hint is a guess, and is worded as one: the card above it has the facts.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from .situations import SITUATIONS


@dataclass(frozen=True)
class Facts:
    """What is known about a failure, escaped: all that a hint may depend on."""

    id: str = "START-1"
    why: str = ""
    expected: str = ""
    got: str = ""
    sent: str = ""  # the last command before it
    server: str = ""  # "running", or how it ended
    stdout: str = ""  # without the ready line
    stderr: str = ""  # since the test began
    differs: str = ""  # in what alone two lines differ: compare.kind_of_difference


def hint_for(facts: Facts) -> str:
    """The hint of the first situation that fits; else the requirement's own; else none."""
    known = asdict(facts)
    for hint, patterns in SITUATIONS:
        if all(re.search(pattern, known[name]) for name, pattern in patterns.items()):
            return hint
    return HINTS.get(facts.id, "")


HINTS: dict[str, str] = {
    "LINE-1": (
        "Does every line you send end with one \\n, and with no \\0 behind it? In C, send "
        "strlen(line) octets, not sizeof."
    ),
    "LINE-2": (
        "Compare the line with the tables of protocol.md letter by letter: capitals, single "
        "spaces, nothing extra at the end."
    ),
    "HELLO-1": "Send HELLO as soon as accept() returns, before you read anything.",
    "HELLO-3": (
        "Does your server wait in recv() of one client while others wait to be served? Use "
        "poll(), a thread or a task for each client."
    ),
    "PING-1": (
        "Is the line end cut off before you compare? Everything behind `PING ` goes back. In C: "
        "is there a \\0 behind what recv() returned, or the rest of an older line?"
    ),
    "CMD-3": (
        "One reply for each line, in order: look for a path through your code that answers "
        "twice, or not at all."
    ),
    "ERR-2": "Where you look up the verb: what happens with one that is not in the table?",
    "ERR-4": "An error must not close the connection, nor change anything before it is found.",
    "NICK-3": "Check the whole name: its first character, every other one, and its length.",
    "NICK-5": "Compare names in lower case, but show them as they were written.",
    "NICK-8": (
        "Between checking that a name is free and taking it, can another client run? In "
        "threads that needs one lock around both; with await, none in between."
    ),
    "NEED-1": (
        "Before a name only NICK, PING, PONG and QUIT do anything. Check this before the verb."
    ),
    "SAY-2": (
        "Send to every member but the speaker. If one in the middle is missing: does your "
        "list change while you walk through it? Does one failed send end the loop?"
    ),
    "SAY-3": (
        "The text is everything behind the first space. Splitting at spaces and joining again "
        "loses double ones."
    ),
    "SAY-4": "In the loop that tells everybody: skip the one who speaks.",
    "SAY-6": (
        "Everybody must hear the same order. With threads: take the number and queue the "
        "message to everybody under one lock."
    ),
    "SAY-8": (
        "Queue OK NICK and enter the room in one step: what comes after it belongs to the newcomer."
    ),
    "SAY-10": (
        "Queue the message to all others first, and the reply to the speaker last. If another "
        "thread or task tells the others: who waits for it before the reply is sent?"
    ),
    "SAY-12": "Count octets, not characters: é has two.",
    "JOINED-3": "Tell the others first, then answer the newcomer.",
    "WHO-4": (
        "Another thread may write between your HERE lines. Build the listing as one piece, "
        "and queue it at once."
    ),
    "QUIT-4": (
        "close() with unread input in the socket resets the connection, and OK QUIT may be "
        "lost: shutdown(SHUT_WR) first, read and throw away until the client closes, then close."
    ),
    "QUIT-1": (
        "After OK QUIT: shutdown(SHUT_WR), read until the client closes, then close. Closing "
        "at once with unread input resets the connection and may destroy OK QUIT."
    ),
    "LEFT-1": (
        "recv() returning 0 octets means that the client sends no more: obey what came before, "
        "remove it, tell the others; then send what it is still owed, and close the socket."
    ),
    "LEFT-2": (
        "A reset shows as an error of recv() or send() (ECONNRESET, EPIPE; in C ignore "
        "SIGPIPE): it means that this client left, not that your server must end."
    ),
    "LEFT-3": "When recv() returns 0: are there complete lines in your buffer still to be obeyed?",
    "LEFT-4": (
        "A client may close its sending side and still read: send what it is owed, then close."
    ),
    "LEFT-6": (
        "Remove the name at the same moment as you send LEFT, and not once more when the socket is "
        "closed: by then it may be somebody else's."
    ),
    "STOP-1": (
        "Catch SIGINT and SIGTERM; queue BYE to everybody, to those without a name too; and end "
        "only when it has been sent."
    ),
    "STOP-3": (
        "Which thread is still waiting in recv() or accept()? It needs to be woken: shut its "
        "socket down, or write to a pipe that it polls."
    ),
    "STOP-5": "Set SO_REUSEADDR before bind().",
    "START-3": (
        "Catch the error of bind(): print one line to standard error and exit with status 1. A "
        "traceback is many lines."
    ),
    "START-7": (
        "Bind to the address that --host gives, which getaddrinfo() finds if it is a name; "
        "INADDR_ANY, or 0.0.0.0, is all of them."
    ),
    "START-1": "Print exactly `listening on HOST PORT` and flush: output into a pipe is buffered.",
    "START-2": "After bind() to port 0, getsockname() tells which port it became.",
    "LOCK-1": "A lock is a flag of the member and a list of what waits for it.",
    "LOCK-2": "Hold events only. A reply leaves at once: do both go through the same function?",
    "LOCK-8": "A SAY that succeeds ends the lock: held events first, then OK SAY.",
    "OCTET-1": (
        "recv() returns what has arrived, not a line: keep the rest in a buffer of that "
        "client until its \\n comes."
    ),
    "OCTET-2": "One recv() may bring several lines: obey each, in order, before you read again.",
    "OCTET-6": (
        "A buffer that is full without a \\n in it: refuse once, and skip up to the next \\n."
    ),
    "SLOW-1": (
        "A send() that blocks stops everybody. Make sockets non-blocking, and keep what they "
        "do not take in an outbox of that client."
    ),
    "SLOW-2": (
        "Keep what the socket did not take (send() returns how much it took) in an outbox, and "
        "bound that; drop whoever is past the bound, and tell the others."
    ),
    "GROW-4": (
        "After shutdown(SHUT_WR) a server reads on until the client has closed, and some never do: "
        "put a deadline on that, and close."
    ),
    "IDLE-1": (
        "A loop that does not wait: poll() and select() return at once for a socket whose end "
        "you have seen, for one that can be written to though nothing is owed, and for a "
        "standard input that has ended. Trying to read from everybody, with a short sleep in "
        "between, is no wait either."
    ),
    "TLS-6": "Say that nothing more comes: unwrap() or SSL_shutdown(), then shutdown(SHUT_WR).",
    "ACCT-6": (
        "Where there is no such nickname: check the password all the same, against something "
        "that nothing matches and that costs as much."
    ),
    "ACCT-7": "Between the check of the password and taking the name, somebody else may take it.",
    "ACCT-11": (
        "A hash for passwords takes a processor for a tenth of a second: make it in another "
        "thread or process, and put a refusal off with a deadline, not with a sleep."
    ),
    "ACCT-13": "When the check ends: is the connection still there?",
    "ACCT-20": "Do you log the lines that you refuse? These have passwords in them.",
}
