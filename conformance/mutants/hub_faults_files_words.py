"""Faults of the extension `files`: filenames, data, and which refusal comes first."""

from __future__ import annotations

import base64
from unittest import mock

from parley import files, wire
from parley.files import MAX_FILENAME, Files
from parley.hub import Member
from parley.wire import Refusal

from .registry import Launch, breaks


class PickyAboutFilenames(Files):
    """Refuses some filenames."""

    def likes(self, filename: str) -> bool:
        raise NotImplementedError

    def do_offer(self, member: Member, arguments: str) -> None:
        filename = "".join(arguments.split(" ", 3)[3:])
        if filename and not self.likes(filename):
            raise Refusal("bad-filename", "another one, please")
        super().do_offer(member, arguments)


@breaks("FILE-2")
class RefusesDots(PickyAboutFilenames):
    """A filename of nothing but dots is refused, however many they are."""

    def likes(self, filename: str) -> bool:
        return bool(filename.strip("."))


@breaks("FILE-2")
class RefusesBlanks(PickyAboutFilenames):
    """A filename of nothing but spaces is refused."""

    def likes(self, filename: str) -> bool:
        return bool(filename.strip(" "))


@breaks("FILE-2")
class RefusesBackslashes(PickyAboutFilenames):
    """A filename with a backslash is refused."""

    def likes(self, filename: str) -> bool:
        return "\\" not in filename


@breaks("FILE-11")
class FilenamesInCharacters(Launch):
    """The length of a filename is counted in characters."""

    def main(self, name: str) -> int:
        def is_filename(word: str) -> bool:
            return "/" not in word and word not in (".", "..") and len(word) <= MAX_FILENAME

        with mock.patch.object(files, "is_filename", is_filename):
            return super().main(name)


@breaks("FILE-6")
class EncodesAnew(Files):
    """Data is decoded and encoded anew: bits that padding leaves over are lost."""

    def notify(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "DATA":
            octets = base64.b64decode(str(fields[2]))
            fields = (*fields[:2], base64.b64encode(octets).decode())
        super().notify(member, *fields)


@breaks("FILE-12")
class TriplePadding(Files):
    """Data with three characters of padding is taken, as one octet."""

    def do_chunk(self, member: Member, arguments: str) -> None:
        if arguments.endswith("==="):
            arguments = arguments[:-3] + "A=="
        super().do_chunk(member, arguments)


@breaks("FILE-12")
class LongerChunks(Launch):
    """Data of 4004 characters is taken."""

    def main(self, name: str) -> int:
        with mock.patch.object(files, "MAX_DATA", 4004):
            return super().main(name)


@breaks("FILE-12")
class NothingIsFoundLate(Files):
    """MORE of 0 octets is refused with bad-args only where MORE is allowed."""

    def do_more(self, member: Member, arguments: str) -> None:
        number, _, octets = arguments.partition(" ")
        if octets == "0" and number.isdigit():
            self.received_by(member, int(number))
        super().do_more(member, arguments)


@breaks("FILE-13")
class TooManyBeforeNobody(Files):
    """An offer to nobody is refused with too-many-transfers if there are too many."""

    def do_offer(self, member: Member, arguments: str) -> None:
        try:
            super().do_offer(member, arguments)
        except Refusal as refusal:
            if refusal.code == "no-such-nick":
                self.check_offers(member)
            raise


@breaks("FILE-14")
class TellsSendersToWait(Files):
    """MORE of a sender is refused with not-now before its offer is accepted."""

    def do_more(self, member: Member, arguments: str) -> None:
        number = arguments.split(" ")[0]
        transfer = self.transfers.get(int(number) if number.isdigit() else 0)
        if transfer and not transfer.accepted and transfer.sender is member:
            wire.number(arguments.partition(" ")[2])
            raise Refusal("not-now", "this transfer is not accepted yet")
        super().do_more(member, arguments)
