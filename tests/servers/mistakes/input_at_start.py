"""Mistake 14's cousin: asks its owner for the port, who is a program here."""

from __future__ import annotations

from .on_threads import Server

if __name__ == "__main__":
    if input("Shall I start? [y/n] ") == "y":
        Server().run()
