import socket

from howdah.io import aio, blocking
from howdah.io.blocking import run_until_ready as run_until_ready
from howdah.io.task_waiter import Waiter as Waiter
from howdah.io.tls_stream import TLSStream as TLSStream
from howdah.protocol.exchange import Exchange
from howdah.protocol.session import Session

hung_up = aio.hung_up
receive_blocking = blocking.receive
receive_nonblocking = aio.receive
send_blocking = blocking.send
send_nonblocking = aio.send

class SpinReceiver:
    def __init__(self, session: Session | TLSStream) -> None: ...
    def receive(self, sock: socket.socket, exchange: Exchange) -> None: ...

class Timer:
    @property
    def fd(self) -> int: ...
    def start(self) -> None: ...
