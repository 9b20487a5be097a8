"""One session: its clients on one side, the model on the other, compared after every move.

A move is made by real clients. When its answers have come, the model makes it too; then everybody
is fenced, and each stream has to be what the model says. What no line causes, an end of stream or a
reset, is awaited by its event. The session is kept as steps, in the notation of protocol.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..chat import Chat
from ..client import Client
from ..inbox import Answer
from ..lines import escape
from ..model import World, as_text, is_answered, is_last
from ..spec import Step
from ..violation import Violation
from .audience import Audience
from .judge import judged, level_of
from .moves import CUT, HALF_CLOSE, Begins, Connects, Leaves, Move, Sends, Turn

#: Events that are held where nobody knows the server's bound: before there are more, the lock ends.
SAFE_HOLD = 8


@dataclass
class _Piece:
    """What a client sends in one piece, and what it is answered."""

    label: str
    lines: list[bytes]
    sent: int  # octets of the first line that were sent before
    asked: int = 0  # lines that get an answer
    answers: list[Answer] = field(default_factory=list)

    def place(self) -> float:
        """Its place among what was sent at the same time, as the answer tells it.

        That is a seq or the number of a member. What was refused has no effect: behind the events
        that came before the refusal is a place for it; a refused NICK comes behind the winner.
        """
        for answer in self.answers:
            if answer.final.kind in ("OK SAY", "OK NICK"):
                return answer.final.number("seq" if answer.final.kind == "OK SAY" else "number")
            if answer.final.fields.get("verb") == "NICK":
                return math.inf
            heard = [event.number("seq") for event in answer.events if event.kind == "MSG"]
            return max(heard, default=-1) + 0.5
        return math.inf


class Conversation(Audience):
    """`makes` moves. Raises Violation where the server leaves the spec: then it is over."""

    def __init__(self, chat: Chat, world: World) -> None:
        super().__init__(chat, world)
        self.moves: list[Move] = []
        self.reach = 0  # the highest level of what has been asked of the server so far

    def makes(self, move: Move) -> None:
        """One move, and all that comes of it. A move that makes no sense here is left out."""
        self.moves.append(move)
        try:
            match move:
                case Connects():
                    self._connects(move.label)
                case Sends():
                    self._sends(move.turns)
                case Begins():
                    self._begins(move)
                case Leaves():
                    self._leaves(move)
        except Violation as violation:
            raise judged(violation, self.reach) from None

    def takes_leave(self) -> None:
        """Everybody quits, at the same time: what they still hear of each other is free."""
        try:
            for label in list(self.begun):
                self._sends([Turn(label, ())])
            for label, client in self.clients.items():
                self.steps.append(Step(label, ">", "QUIT"))
                client.sends("QUIT")
            for client in list(self.clients.values()):
                client.check(client.answer().final, "OK QUIT")
                client.awaits_end()
        except Violation as violation:
            self.moves += [Sends((Turn(label, (b"QUIT",)),)) for label in self.clients]
            raise judged(violation, max(self.reach, 4)) from None
        self.clients.clear()
        self.world.takes_leave()

    # Moves

    def is_new(self, label: str) -> bool:
        """Whether no client of this session has, or had, this label."""
        return label not in self._compared

    def _connects(self, label: str) -> None:
        if self.is_new(label):
            self.clients[label] = client = Client(self.chat, label)
            greeting = self.chat.greeted(client)
            self.steps.append(Step(label, "<", escape(greeting.text)))
            self._compared[label] = 0
            self.world.connects(label)

    def _begins(self, move: Begins) -> None:
        """Half a line. Who has sent it cannot be fenced before the other half."""
        label = move.label
        self._connects(label)
        if label in self.begun or label not in self.clients:
            return
        self.reach = max(self.reach, 6)
        self.begun[label] = (move.line, move.cut)
        piece = move.line[: move.cut]
        self.steps.append(Step(label, ">", escape(piece) + CUT))
        self.clients[label].sends_octets(piece)
        self._compare_all()

    def _sends(self, turns: Sequence[Turn]) -> None:
        """Whole lines of one client, or of several at the same time."""
        for turn in turns:
            self._connects(turn.label)
        turns = [turn for turn in turns if turn.label in self.clients]  # who has left says nothing
        if self.world.hold_count is None:
            self._unlock_the_full(2 * sum(len(turn.lines) + 1 for turn in turns))
        pieces = [self._piece(turn) for turn in turns]
        for piece in pieces:
            self.reach = max(self.reach, *map(self._level, piece.lines), 6 * (piece.sent > 0))
            self._send(piece)
        self._answered(*pieces)
        self._compare_all(piece.label for piece in pieces)

    def _leaves(self, move: Leaves) -> None:
        """An end of stream or a reset. Somebody who is not locked has to see it."""
        label = move.label
        if label not in self.clients:
            return
        person = self.world.people[label]
        present = person.room.people if person.room else []
        others = [each for each in present if each is not person]
        if person.name and not others:
            self._sends([Turn(label, (b"QUIT",))])
            return
        if others and all(each.held is not None for each in others):
            self._sends([Turn(others[0].label, (b"UNLOCK",))])
            self._leaves(move)
            return
        self.reach = max(self.reach, 4)
        piece = self._piece(Turn(label, move.last)) if move.last else None
        if piece:
            self._send(piece)
        self.begun.pop(label, None)
        self.steps.append(Step(label, ">", move.how))
        if move.how == HALF_CLOSE:
            self.clients[label].half_closes()
            self._hear_out(piece)
            self.world.ends(label)
        else:
            self.clients.pop(label).resets()
            self.world.ends(label)
            self.world.owed[label].clear()
        self._await_owed(self.clients)
        self._compare_all([label])
        if any(each.held is not None for each in others):
            # One log: when a later message has been answered, all who are locked hold the LEFT.
            witness = next(each for each in others if each.held is None)
            self._sends([Turn(witness.label, (b"SAY somebody has left",))])

    def _hear_out(self, piece: _Piece | None) -> None:
        """Who has ended its direction still receives what it is owed (LEFT-3, LEFT-4)."""
        if piece:
            self.reach = max(self.reach, *map(self._level, piece.lines), 6 * (piece.sent > 0))
            self._answered(piece)

    # What moves are made of

    def _unlock_the_full(self, coming: int) -> None:
        """Where a bound is not known, nobody gets near it."""
        for label, person in list(self.world.people.items()):
            if person.held and len(person.held) + coming > SAFE_HOLD:
                piece = self._piece(Turn(label, (b"UNLOCK",)))
                self._send(piece)
                self._answered(piece)
                self._compare_all([label])

    def _piece(self, turn: Turn) -> _Piece:
        """The lines of a turn, behind the one that was begun before."""
        line, sent = self.begun.pop(turn.label, (b"", 0))
        return _Piece(turn.label, [line, *turn.lines] if sent else list(turn.lines), sent)

    def _level(self, line: bytes) -> int:
        return level_of(line, self.world.verbs)

    def _send(self, piece: _Piece) -> None:
        client = self.clients[piece.label]
        lines = [piece.lines[0][piece.sent :], *piece.lines[1:]]
        if len(lines) > 1:
            self.reach = max(self.reach, 6)
        self.steps += [Step(piece.label, ">", escape(line)) for line in lines]
        for line in piece.lines:
            if is_answered(line):
                client.expects_answers_to(as_text(line))
                piece.asked += 1
            if is_last(line):
                break
        client.sends_octets(b"".join(line + b"\n" for line in lines))

    def _answered(self, *pieces: _Piece) -> None:
        """Awaits all answers; then the model knows the order, and makes the move, too."""
        try:
            for piece in pieces:
                while len(piece.answers) < piece.asked:
                    piece.answers.append(self.clients[piece.label].answer())
        except Violation as violation:
            self._obey(pieces)
            self._compare_what_came(violation)
            raise
        self._obey(pieces)

    def _obey(self, pieces: Sequence[_Piece]) -> None:
        """The model makes the move, in the order that the answers tell."""
        for piece in sorted(pieces, key=_Piece.place) if len(pieces) > 1 else pieces:
            finals = iter([answer.final for answer in piece.answers])
            for line in piece.lines:
                final = next(finals, None) if is_answered(line) else None
                refused = final is not None and final.kind == "ERR"
                self.world.obeys(piece.label, line, final["code"] if final and refused else "")
