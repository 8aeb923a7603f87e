import socket

from howdah.io.aio import receive as receive
from howdah.io.aio import send as send
from howdah.io.records import RecordLayer
from howdah.protocol.exchange import Exchange
from howdah.protocol.session import Session

class Eager:
    def __init__(self, session: Session | RecordLayer) -> None: ...
    def receive(self, sock: socket.socket, exchange: Exchange) -> None: ...

class Timer:
    @property
    def fd(self) -> int: ...
    def start(self) -> None: ...
