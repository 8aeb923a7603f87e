import socket

from howdah.io.aio import receive as receive_nonblocking
from howdah.io.aio import send as send_nonblocking
from howdah.io.blocking import carry as carry
from howdah.io.blocking import receive as receive_blocking
from howdah.io.blocking import send as send_blocking
from howdah.io.records import RecordLayer as RecordLayer
from howdah.io.waiter import Waiter as Waiter
from howdah.protocol.exchange import Exchange
from howdah.protocol.session import Session

class Eager:
    def __init__(self, session: Session | RecordLayer) -> None: ...
    def receive(self, sock: socket.socket, exchange: Exchange) -> None: ...

class Timer:
    @property
    def fd(self) -> int: ...
    def start(self) -> None: ...
