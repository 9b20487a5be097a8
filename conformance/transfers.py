"""The vocabulary of tests of the extension `files`: a file on its way from one client to another.

Each step is checked on both sides as soon as it is done: the reply, then the event of the other
side. What a step breaks is blamed on its own requirement, not on the one under test.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterable, Iterator

from .client import ANY_NUMBER, Client
from .inbox import Answer
from .lines import Line
from .violation import Violation

#: Octets of the longest chunk: 4000 characters of base64.
LONGEST = 3000
#: Credit that a transfer may have unused (FILE-16).
WINDOW = 262144
#: A digest for offers that nobody will ever check.
SOME_DIGEST = hashlib.sha256(b"").hexdigest()
#: What a wrong line breaks, whatever the step to which it is the answer.
_BLAMED = {
    "ERR bad-filename": "FILE-2",
    "ERR too-many-transfers": "FILE-20",
    "ERR too-much-credit": "FILE-16",
    "OK CHUNK": "FILE-7",
}


def some_octets(count: int, seed: int = 0) -> bytes:
    """The content of a file: octets without a pattern, the same ones every time."""
    return random.Random(f"{count} {seed}").randbytes(count)


def offer_to(receiver: Client, size: int = 0, filename: str = "notes.txt") -> str:
    """The command that offers a file of which nothing will be sent."""
    return f"OFFER {receiver.nick} {size} {SOME_DIGEST} {filename}"


class Transfer:
    """One file and its two sides; made by offering it.

    `rule` is the requirement that is broken if any step goes wrong, where it is not the step's own.
    """

    def __init__(
        self,
        sender: Client,
        receiver: Client,
        content: bytes = b"",
        filename: str = "notes.txt",
        rule: str | None = None,
    ) -> None:
        self.sender = sender
        self.receiver = receiver
        self.content = content
        self.digest = hashlib.sha256(content).hexdigest()
        self.rule = rule
        self.sent = 0
        self.received = hashlib.sha256()
        announced = f"{len(content)} {self.digest} {filename}"
        answer = sender.asks(f"OFFER {receiver.nick} {announced}")
        self.id = _id(sender, answer, rule)
        offered = f"OFFERED {self.id} {sender.nick}"
        try:
            receiver.receives(f"{offered} {announced}")
        except Violation as violation:
            altered = (violation.got or "").startswith(f"{offered} ")
            raise _blamed(violation, rule or ("FILE-2" if altered else "FILE-1")) from None

    def accept(self, credit: int = 0) -> Transfer:
        """The receiver accepts, and grants so much credit, if any."""
        self._step(self.receiver, f"ACCEPT {self.id}", "FILE-4", f"ACCEPTED {self.id}")
        if credit:
            self.grant(credit)
        return self

    def grant(self, octets: int) -> None:
        """The receiver grants credit."""
        more = f"MORE {self.id} {octets}"
        self._step(self.receiver, more, "FILE-5", more, f"OK MORE {self.id}")

    def send(self, octets: int = LONGEST) -> None:
        """The sender sends the next octets of the file as one chunk; the receiver gets them."""
        chunk = self.next_chunk(octets)
        self.sent += len(chunk)
        data = base64.b64encode(chunk).decode()
        self._step(
            self.sender,
            f"CHUNK {self.id} {data}",
            "FILE-6",
            f"DATA {self.id} {data}",
            f"OK CHUNK {self.id} {self.sent}",
        )
        self.received.update(chunk)

    def next_chunk(self, octets: int = LONGEST) -> bytes:
        """The next octets of the file; so many, unless fewer are left."""
        return self.content[self.sent : self.sent + octets]

    def chunk(self, octets: int = LONGEST) -> str:
        """The command that sends the next octets, for tests that expect it to be refused."""
        return f"CHUNK {self.id} {base64.b64encode(self.next_chunk(octets)).decode()}"

    def finish(self) -> None:
        """The sender is done, and the receiver checks the digest."""
        self._step(self.sender, f"DONE {self.id}", "FILE-8", f"DONE {self.id}")
        self.check_digest()

    def check_digest(self) -> None:
        """What arrived is what was announced."""
        if self.received.hexdigest() != self.digest:
            raise Violation(
                f"the SHA-256 of what {self.receiver.nick} received of transfer {self.id}",
                client=self.receiver,
                expected=self.digest,
                got=self.received.hexdigest(),
                requirement="FILE-6",
            )

    def decline(self) -> None:
        """The receiver does not want the file."""
        self._step(self.receiver, f"DECLINE {self.id}", "FILE-9", f"DECLINED {self.id}")

    def abort(self, by: Client) -> None:
        """One side ends the transfer; the other is told."""
        self._step(by, f"ABORT {self.id}", "FILE-10", f"ABORTED {self.id} abort")

    def is_over(self) -> None:
        """Neither side can do anything with it any more (blamed on the test's requirement)."""
        for client in dict.fromkeys(_sides(self)):
            client.is_refused(f"ABORT {self.id}", "no-such-transfer")

    def _step(
        self, who: Client, command: str, rule: str, event: str, reply: str | None = None
    ) -> None:
        """One side does something, is answered OK, and the other side is told."""
        other = self.receiver if who is self.sender else self.sender
        try:
            who.does(command, reply or f"OK {command}")
            other.receives(event)
        except Violation as violation:
            violation.requirement = violation.requirement or self.rule
            raise _blamed(violation, rule) from None


def run_together(transfers: Iterable[Transfer], size: int = LONGEST, window: int = 65536) -> None:
    """Sends all these files at once, chunk by chunk in pipelines, and checks all that arrives.

    Every round, each receiver grants a window and each sender sends as much, nobody waiting for
    another; then everybody is answered, and what has arrived is looked at.
    """
    under_way = list(transfers)
    while under_way:
        for each in under_way:
            each.receiver.sends(f"MORE {each.id} {window}")
        for each in under_way:
            _expect_ok(each.receiver, f"OK MORE {each.id}", "FILE-5")
        expected = {each: list(_send_window(each, size, window)) for each in under_way}
        senders = {each.sender for each in under_way}
        under_way[0].sender.chat.expect_at_once(len(senders))
        for each, replies in expected.items():
            for reply in replies:
                _expect_ok(each.sender, reply, "FILE-7")
        for client in dict.fromkeys(side for each in under_way for side in _sides(each)):
            client.fence()
            _take_events(client, under_way)
        under_way = [each for each in under_way if each.sent < len(each.content)]


def _send_window(transfer: Transfer, size: int, window: int) -> Iterator[str]:
    """Sends chunks as far as the window reaches; yields the reply that each must bring."""
    limit = min(transfer.sent + window, len(transfer.content))
    while transfer.sent < limit:
        chunk = transfer.next_chunk(min(size, limit - transfer.sent))
        transfer.sender.sends(f"CHUNK {transfer.id} {base64.b64encode(chunk).decode()}")
        transfer.sent += len(chunk)
        yield f"OK CHUNK {transfer.id} {transfer.sent}"


def _take_events(client: Client, transfers: list[Transfer]) -> None:
    """Looks at what a client was told of these transfers; other events stay where they are."""
    mine = {str(each.id): each for each in transfers if client is each.receiver}
    told = [event for event in client.events if event.kind in ("MORE", "DATA")]
    for event in told:
        client.events.remove(event)
        if event.kind == "DATA" and event["id"] in mine:
            mine[event["id"]].received.update(_decoded(client, event))


def _decoded(client: Client, event: Line) -> bytes:
    try:
        return base64.b64decode(event["data"], validate=True)
    except ValueError:
        raise Violation(
            "the data is not base64",
            client=client,
            expected="DATA (id) (base64)",
            got=event.text,
            requirement="FILE-6",
        ) from None


def _expect_ok(client: Client, expected: str, rule: str) -> None:
    try:
        client.check(client.answer().final, expected)
    except Violation as violation:
        raise _blamed(violation, rule) from None


def _blamed(violation: Violation, rule: str) -> Violation:
    """Says which requirement is broken, unless that is known: the rule, or the one of the line."""
    got = " ".join((violation.got or "").split(" ")[:2])
    violation.requirement = violation.requirement or _BLAMED.get(got, rule)
    return violation


def _id(sender: Client, answer: Answer, rule: str | None) -> int:
    if answer.final.kind != "OK OFFER":
        violation = Violation(
            "the file could not be offered",
            client=sender,
            expected=f"OK OFFER {ANY_NUMBER}",
            got=answer.final.text,
            requirement=rule,
        )
        raise _blamed(violation, "FILE-1")
    return answer.final.number("id")


def _sides(transfer: Transfer) -> tuple[Client, Client]:
    return transfer.sender, transfer.receiver
