"""Level 3: everybody is told who comes, and WHO tells who is here."""

from ..chat import Chat
from ..client import Client
from ..violation import Violation, blamed_on

#: Characters that a nickname may have (NICK-2).
MAX_NAME = 20


def test_everybody_else_is_told_of_a_newcomer(chat: Chat) -> None:
    """JOINED-1: JOINED lobby name number, once each."""
    alice, bob = chat.members("alice", "bob")
    carol = chat.connect("carol")
    carol.takes_name()
    for client in (alice, bob):
        client.receives(f"JOINED lobby {carol.nick} {carol.number}")
        client.receives_nothing()


def test_a_storm_of_newcomers_is_told_to_everybody(chat: Chat) -> None:
    """JOINED-1: a hundred come at once; who was there is told of each, once; all of one more."""
    alice, bob = chat.members("alice", "bob")
    crowd = chat.crowd(100)
    expected = sorted(f"JOINED lobby {client.nick} {client.number}" for client in crowd)
    assert chat.most_waiting > 50, "the newcomers never came at the same time"
    for client in (alice, bob):
        client.fence()
        _expect_same(client, expected, sorted(event.text for event in client.events))
        client.events.clear()
    late = chat.connect("late")
    late.takes_name()
    came = f"JOINED lobby {late.nick} {late.number}"
    for client in (alice, bob, *crowd):
        while (event := client.next_event(came)).text in expected:
            pass  # one of the storm is told of another so late: JOINED-3
        client.check(event, came)


def test_a_newcomer_is_not_told_of_itself_or_of_those_before(chat: Chat) -> None:
    """JOINED-2: no JOINED of its own, none of those who were there."""
    chat.members("alice", "bob")
    carol = chat.connect("carol")
    carol.takes_name()
    carol.receives_nothing()
    for client in chat.clients:
        client.fence()
        client.events.clear()


def test_in_a_storm_each_is_told_of_those_who_come_later(chat: Chat) -> None:
    """JOINED-2: of sixty who come at once, each is told of those only who come after it."""
    crowd = chat.connects(*(f"c{number}" for number in range(60)))
    for client in crowd:
        client.sends(f"NICK {client.nick}")
    assert chat.most_waiting > 30, "the newcomers never came at the same time"
    for client in crowd:
        client.named(client.answer())
    for client in crowd:
        client.fence()
    crowd.sort(key=lambda client: len(client.events), reverse=True)
    came = [f"JOINED lobby {crowd[0].nick} {crowd[0].number}"]
    came += [event.text for event in crowd[0].events]  # the first who came was told of all others
    for client in crowd:
        own = f"JOINED lobby {client.nick} {client.number}"
        if own not in came:
            raise Violation(
                "it came at the same time as the one who was told of most",
                client=crowd[0],
                expected=own,
                got="(nothing)",
                requirement="JOINED-1",
            )
        expected = came[came.index(own) + 1 :]
        _expect_same(client, expected, [event.text for event in client.events])
        client.events.clear()


def test_joined_is_there_before_the_newcomer_is_answered(chat: Chat) -> None:
    """JOINED-3: who has read OK NICK finds the JOINED behind nobody's next PING."""
    crowd = chat.crowd(40)
    for number in range(20):
        newcomer = chat.connect(f"new{number}")
        newcomer.takes_name()
        witness = crowd[number]
        witness.fence()
        expected = f"JOINED lobby {newcomer.nick} {newcomer.number}"
        got = witness.events[-1].text if witness.events else "(nothing)"
        if got != expected:
            raise Violation(
                "the PING was answered before the JOINED came",
                client=witness,
                expected=expected,
                got=got,
            )
    for client in chat.clients:
        client.fence()
        client.events.clear()


def test_a_refused_nick_is_told_to_nobody(chat: Chat) -> None:
    """JOINED-4: no event."""
    alice, carol = chat.members("alice", "carol")
    bob = chat.connect("bob")
    bob.is_refused(f"NICK {alice.nick}", "nick-in-use")
    bob.is_refused("NICK 1", "bad-nick")
    bob.is_refused("NICK", "bad-args")
    alice.is_refused("NICK another", "already-named")
    with blamed_on("JOINED-4"):
        for client in (carol, alice):
            client.receives_nothing()


