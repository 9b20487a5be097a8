"""The commands that begin with a slash: what they are called, when they are offered, what they do.

A table, one function for each, and what Tab completes. The state is the Conversation's. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parley import wire

from . import events as ev
from . import words
from .transfer import Incoming

if TYPE_CHECKING:
    from .conversation import Conversation
    from .session import Session


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `verb` is what the server must have for it, or nothing."""

    usage: str
    help: str
    verb: str
    run: Callable[[Conversation, Session, str], None]
    names: str = ""  # what its first argument names: "members", "rooms", "offers"


def run(conversation: Conversation, line: str) -> bool:
    """Obeys a line that begins with a slash. False: not now, the line should be kept."""
    name, _, arguments = line[1:].partition(" ")
    name, arguments = name.lower(), arguments.strip()
    command = COMMANDS.get(name)
    session = conversation.session
    if name == "quit":
        conversation.leave(arguments)
    elif name == "help":
        show_help(conversation)
    elif name == "login" and not conversation.ready and arguments:
        conversation.log_in(arguments.split()[0])
    elif command is None:
        conversation.note(f"there is no /{name}: /help lists all; // says a text with /", bad=True)
    elif not session or not conversation.ready:
        conversation.note(f"/{name} has to wait until you are in the chat", bad=True)
        return False
    elif not session.offers(command.verb):
        conversation.note(f"this server does not offer /{name}", bad=True)
    else:
        command.run(conversation, session, arguments)
    return True


def worth_keeping(line: str) -> str:
    """What the history of input may keep of a line: no password, wherever it was typed."""
    command = line.split(" ", 1)[0]
    return command if command.lower() in ("/register", "/login") else line


def show_help(conversation: Conversation) -> None:
    """What can be done here and now."""
    session = conversation.session
    conversation.note("what you type is said; these are commands:")
    for name, command in COMMANDS.items():
        if not command.verb or (session and session.offers(command.verb)):
            conversation.note(f"  {f'/{name} {command.usage}'.rstrip():<22} {command.help}")
    conversation.note("  exit, quit             the same as /quit")
    conversation.note("  //text                 says a text that begins with /")


def _who(conversation: Conversation, session: Session, arguments: str) -> None:
    session.ask("WHO", *([arguments] if arguments else []))


def _lock(conversation: Conversation, session: Session, arguments: str) -> None:
    conversation.lock(True)


def _unlock(conversation: Conversation, session: Session, arguments: str) -> None:
    conversation.lock(False)


def _say(conversation: Conversation, session: Session, arguments: str) -> None:
    if arguments:
        conversation.say(arguments)
    else:
        conversation.note("what? /say TEXT", bad=True)


def _tell(conversation: Conversation, session: Session, arguments: str) -> None:
    name, _, text = arguments.partition(" ")
    if not text:
        conversation.note("whom, and what? /tell NAME TEXT", bad=True)
    for piece in words.pieces(text, wire.MAX_TEXT):
        session.ask("TELL", name, piece, about=piece)


def _join(conversation: Conversation, session: Session, arguments: str) -> None:
    if arguments:
        session.ask("JOIN", arguments)
    else:
        conversation.note("which room? /join ROOM", bad=True)


def _rooms(conversation: Conversation, session: Session, arguments: str) -> None:
    session.ask("ROOMS")


def _history(conversation: Conversation, session: Session, arguments: str) -> None:
    session.ask("HISTORY", *([arguments] if arguments else []))


def _register(conversation: Conversation, session: Session, arguments: str) -> None:
    if arguments:  # it is on the screen already: not to be used
        conversation.note("/register asks for the password, unseen: do not type it here", bad=True)
    conversation.register()


def _login(conversation: Conversation, session: Session, arguments: str) -> None:
    name, _, more = arguments.partition(" ")
    if more:
        conversation.note("/login asks for the password, unseen: do not type it here", bad=True)
    conversation.log_in(name or session.name)


def _send(conversation: Conversation, session: Session, arguments: str) -> None:
    """To the member that is named, or, where only two are in the room, to the other one."""
    name, _, path = arguments.partition(" ")
    others = [each for each, _ in session.members.values() if each != session.name]
    if wire.fold(name) not in session.members and len(others) == 1:
        name, path = others[0], arguments
    if wire.is_name(name) and path:
        conversation.events.append(ev.FileWanted(name, path.strip()))
    else:
        conversation.note("to whom, and what? /send NAME FILE", bad=True)


def _accept(conversation: Conversation, session: Session, arguments: str) -> None:
    if transfer := _offered(conversation, session, arguments, "accept"):
        try:
            session.transfers.accept(transfer.number, words.safe_filename(transfer.filename))
        except OSError as error:
            conversation.note(f"it cannot be saved: {error.strerror or error}", bad=True)


