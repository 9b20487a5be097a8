"""The extension `accounts`: how long checks take, and who waits for them."""

import statistics
import time

from ..accounts import (
    PASSWORD,
    TRIES,
    an_account,
    cost,
    expect_no_password,
    logged_in,
    logs_in,
    outputs_of,
    quick,
    quits,
    registers,
)
from ..bench import Bench, needs
from ..chat import Chat
from ..violation import Violation

#: How much longer one kind of refusal may take: times, and seconds below which nobody is accused.
RATIO, FLOOR = 3.0, 0.02
#: Round trips of a bystander for each password that is checked meanwhile. If it has to wait for
#: every check, it has one.
ROUND_TRIPS = 2


def test_refusals_take_the_same_time(bench: Bench) -> None:
    """ACCT-6: a wrong password, an unknown name and a malformed one, in medians."""
    chat = bench.chat(bench.start(login_delay=0.001, **cost(bench, 14)))
    names = [an_account(chat, "alice"), chat.nick("nobody"), "1337"]
    took: dict[str, list[float]] = {name: [] for name in names}
    for number in range(7):
        client = chat.connect("mallory")
        for name in names[number % 3 :] + names[: number % 3]:
            before = time.monotonic()
            client.is_refused(f"LOGIN {name} battery-staple", "bad-login")
            took[name].append(time.monotonic() - before)
        client.closes()
    medians = [statistics.median(each) for each in took.values()]
    if max(medians) > RATIO * min(medians) and max(medians) - min(medians) > FLOOR:
        shown = [f"{1000 * median:.1f} ms" for median in medians]
        raise Violation(
            "the time tells whether there is such a nickname",
            client=client,
            expected="(about the same for all three)",
            got=f"(wrong password {shown[0]}, unknown name {shown[1]}, malformed {shown[2]})",
        )


def test_a_wrong_try_is_not_answered_at_once(bench: Bench) -> None:
    """ACCT-8: bad-login comes after the delay."""
    can_be_told = "login-delay" in bench.servers.target.options
    delay = 0.4 if can_be_told else 1.0
    chat = bench.chat(bench.start(login_delay=delay) if can_be_told else None)
    name = an_account(chat, "alice")
    client = chat.connect("mallory")
    for who in (name, chat.nick("nobody")):
        before = time.monotonic()
        client.is_refused(f"LOGIN {who} battery-staple", "bad-login")
        if time.monotonic() - before < delay:
            raise Violation(
                "the refusal of a wrong password came too early",
                client=client,
                expected=f"(not before {delay:g} s)",
                got=f"(after {time.monotonic() - before:.3f} s)",
            )


def test_the_third_wrong_try_is_the_last(bench: Bench) -> None:
    """ACCT-9: ERR bad-login and BYE, whichever names were tried."""
    chat = quick(bench)
    name = an_account(chat, "alice")
    client = chat.connect("mallory")
    for who in (name, chat.nick("nobody"), name)[:TRIES]:
        client.is_refused(f"LOGIN {who} battery-staple", "bad-login")
    if client.awaits_event("BYE (words)").kind != "BYE":
        raise Violation("three tries are all", client=client, expected="BYE (words)")
    client.awaits_end()


@needs("ACCT-2")
def test_two_wrong_tries_are_forgiven(bench: Bench) -> None:
    """ACCT-9: what else is refused in between does not count."""
    chat = quick(bench)
    name = an_account(chat, "alice")
    client = chat.connect("alicia")
    for _ in range(TRIES - 1):
        client.is_refused(f"LOGIN {name} battery-staple", "bad-login")
        client.is_refused(f"LOGIN {name}", "bad-args")
        client.is_refused(f"NICK {name}", "nick-registered")
    logs_in(client, name)


@needs("ACCT-2")
def test_nothing_makes_up_for_a_wrong_try(bench: Bench) -> None:
    """ACCT-9: neither other names, malformed ones too, nor what else is refused in between."""
    chat = quick(bench, **cost(bench, 12))
    alice = chat.member("alice")
    registers(alice)
    client = chat.connect("mallory")
    for who in ("1337", alice.nick, chat.nick("nobody"))[:TRIES]:
        client.is_refused(f"NICK {alice.nick}", "nick-registered")
        client.is_refused("NICK 1337", "bad-nick")
        if who == chat.nick("nobody"):
            client.is_refused(f"LOGIN {alice.nick} {PASSWORD}", "nick-in-use")
        client.is_refused(f"LOGIN {who} battery-staple", "bad-login")
    client.awaits_end()
    client.events.clear()
    alice.receives_nothing()