def test_joinings_and_messages_come_in_one_order(chat: Chat) -> None:
    """JOINED-5: while some talk and others come, all receive both in the same order."""
    witnesses = chat.members("alice", "bob", "carol")
    talkers = chat.crowd(40, "talker")
    chat.settle(witnesses)
    newcomers = chat.connects(*(f"new{number}" for number in range(40)))
    for number, newcomer in enumerate(newcomers):
        talkers[number].sends(f"SAY message {number}")
        newcomer.sends(f"NICK {newcomer.nick}")
    assert chat.most_waiting > 20, "nobody came while others talked"
    for newcomer in newcomers:
        newcomer.answer()
    for talker in talkers:
        talker.said(talker.answer())
    for client in chat.clients:
        client.fence()
    expected = [event.text for event in witnesses[0].events]
    if len(expected) != 80:
        raise Violation(
            "40 came and 40 messages were said",
            client=witnesses[0],
            expected="(80 events)",
            got=f"({len(expected)} events)",
        )
    for witness in witnesses[1:]:
        _expect_same(witness, expected, [event.text for event in witness.events])
    for client in chat.clients:
        client.events.clear()


def test_nobody_speaks_who_has_not_come(chat: Chat) -> None:
    """JOINED-5: no MSG of a member whose coming one has not been told."""
    alice = chat.member("alice")
    for number in range(30):
        newcomer = chat.connect(f"new{number}")
        newcomer.takes_name()
        seq = newcomer.says("here I am")
        alice.receives(f"JOINED lobby {newcomer.nick} {newcomer.number}")
        alice.receives(f"MSG lobby {seq} {newcomer.nick} here I am")
    for client in chat.clients:
        client.fence()
        client.events.clear()


def test_who_lists_everybody_once(chat: Chat) -> None:
    """WHO-1: one HERE for each member, oneself included, then OK WHO count."""
    clients = chat.members("alice", "bob", "carol")
    expected = sorted(client.nick.lower() for client in clients)
    for client in clients:
        answer = client.does("WHO", "OK WHO 3")
        _expect_same(client, expected, sorted(item["name"].lower() for item in answer.items))


def test_who_of_one_alone(chat: Chat) -> None:
    """WHO-1: oneself, too, when nobody else is there."""
    alice = chat.member("alice")
    _expect_listing(alice, [alice])


def test_who_lists_a_crowd(chat: Chat) -> None:
    """WHO-1: a hundred and fifty names of twenty characters, asked for by many at once."""
    crowd = chat.crowd(150, "listed".ljust(MAX_NAME - len("123") - len(chat.nick("")), "d"))
    for client in crowd[:30]:
        client.sends("WHO")
    assert chat.most_waiting > 15, "nobody asked at the same time"
    for client in crowd[:30]:
        _check_listing(client, crowd)


def test_who_spells_names_and_numbers_as_they_were_given(chat: Chat) -> None:
    """WHO-2: as in each member's OK NICK."""
    alice, bob = chat.connects("ALICE", "bOb")
    alice.takes_name()
    bob.takes_name()
    _expect_listing(alice, [alice, bob])
    alice.receives(f"JOINED lobby {bob.nick} {bob.number}")


def test_the_nameless_are_not_listed(chat: Chat) -> None:
    """WHO-3: a connection without a name is nobody."""
    alice = chat.member("alice")
    bob = chat.connect("bob")
    bob.is_refused("NICK 1bob", "bad-nick")
    chat.connect("carol")
    _expect_listing(alice, [alice])