def _decline(conversation: Conversation, session: Session, arguments: str) -> None:
    if transfer := _offered(conversation, session, arguments, "decline"):
        session.transfers.decline(transfer.number)
        conversation.note(f"declined: {transfer.filename}")


def _abort(conversation: Conversation, session: Session, arguments: str) -> None:
    transfers = session.transfers
    numbers = {*transfers.outgoing, *transfers.incoming}
    if arguments.isdecimal() and int(arguments) in numbers:
        transfers.abort(int(arguments))
    elif not arguments and len(numbers) == 1:
        transfers.abort(numbers.pop())
    else:
        known = ", ".join(map(str, sorted(numbers))) or "none"
        conversation.note(f"which transfer? /abort NUMBER (there is {known})", bad=True)


def _offered(
    conversation: Conversation, session: Session, arguments: str, name: str
) -> Incoming | None:
    """The offer that is meant: the only one, or the one with this number."""
    offers = {each.number: each for each in session.transfers.incoming.values() if not each.sink}
    if not arguments and len(offers) == 1:
        return next(iter(offers.values()))
    if arguments.isdecimal() and int(arguments) in offers:
        return offers[int(arguments)]
    known = ", ".join(map(str, sorted(offers)))
    conversation.note(
        f"which one? /{name} NUMBER ({known})" if known else "no file is offered to you", bad=True
    )
    return None


def _nothing(conversation: Conversation, session: Session, arguments: str) -> None:
    """For what `run` does itself, because it needs no server."""


COMMANDS = {
    "help": Command("", "this list", "", _nothing),
    "who": Command("[ROOM]", "who is here, or in another room", "WHO", _who, "rooms"),
    "list": Command("", "the same as /who", "WHO", _who, "rooms"),
    "lock": Command("", "hold what others say until you have spoken", "LOCK", _lock),
    "unlock": Command("", "show what was held", "UNLOCK", _unlock),
    "say": Command("TEXT", "say anything, even the word quit", "SAY", _say),
    "tell": Command("NAME TEXT", "say something to one person", "TELL", _tell, "members"),
    "join": Command("ROOM", "go to a room, or open it", "JOIN", _join, "rooms"),
    "rooms": Command("", "which rooms there are", "ROOMS", _rooms),
    "history": Command("[COUNT]", "what was said before", "HISTORY", _history),
    "register": Command("", "protect your nickname with a password", "REGISTER", _register),
    "login": Command("[NAME]", "come as a registered nickname", "LOGIN", _login),
    "send": Command("NAME FILE", "offer a file to somebody", "OFFER", _send, "members"),
    "accept": Command("[NUMBER]", "take a file that is offered", "ACCEPT", _accept, "offers"),
    "decline": Command("[NUMBER]", "do not take it", "DECLINE", _decline, "offers"),
    "abort": Command("[NUMBER]", "end a transfer", "ABORT", _abort),
    "quit": Command("[WORDS]", "leave, with a word of goodbye", "", _nothing),
}


def complete(conversation: Conversation, line: str) -> list[tuple[str, str]]:
    """What the last word of a line may become, each with a word of help."""
    session = conversation.session
    if not session or not conversation.ready:
        return []
    *before, last = line.split(" ")
    if not before and line.startswith("/"):
        return [
            (f"/{name} ", command.help)
            for name, command in COMMANDS.items()
            if name.startswith(line[1:].lower())
            and (not command.verb or session.offers(command.verb))
        ]
    command = COMMANDS.get(before[0][1:].lower()) if before and before[0].startswith("/") else None
    if command and len(before) == 1 and command.names:
        names = _names(session, command.names)
        return [(f"{name} ", about) for name, about in names if _begins(name, last)]
    if not last:
        return []
    ending = " " if before else ": "
    return [
        (name + ending, about) for name, about in _names(session, "members") if _begins(name, last)
    ]


def _names(session: Session, kind: str) -> list[tuple[str, str]]:
    """Names that can be meant, each with a word about it."""
    if kind == "rooms":
        rooms = {session.room: len(session.members)} | session.rooms
        return [(room, words.plural(count, "member")) for room, count in sorted(rooms.items())]
    if kind == "offers":
        offers = session.transfers.incoming.values()
        return [(str(each.number), words.escape(each.filename)) for each in offers if not each.sink]
    members = sorted(session.members.values(), key=lambda each: each[0].lower())
    return [(name, f"#{number}" if number else "") for name, number in members]


def _begins(name: str, prefix: str) -> bool:
    return name.lower().startswith(prefix.lower())