@needs("ACCT-2")
def test_lines_behind_a_login_wait(bench: Bench) -> None:
    """ACCT-10: sent in one piece; each is obeyed when its turn has come."""
    chat = quick(bench)
    name = an_account(chat, "alice")
    bob = chat.member("bob")
    alicia = chat.connect("alicia")
    commands = [
        *(f"LOGIN {name} battery-staple", "WHO", f"LOGIN {name} {PASSWORD}", "SAY one"),
        *("SAY two", "QUIT"),
    ]
    alicia.expects_answers_to(*commands)
    alicia.sends_octets("".join(f"{each}\n" for each in commands).encode(), "(six lines)")
    for code in ("bad-login", "need-nick"):
        alicia.was_refused(alicia.answer(), "", code, "LOGIN" if code == "bad-login" else "WHO")
    logged_in(alicia, alicia.answer().final, name)
    one = alicia.said(alicia.answer())
    two = alicia.said(alicia.answer())
    alicia.check(alicia.answer().final, "OK QUIT")
    bob.receives(f"JOINED lobby {name} {alicia.number}")
    bob.hears(alicia, "one", one)
    bob.hears(alicia, "two", two)
    bob.receives(f"LEFT lobby {name} quit")
    bob.expects_answers_to(f"REGISTER {PASSWORD}", "SAY three")
    bob.sends_octets(f"REGISTER {PASSWORD}\nSAY three\n".encode(), "(two lines)")
    bob.check(bob.answer().final, "OK REGISTER")
    bob.said(bob.answer())


@needs("ACCT-2")
def test_nobody_waits_for_the_password_of_another(bench: Bench) -> None:
    """ACCT-11: while eight passwords are checked, bob is answered again and again."""
    chat = bench.chat(bench.start(**cost(bench, 15)))
    names = [an_account(chat, f"c{number}") for number in range(8)]
    bob = chat.member("bob")
    crowd = chat.connects(*(f"d{number}" for number in range(8)))
    began = time.monotonic()
    for client, name in zip(crowd, names, strict=True):
        client.sends(f"LOGIN {name} {PASSWORD}")
    round_trips = 0
    while any(client.waits for client in crowd) and time.monotonic() - began < chat.patience:
        bob.fence()
        round_trips += 1
    took = time.monotonic() - began
    for client, name in zip(crowd, names, strict=True):
        logged_in(client, client.answer().final, name)
    chat.put_aside()
    if took > ROUND_TRIPS * len(crowd) * FLOOR and round_trips < ROUND_TRIPS * len(crowd):
        raise Violation(
            "others wait while passwords are checked",
            client=bob,
            expected=f"(at least {ROUND_TRIPS * len(crowd)} round trips in {took:.2f} s)",
            got=f"({round_trips})",
        )


def test_nobody_waits_for_a_refusal_that_is_put_off(bench: Bench) -> None:
    """ACCT-11: the delay of a wrong try holds up nobody else."""
    can_be_told = "login-delay" in bench.servers.target.options
    chat = bench.chat(bench.start(login_delay=60.0) if can_be_told else None)
    alice, bob = chat.members("alice", "bob")
    began = time.monotonic()
    registers(alice)
    took = time.monotonic() - began
    bob.receives_nothing("ACCT-19")
    crowd = chat.connects(*(f"c{number}" for number in range(4)))
    until = time.monotonic() + 2 * len(crowd) * took  # by then all four are checked
    for client in crowd:
        client.sends(f"LOGIN {alice.nick} battery-staple")
    while time.monotonic() < until:
        bob.hears(alice, "talking", alice.says("talking"))
    carol = chat.connect("carol")
    carol.takes_name()
    chat.put_aside(alice, bob)
    for client in crowd:
        client.abandons()
        client.closes()


@needs("ACCT-2")
def test_who_is_told_busy_tries_again(bench: Bench) -> None:
    """ACCT-12: a server that checks little at once; all get in, however often they ask.

    What the first of them asks takes long enough for the others to come while it is checked.
    """
    chat = bench.chat(bench.start(checks=1, **cost(bench, 14)))
    names = [an_account(chat, f"c{number}") for number in range(10)]
    outside = chat.connects(*(f"d{number}" for number in range(10)))
    wanted = dict(zip(outside, names, strict=True))
    give_up_at = time.monotonic() + 4 * chat.patience
    while outside and time.monotonic() < give_up_at:
        for client in outside:
            client.sends(f"LOGIN {wanted[client]} {PASSWORD}")
        still = []
        for client in outside:
            final = client.answer().final
            if final.kind == "ERR" and (final["code"], final["verb"]) == ("busy", "LOGIN"):
                still.append(client)
            else:
                logged_in(client, final, wanted[client])
        if len(outside) == len(names) and not still:
            raise Violation(
                f"{len(names)} ask at the same time, and one check may run or wait",
                client=client,
                expected="ERR busy LOGIN (and words)",
                got=f"OK LOGIN {client.nick} {client.number}, as the others",
            )
        outside = still
    if outside:
        raise Violation("busy, and never anything else", client=outside[0], expected="OK LOGIN")
    chat.put_aside(*wanted)


