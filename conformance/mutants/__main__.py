"""python -m conformance.mutants: starts a faulty server by name, or lists them."""

import sys

from . import (  # noqa: F401  # importing a module registers its mutants
    accounts_faults,
    accounts_faults_kept,
    foreign_faults,
    foreign_faults_more,
    hub_faults_accounts,
    hub_faults_accounts_tries,
    hub_faults_commands,
    hub_faults_crowds,
    hub_faults_direct,
    hub_faults_direct_more,
    hub_faults_files,
    hub_faults_files_chat,
    hub_faults_files_counts,
    hub_faults_files_refusals,
    hub_faults_files_words,
    hub_faults_greeting,
    hub_faults_history,
    hub_faults_history_more,
    hub_faults_history_order,
    hub_faults_holds,
    hub_faults_kept,
    hub_faults_leaving,
    hub_faults_lock,
    hub_faults_names,
    hub_faults_nick,
    hub_faults_order,
    hub_faults_presence,
    hub_faults_rooms,
    hub_faults_rooms_emptied,
    hub_faults_rooms_lists,
    hub_faults_rooms_more,
    hub_faults_stopping,
    hub_faults_talking,
    hub_faults_unlock,
    hub_faults_words,
    launch_faults,
    limit_faults,
    limit_faults_places,
    load_faults,
    octet_faults,
    octet_faults_lines,
    protection_faults,
    server_faults,
    server_faults_growth,
    server_faults_waiting,
    silence_faults,
    silence_faults_more,
    store_faults,
    store_faults_foreign,
    store_faults_more,
    storm_faults,
    tls_faults,
    together_faults,
)
from .registry import MUTANTS

USAGE = "usage: python -m conformance.mutants NAME [OPTION...] | --list"


def main() -> int:
    """Runs the mutant that the first argument names; the others are options of the server."""
    if sys.argv[1:] == ["--list"]:
        width = max(map(len, MUTANTS))
        for each in MUTANTS.values():
            print(f"{each.name:<{width}}  {each.requirement:<9} {each.wrong}")
        return 0
    mutant = MUTANTS.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if mutant is None:
        print(USAGE, file=sys.stderr)
        return 2
    del sys.argv[1]
    return mutant.start()


if __name__ == "__main__":
    sys.exit(main())
