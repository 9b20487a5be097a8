"""The sessions of protocol.md, played over real connections. Each cites its own requirements."""

from ..chat import Chat
from ..sessions import Player
from ..spec import Session


def test_session(chat: Chat, session: Session) -> None:
    Player(chat, session).play()
