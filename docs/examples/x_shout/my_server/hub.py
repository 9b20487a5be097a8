"""The chat with one verb more: X-SHOUT, as extra.md has it."""

from __future__ import annotations

from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Member, name_of, room_of


class ShoutingHub(ExtendedHub):
    """A method `do_x_shout` is all that the verb X-SHOUT takes."""

    def do_x_shout(self, member: Member, arguments: str) -> None:
        text = wire.text(arguments)
        room = room_of(member)
        loud = text.encode().upper().decode()  # of octets, only a to z have capitals
        self.publish(room, "X-SHOUTED", name_of(member), loud, but=member)
        self.reply(member, "OK", "X-SHOUT", len(room.members) - 1)
