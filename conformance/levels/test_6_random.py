"""Level 6: what holds rule by rule holds in any order. See conformance/random_sessions."""

from ..bench import Bench, needs, wants
from ..random_sessions import hold
from ..spec import read_spec

#: What is no part of any session, but about the server as a program.
APART = set("START STOP IDLE SLOW NAMELESS SILENCE CAP RATE FULL STORM GROW".split())
SPEC = read_spec()


def all_of(capability: str | None) -> list[str]:
    """What sessions build on: the rules of the core, or of an extension, one by one."""
    return [
        name
        for name, each in SPEC.requirements.items()
        if each.capability == capability
        and (each.level <= 6 or capability)
        and each.keyword == "MUST"
        and name.split("-")[0] not in {"RELY", *APART}
    ]


CORE = all_of(None)


@needs(*CORE)
def test_whatever_clients_do(bench: Bench) -> None:
    """RELY-1: what each client receives is what the model of the spec says."""
    hold(bench, "RELY-1")


@wants(*CORE, "RELY-1")
@needs(*all_of("direct"))
def test_whatever_clients_do_with_direct(bench: Bench) -> None:
    """RELY-2: the same with direct messages."""
    hold(bench, "RELY-2", "direct")


@wants(*CORE, "RELY-1")
@needs(*all_of("rooms"))
def test_whatever_clients_do_with_rooms(bench: Bench) -> None:
    """RELY-3: the same with rooms."""
    hold(bench, "RELY-3", "rooms")


@wants(*CORE, "RELY-1")
@needs(*all_of("history"))
def test_whatever_clients_do_with_history(bench: Bench) -> None:
    """RELY-4: the same with what was said."""
    hold(bench, "RELY-4", "history")


@wants(*CORE, "RELY-1")
@needs(*all_of("accounts"))
def test_whatever_clients_do_with_accounts(bench: Bench) -> None:
    """RELY-5: the same with accounts."""
    hold(bench, "RELY-5", "accounts")


@wants(*CORE, "RELY-1")
@needs(*all_of("files"))
def test_whatever_clients_do_with_files(bench: Bench) -> None:
    """RELY-6: the same with transfers."""
    hold(bench, "RELY-6", "files")


@wants("RELY-1", "RELY-2", "RELY-3", "RELY-4", "RELY-5", "RELY-6")
def test_whatever_clients_do_with_everything(bench: Bench) -> None:
    """RELY-6, RELY-2, RELY-3, RELY-4, RELY-5: the same with all extensions at once."""
    hold(bench, "RELY-6", "direct", "rooms", "history", "accounts", "files")
