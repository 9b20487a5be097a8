"""The chat without any I/O: members, nicknames, rooms, held events and the rules of each verb.

All state of the chat is here, and in the Guard that it derives from. Lines and the time come in,
encoded lines come out, into the `outbox` of each member concerned; sockets, threads, clocks and
event loops are the servers' business.
The hub is NOT thread-safe: whoever calls it serialises the calls. In impl_poll and impl_asyncio
there is nobody else to call it; impl_threads has one lock around it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from parley import wire
from parley.guard import Guard
from parley.state import CLOSE, Account, Job, Limits, Member, Message, Outcome, Room
from parley.wire import Refusal

__all__ = ["CLOSE", "Account", "Hub", "Job", "Limits", "Member", "Message", "Outcome", "Room"]


Verb = Callable[[Member, str], Outcome | None]


class Hub(Guard):
    """The rules of the chat. A method `do_VERB(member, arguments)` makes VERB a command.

    To add a verb, subclass Hub and add such a method (`do_x_shout` is the verb X-SHOUT). It checks
    its arguments first (the functions of parley.wire raise Refusal), tells the others with
    `publish` or `deliver`, and answers with `reply` last: that order is the third promise of
    protocol.md, section 14.
    """

    #: What a connection may do before it has a name (NEED-1).
    NAMELESS = frozenset({"NICK", "PING", "PONG", "QUIT"})
    #: Capabilities announced in HELLO.
    capabilities: ClassVar[tuple[str, ...]] = ()

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(limits or Limits())
        self.name = name  # what HELLO calls the server
        self.announce(*self.capabilities)
        self.names: dict[str, Member] = {}  # by folded name
        self.lobby = Room("lobby")
        self.epoch = 0.0  # what to add to the times of calls for seconds since 1970
        self._last_number = 0

    def announce(self, *capabilities: str) -> None:
        """Announces these capabilities to whoever connects: all, unless a server knows better."""
        self.announced = capabilities
        self.greeting = wire.line("HELLO", wire.PROTOCOL, self.name, *capabilities)

    # What the servers call

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        """Obeys one line. CLOSE means that no further line of this member will be obeyed.

        A Job is for the server to run; until `finish`, and while the member is `waiting` after
        that, no further line of it may be handed over.
        """
        if not member.here:
            return CLOSE
        self._now = now
        if member.name is not None:
            member.asked = False
            self._silences.start(member, now)
        verb, do = "-", None
        try:
            command = wire.parse(line)
            if command is None:
                return None
            do = self._find(command[0])
            if do is not None:
                verb = command[0]
            if member.name is None and verb not in self.NAMELESS:
                raise Refusal("need-nick", "choose a nickname first: NICK name")
            if do is None:
                raise Refusal("unknown-verb", "there is no such command")
            outcome = do(member, command[1])
            member.waiting = outcome is not None and outcome is not CLOSE
            return outcome
        except Refusal as refusal:
            self.reply(member, "ERR", refusal.code, verb, refusal.words)
            return None

    def finish(self, job: Job, result: object, now: float) -> Outcome | None:
        """Obeys the rest of a line with what its job has found; nothing for one who is gone."""
        member = job.member
        member.waiting = False
        if not member.here:
            return CLOSE
        if isinstance(result, Exception):
            raise result  # a fault, like one in a verb
        self._now = now
        try:
            job.done(result)
        except Refusal as refusal:
            self.reply(member, "ERR", refusal.code, job.verb, refusal.words)
        return None

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        """A member goes: of its own accord or because its stream ended. Held events come first.

        Does nothing for one who is gone already, so that every way out may call it.
        """
        if not member.here:
            return
        self._now = now
        self.release(member)
        member.here = False
        self._forget(member)
        if member.name is not None:
            del self.names[wire.fold(member.name)]
            self.exit(member, cause, words)

    def shutdown(self, words: str, now: float, discard: bool = False) -> None:
        """The server stops: everybody receives what was held and BYE; nobody a LEFT (STOP-2).

        With `discard`, BYE is all that anybody receives: what this turn queued must not get out.
        """
        self._now = now
        for member in list(self.connections):
            if discard:
                member.outbox.clear()
                member.held = None
            self.release(member)
            self._send(member, wire.line("BYE", words))
            member.here = False
            if member.room is not None:
                member.room.members.clear()
            self._dropped.append(member)
            self._forget(member)
        self.names.clear()

    def take_spoken(self) -> list[Message]:
        """What was said since the last call and has to be stored before outboxes are sent."""
        return []

    def take_registered(self) -> list[Account]:
        """The nicknames registered since the last call, to be stored like what was said."""
        return []

    # What verbs are made of

    def reply(self, member: Member, *fields: str | int) -> None:
        """Queues a reply: at once, whether the member is locked or not (LOCK-2)."""
        line = wire.line(*fields)
        member.replied += len(line)
        self._send(member, line)

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        """Appends an event to a room's log: queues it to every member of it `but` one.

        Nobody joins or leaves while this loop runs: nobody is dropped before `take_ready`.
        """
        line = wire.line(*fields)
        ready = self._ready
        for member in room.members.values():  # the hottest loop of the server: nothing is called
            if member is but:
                continue
            if member.held is not None:
                self._hold(member, line)
                continue
            outbox = member.outbox
            if not outbox:
                ready.append(member)
            outbox.append(line)

    def deliver(self, member: Member, *fields: str | int) -> None:
        """Queues an event to one member, or holds it while the member is locked."""
        if member.held is None:
            self._send(member, wire.line(*fields))
        else:
            self._hold(member, wire.line(*fields))

    def admit(self, member: Member, name: str) -> None:
        """Gives a connection its nickname, which makes it a member. Raises Refusal if it is taken.

        Checking and taking are one step: nobody else can run in between (NICK-8).
        """
        if wire.fold(name) in self.names:
            raise Refusal("nick-in-use", "somebody has this nickname")
        self._last_number += 1
        member.name, member.number = name, self._last_number
        self.names[wire.fold(name)] = member
        self.enter(member, self.lobby)
        self._named(member)

    def enter(self, member: Member, room: Room) -> None:
        """Puts a member into a room: the others are told, then it belongs to them."""
        name = name_of(member)
        self.publish(room, "JOINED", room.name, name, member.number)
        room.members[wire.fold(name)] = member
        member.room = room

    def exit(self, member: Member, cause: str, words: str = "") -> None:
        """Takes a member out of its room: those who stay are told."""
        room, name = room_of(member), name_of(member)
        del room.members[wire.fold(name)]
        self.publish(room, "LEFT", room.name, name, cause, *filter(None, [words]))

    def remember(self, room: Room, name: str, text: str) -> None:
        """A message was said in a room; the core forgets it."""

    def listing(self, room: Room) -> list[bytes]:
        """The items of WHO: who is in a room, oldest first."""
        present = room.members.values()
        return [wire.line("HERE", name_of(each), each.number) for each in present]

    def reply_with(self, member: Member, items: list[bytes], verb: str) -> None:
        """Queues a listing in one piece, so that nothing can stand within it (WHO-4)."""
        lines = b"".join(items)
        member.replied += len(lines)
        if lines:
            self._send(member, lines)
        self.reply(member, "OK", verb, len(items))

    # The verbs: what each of them means is in protocol.md

    def do_nick(self, member: Member, arguments: str) -> None:
        name = wire.one_argument(arguments)
        if member.name is not None:
            raise Refusal("already-named", f"you are {member.name}")
        if not wire.is_name(name):
            raise Refusal("bad-nick", "a letter, then up to 19 letters, digits, _ or -")
        self.admit(member, name)
        self.reply(member, "OK", "NICK", name, member.number)

    def do_say(self, member: Member, arguments: str) -> None:
        text = wire.text(arguments)
        room = room_of(member)
        self.release(member)
        room.seq += 1
        self.publish(room, "MSG", room.name, room.seq, name_of(member), text, but=member)
        self.remember(room, name_of(member), text)
        self.reply(member, "OK", "SAY", room.seq)

    def do_who(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        self.reply_with(member, self.listing(room_of(member)), "WHO")

    def do_lock(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        if member.held is None:
            member.held = []
            member.held_bytes = 0
            self._locks.start(member, self._now)
        self.reply(member, "OK", "LOCK")

    def do_unlock(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        count = self.release(member)
        self.reply(member, "OK", "UNLOCK", count)

    def do_ping(self, member: Member, arguments: str) -> None:
        self.reply(member, "PONG", wire.token(arguments))

    def do_pong(self, member: Member, arguments: str) -> None:
        """An answer to our PING, or to nothing: that it came is all it says (PONG-1)."""

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        words = wire.words(arguments)
        self.leave(member, "quit", self._now, words)
        self.reply(member, "OK", "QUIT")
        return CLOSE

    def _find(self, verb: str) -> Verb | None:
        """The method of a verb as wire.parse reads it; None if there is no such command."""
        do: Verb | None = getattr(self, "do_" + verb.lower().replace("-", "_"), None)
        return do


def room_of(member: Member) -> Room:
    assert member.room is not None  # obey lets only members get this far
    return member.room


def name_of(member: Member) -> str:
    assert member.name is not None  # whoever is in a room has a name
    return member.name
