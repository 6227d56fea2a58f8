"""A library that several people share, on a Chroma server.

The server has the record (`record`): each change to the library as a row of its own, whose number
nobody else can take, and what the change is about (`payload`). Every machine that uses the library
keeps a copy of its catalog (`replica`), brought to the newest change before each question; so
everything but the nearest passages is found in the copy. One writer at a time holds a lease
(`lease`) and publishes what it changes (`ledger`).
"""

from index.shared.home import ServerHome

__all__ = ["ServerHome"]
