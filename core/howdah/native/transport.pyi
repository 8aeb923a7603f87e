import socket

from howdah.io import aio, blocking
from howdah.io.blocking import carry as carry
from howdah.io.records import RecordLayer as RecordLayer
from howdah.io.waiter import Waiter as Waiter
from howdah.protocol.exchange import Exchange
from howdah.protocol.session import Session

receive_blocking = blocking.receive
receive_nonblocking = aio.receive
send_blocking = blocking.send
send_nonblocking = aio.send

class Eager:
    def __init__(self, session: Session | RecordLayer) -> None: ...
    def receive(self, sock: socket.socket, exchange: Exchange) -> None: ...

class Timer:
    @property
    def fd(self) -> int: ...
    def start(self) -> None: ...
