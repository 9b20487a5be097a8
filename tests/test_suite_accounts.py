"""No password in what the suite shows: sessions, cards and reports (protocol.md, section 19)."""

from __future__ import annotations

import json

import pytest

from conformance.card import make_card, text_of
from conformance.lines import masked
from conformance.spec import read_spec
from conformance.violation import Violation
from tests.scripted import scripted

SECRET = "swordfish-77"


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (f"REGISTER {SECRET}", "REGISTER ***"),
        (f"register {SECRET} x", "register ***"),
        ("REGISTER", "REGISTER"),
        (f"LOGIN alice {SECRET}", "LOGIN alice ***"),
        (f"Login alice {SECRET} x", "Login alice ***"),
        (f"LOGIN  {SECRET}", "LOGIN  ***"),
        ("LOGIN alice", "LOGIN alice"),
        ("SAY LOGIN alice pond", "SAY LOGIN alice pond"),
    ],
)
def test_commands_are_shown_without_their_passwords(command: str, shown: str) -> None:
    assert masked(command) == shown


@pytest.mark.parametrize(
    "answer", ["ERR busy LOGIN later", "OK WHO 0", "(end of stream)", "nonsense"]
)
@pytest.mark.parametrize("command", [f"LOGIN alice {SECRET}", f"REGISTER {SECRET}"])
def test_cards_have_no_password_in_them(command: str, answer: str) -> None:
    """The command goes to the server as it is; a card about it has `***`."""
    with scripted({f"alice> {command}": [f"alice< {answer}"]}, patience=1) as (chat, server):
        client = chat.connect("alice")
        with pytest.raises(Violation) as caught:
            client.does(command, "OK SOMETHING")
        card = make_card(read_spec().requirements["ACCT-1"], caught.value, chat, None, ["again"])
        assert f"alice> {command}" in server.heard
    assert "***" in text_of(card)
    assert SECRET not in json.dumps(card)