def test_nothing_stands_within_a_listing(chat: Chat) -> None:
    """WHO-4: no event between the first item and its OK, while others talk and come."""
    crowd = chat.crowd(40)
    newcomers = chat.connects(*(f"new{number}" for number in range(20)))
    for number, newcomer in enumerate(newcomers):
        crowd[number].sends("WHO")
        crowd[number + 20].sends(f"SAY message {number}")
        newcomer.sends(f"NICK {newcomer.nick}")
    assert chat.most_waiting > 20, "nothing happened at the same time"
    for client in (*crowd, *newcomers):
        client.answer()  # an event among the items is noticed where it is read
    for client in chat.clients:
        client.fence()
        client.events.clear()


def test_who_is_exact_where_it_stands(chat: Chat) -> None:
    """WHO-5: it lists just those whose JOINED stands before it, while others come."""
    crowd = chat.crowd(10)
    newcomers = chat.connects(*(f"new{number}" for number in range(40)))
    known = {client: {each.nick for each in crowd} for client in crowd}
    for wave in (newcomers[:20], newcomers[20:]):
        for client, pair in zip(crowd, zip(wave[::2], wave[1::2], strict=True), strict=True):
            for newcomer in pair:
                newcomer.sends(f"NICK {newcomer.nick}")
            client.sends("WHO")
        chat.expect_at_once(20)
        for client in crowd:
            answer = client.answer()
            known[client] |= {event["name"] for event in answer.events if event.kind == "JOINED"}
            _expect_names(client, known[client], [item["name"] for item in answer.items])
        for newcomer in wave:
            newcomer.answer()
    chat.put_aside()


def test_who_takes_no_two_arguments(chat: Chat) -> None:
    """WHO-6: with two arguments, or two spaces, it is bad-args."""
    alice = chat.member("alice")
    alice.is_refused("WHO is here", "bad-args")
    alice.is_refused("WHO  ", "bad-args")


def test_who_with_a_space_behind_it_is_who(chat: Chat) -> None:
    """WHO-1, CMD-2: one space is no argument."""
    alice = chat.member("alice")
    for command in ("WHO ", "who "):
        alice.check(alice.asks(command).final, "OK WHO 1")


def _expect_names(client: Client, known: set[str], listed: list[str]) -> None:
    if sorted(listed) != sorted(known):
        differing = sorted(known.symmetric_difference(listed))
        raise Violation(
            "the listing is not what this client has been told so far",
            client=client,
            expected=f"({len(known)} names)",
            got=f"({len(listed)} names; they differ in {', '.join(differing[:5])})",
        )


def _expect_listing(asker: Client, members: list[Client]) -> None:
    asker.sends("WHO")
    _check_listing(asker, members)


def _check_listing(asker: Client, members: list[Client]) -> None:
    answer = asker.answer()
    asker.check(answer.final, f"OK WHO {len(members)}")
    expected = sorted(f"HERE {each.nick} {each.number}" for each in members)
    got = sorted(item.text for item in answer.items)
    missing = [line for line in expected if line not in got]
    if len(got) < len(expected) and missing:
        raise Violation(
            f"{len(missing)} of {len(expected)} members are not listed",
            client=asker,
            expected=missing[0],
            got=f"({len(got)} lines, and not this one)",
        )
    names = sorted(each.nick for each in members)
    same_names = names == sorted(item["name"] for item in answer.items)
    _expect_same(asker, expected, got, requirement="WHO-2" if same_names else None)


def _expect_same(
    client: Client, expected: list[str], got: list[str], requirement: str | None = None
) -> None:
    """Raises Violation at the first line in which two lists differ; `requirement` asks for that."""
    for one, other in zip(expected, got, strict=False):
        if one != other:
            raise Violation(
                "another line than this one",
                client=client,
                expected=one,
                got=other,
                requirement=requirement,
            )
    if len(expected) > len(got):
        raise Violation(
            f"{len(expected) - len(got)} of {len(expected)} lines are missing",
            client=client,
            expected=expected[len(got)],
            got="(nothing)",
        )
    if len(got) > len(expected):
        raise Violation(
            f"{len(got) - len(expected)} lines too many",
            client=client,
            expected="(nothing)",
            got=got[len(expected)],
        )
