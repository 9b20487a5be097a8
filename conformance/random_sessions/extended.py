"""The rules by which people use the extensions, each a class that adds to what people do."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st
from hypothesis.stateful import rule

from .people import CHOICE, People, Stage
from .vocabulary import CHUNKS, EMPTY_SHA256, EXTRA, FILENAMES, LINES, PASSWORDS, ROOMS, TEXTS

#: Transfers that one member offers or receives at a time, at most (FILE-20 grants 8).
TRANSFERS = 6


class UsingDirect(People):
    """Who may tell others something."""

    @rule(who=CHOICE, other=CHOICE, text=CHOICE)
    def somebody_tells_somebody(self, who: int, other: int, text: int) -> None:
        receiver = self.member(other)
        name = receiver.name if receiver else "nobody"
        self.sends(self.somebody(who), f"TELL {name} {TEXTS[text % len(TEXTS)]}")

    @rule(who=CHOICE, other=CHOICE)
    def somebody_locks_and_is_told(self, who: int, other: int) -> None:
        receiver = self.member(who)
        if receiver:
            self.sends(receiver.label, "LOCK")
            self.sends(self.somebody(other), f"TELL {receiver.name.swapcase()} psst", "SAY aloud")


class UsingRooms(People):
    """Who may move."""

    @rule(who=CHOICE, room=st.sampled_from(ROOMS))
    def somebody_moves(self, who: int, room: str) -> None:
        self.sends(self.somebody(who), f"JOIN {room}")

    @rule(who=CHOICE, room=st.sampled_from(ROOMS))
    def somebody_looks_around(self, who: int, room: str) -> None:
        self.sends(self.somebody(who), "ROOMS", "WHO", f"WHO {room}")

    @rule(who=CHOICE, other=CHOICE, room=st.sampled_from(ROOMS))
    def somebody_locks_and_others_move(self, who: int, other: int, room: str) -> None:
        """To its room or to another one; some of them come from elsewhere, where they locked."""
        watcher = self.member(who)
        if watcher is None:
            return
        self.sends(watcher.label, "LOCK")
        if other % 3 and watcher.room:
            room = watcher.room.name
        for each in range(3):
            mover = self.somebody(other + each)
            if mover != watcher.label:
                first = ("JOIN cellar", "LOCK") if (other + each) % 2 else ()
                self.sends(mover, *first, f"JOIN {room}")
                self.sends(mover, "SAY here I am")
        if other % 2:
            self.sends(watcher.label, f"JOIN {room}")


class UsingHistory(People):
    """Who may ask what was said."""

    @rule(who=CHOICE, count=st.integers(0, 60))
    def somebody_asks_what_was_said(self, who: int, count: int) -> None:
        self.sends(self.somebody(who), f"HISTORY {count}" if count else "HISTORY")

    @rule(who=CHOICE, count=st.integers(2, 40))
    def somebody_says_much(self, who: int, count: int) -> None:
        self.sends(self.somebody(who), *(f"SAY line {each}" for each in range(count)))


class UsingAccounts(People):
    """Who may register a nickname and log in."""

    @rule(who=CHOICE, password=st.sampled_from(PASSWORDS))
    def somebody_registers(self, who: int, password: str) -> None:
        self.sends(self.somebody(who), f"REGISTER {password}")

    @rule(who=CHOICE, name=CHOICE, wrong=st.integers(0, 5), comes=st.booleans())
    def somebody_logs_in(self, who: int, name: int, wrong: int, comes: bool) -> None:
        accounts = list(self.talk.world.accounts.values()) or [("alice", "correct-horse")]
        spelling, password = accounts[name % len(accounts)]
        label = next(iter(self.newcomers(1)), None) if comes else None
        tried = {0: password + "!", 1: password.swapcase()}.get(wrong, password)
        loud = spelling.upper() if name % 3 == 0 else spelling
        self.sends(label or self.somebody(who), f"LOGIN {loud} {tried}")

    @rule(who=CHOICE, password=st.sampled_from(PASSWORDS))
    def somebody_locks_and_another_logs_in(self, who: int, password: str) -> None:
        """Another who has registered, has left, and comes back."""
        other = self.member(who + 1)
        if other:
            self.sends(self.somebody(who), "LOCK")
            self.sends(other.label, f"REGISTER {password}", "QUIT")
            for label in self.newcomers(1):
                self.sends(label, f"LOGIN {other.name} {password}")

    @rule(who=CHOICE, name=CHOICE)
    def somebody_asks_for_a_registered_name(self, who: int, name: int) -> None:
        accounts = list(self.talk.world.accounts.values())
        if accounts:
            label = [*self.newcomers(1), self.somebody(who)][0]
            self.sends(label, f"NICK {accounts[name % len(accounts)][0].swapcase()}")


class UsingFiles(People):
    """Who may send files: a step of a transfer at a time, not always one that is due."""

    @rule(who=CHOICE, other=CHOICE, size=st.integers(0, 9), name=st.sampled_from(FILENAMES))
    def somebody_offers(self, who: int, other: int, size: int, name: str) -> None:
        """Small files and empty ones; now and then a name that is refused."""
        sender, receiver = self.member(who), self.member(other)
        if sender and receiver:
            open_ones = self.talk.world.transfers.values()
            offered = sum(each.sender is sender for each in open_ones)
            received = sum(each.receiver is receiver for each in open_ones)
            if max(offered, received) < TRANSFERS and sender.label not in self.talk.begun:
                name = FILENAMES[0] if other % 2 else name
                line = f"OFFER {receiver.name} {size * size} {EMPTY_SHA256} {name}"
                self.sends(sender.label, line)
                self.goes_on(len(open_ones) - 1, who, other % 4)

    @rule(who=CHOICE, other=CHOICE)
    def somebody_locks_and_is_offered_something(self, who: int, other: int) -> None:
        receiver = self.member(other)
        if receiver:
            self.sends(receiver.label, "LOCK")
            self.somebody_offers(who, other, 1, FILENAMES[0])

    @rule(which=CHOICE, chunk=CHOICE, steps=st.integers(1, 12))
    def a_transfer_goes_on(self, which: int, chunk: int, steps: int) -> None:
        self.goes_on(which, chunk, steps)

    def goes_on(self, which: int, chunk: int, steps: int) -> None:
        """A transfer as its two sides want it: accepted, credit, chunks, done."""
        for step in range(steps):
            open_ones = list(self.talk.world.transfers.values())
            if not open_ones:
                return
            transfer = open_ones[which % len(open_ones)]
            data = CHUNKS[(chunk + step) % len(CHUNKS) if (chunk + step) % 7 == 0 else step % 3]
            if not transfer.accepted:
                self.asks_of(transfer.number, transfer.receiver.label, "ACCEPT %")
            elif transfer.sent == transfer.size:
                self.asks_of(transfer.number, transfer.sender.label, "DONE %")
            elif transfer.credit < 3:
                self.asks_of(transfer.number, transfer.receiver.label, f"MORE % {3 + chunk % 9}")
            else:
                self.asks_of(transfer.number, transfer.sender.label, f"CHUNK % {data}")

    @rule(which=CHOICE, what=CHOICE, who=CHOICE)
    def somebody_does_anything_with_a_transfer(self, which: int, what: int, who: int) -> None:
        """Either side, or a third one; also with transfers that are over."""
        lines = (
            *("ACCEPT %", "DECLINE %", "MORE % 1", "MORE % 262144", "MORE % 262143", "DONE %"),
            *("ABORT %", "CHUNK % YQ==", f"CHUNK % {CHUNKS[-1]}", "MORE % 0", "DONE %", "accept %"),
        )
        if self.talk.world.offered:
            number = 1 + which % self.talk.world.offered
            transfer = self.talk.world.transfers.get(number)
            sides = [transfer.sender, transfer.receiver] if transfer else []
            labels = [*(each.label for each in sides), self.somebody(who)]
            if transfer and which % 3 == 0:
                self.sends(transfer.receiver.label if who % 2 else transfer.sender.label, "LOCK")
            self.asks_of(number, labels[who % len(labels)], lines[what % len(lines)])

    def asks_of(self, number: int, label: str, line: str) -> None:
        """A command about a transfer, with the id that the server gave it."""
        ids = {mine: theirs for theirs, mine in self.talk.world.ids.items()}
        if number in ids:
            self.sends(label, line.replace("%", ids[number], 1))


USERS: dict[str, type[People]] = {
    "direct": UsingDirect,
    "rooms": UsingRooms,
    "history": UsingHistory,
    "accounts": UsingAccounts,
    "files": UsingFiles,
}


def people_with(capabilities: Iterable[str], stage: Stage) -> type[People]:
    """The rules of people who use these extensions."""
    bases = tuple(USERS[name] for name in capabilities) or (People,)
    extra = tuple(line for name in capabilities for line in EXTRA[name])
    return type("Session", bases, {"lines": LINES + extra, "stage": stage})
