"""Deliberately faulty servers: each breaks one requirement, and the suite must see it.

`python -m conformance.mutants NAME --port 0` starts one, `--list` names them all. They borrow the
hub and the servers of this project; the suite never imports them, it starts them as programs.
"""