@needs("ACCT-5", "ACCT-9")
def test_busy_is_no_wrong_try(bench: Bench) -> None:
    """ACCT-12, ACCT-20: who has been wrong twice may stay; and no password is logged for it."""
    server = bench.start(checks=1, login_delay=0.02, **cost(bench, 12))
    chat = bench.chat(server)
    password = f"barracuda-{bench.suffix}-{bench.seed}"
    wrong = dict.fromkeys(chat.connects("mallory", "mallet", "trudy"), 0)
    still = list(wrong)
    give_up_at = time.monotonic() + 4 * chat.patience
    while still and time.monotonic() < give_up_at:
        for client in still:
            client.sends(f"LOGIN {chat.nick('nobody')} {password}")
        for client in still:
            answer = client.answer()
            if answer.final.kind != "ERR" or answer.final["code"] != "busy":
                client.was_refused(answer, "LOGIN", "bad-login")
                wrong[client] += 1
        still = [client for client in still if wrong[client] < TRIES - 1]
    if still:
        raise Violation("busy, and never anything else", client=still[0], expected="ERR bad-login")
    for client in wrong:
        client.receives_nothing()
    expect_no_password(outputs_of(server, chat), password)


@needs("ACCT-2", "LEFT-2")
def test_the_checks_of_those_who_vanish_make_room(bench: Bench) -> None:
    """ACCT-12: who is reset while its password is checked leaves nothing that waits."""
    chat = bench.chat(bench.start(checks=1, **cost(bench, 14)))
    name = an_account(chat, "alice")
    bob = chat.member("bob")
    for number in range(2):
        ghost = chat.connect(f"ghost{number}")
        ghost.sends(f"LOGIN {name} battery-staple")
        bob.fence()
        ghost.abandons()
        ghost.resets()
    heir = chat.connect("heir")
    give_up_at = time.monotonic() + chat.patience
    final = heir.asks(f"LOGIN {name} {PASSWORD}").final
    while final.kind == "ERR" and final["code"] == "busy" and time.monotonic() < give_up_at:
        final = heir.asks(f"LOGIN {name} {PASSWORD}").final
    logged_in(heir, final, name)
    chat.put_aside(bob)


@needs("ACCT-5", "LEFT-4")
def test_who_ends_its_stream_behind_a_wrong_try_is_answered(bench: Bench) -> None:
    """ACCT-13: bad-login arrives, whether it was checked or put off when the stream ended."""
    chat = bench.chat(bench.start(login_delay=0.15, **cost(bench, 12)))
    bob = chat.member("bob")
    crowd = chat.connects("mallory", "mallet")
    for client in crowd:
        client.sends(f"LOGIN {bob.nick} battery-staple")
    crowd[0].half_closes()
    bob.fence()
    registers(bob)  # most servers have checked both by then
    crowd[1].half_closes()
    for client in crowd:
        client.was_refused(client.answer(), "LOGIN", "bad-login")
        client.awaits_end()
    bob.receives_nothing()


@needs("ACCT-2", "LEFT-4")
def test_who_ends_its_stream_is_still_answered(bench: Bench) -> None:
    """ACCT-13: OK LOGIN arrives; others are told of both, and the name is free again."""
    chat = bench.chat(bench.start(**cost(bench, 15)))  # the check is under way at the end
    name = an_account(chat, "alice")
    bob = chat.member("bob")
    client = chat.connect("alicia")
    client.sends(f"LOGIN {name} {PASSWORD}")
    client.half_closes()
    logged_in(client, client.answer().final, name)
    client.awaits_end()
    bob.is_told(f"JOINED lobby {name} {client.number}")
    bob.is_told(f"LEFT lobby {name} closed")
    logs_in(chat.connect("alison"), name)
    chat.put_aside(bob)


@needs("ACCT-2", "LEFT-2")
def test_who_vanishes_does_not_keep_the_name(chat: Chat) -> None:
    """ACCT-13: reset before the answer: no JOINED without its LEFT."""
    name = an_account(chat, "alice")
    bob = chat.member("bob")
    for number in range(3):
        client = chat.connect(f"ghost{number}")
        client.sends(f"LOGIN {name} {PASSWORD}")
        client.abandons()
        client.resets()
    heir = chat.connect("heir")
    give_up_at = time.monotonic() + chat.patience
    final = heir.asks(f"LOGIN {name} {PASSWORD}").final
    while final.kind == "ERR" and time.monotonic() < give_up_at:
        heir.was_refused(heir.asks("WHO"), "WHO", "need-nick")
        final = heir.asks(f"LOGIN {name} {PASSWORD}").final
    logged_in(heir, final, name)
    quits(heir)
    told: list[str] = []
    while not told or told[-1] != f"LEFT lobby {name} quit":
        event = bob.awaits_event(f"LEFT lobby {name} quit")
        told.append(event.text)
        if event.kind != ("JOINED" if len(told) % 2 else "LEFT"):
            raise Violation(
                "each JOINED is followed by its LEFT",
                client=bob,
                expected="JOINED, LEFT, JOINED, LEFT …",
                got=" / ".join(told),
            )
    quits(bob)  # a LOGIN of one that has vanished may take effect as late as now
