from howdah.io import blocking, loop_transport
from howdah.io.blocking import run_until_ready as run_until_ready
from howdah.io.loop_transport import LoopTransport as LoopTransport
from howdah.io.loop_transport import Waits as Waits
from howdah.io.task_waiter import Waiter as Waiter
from howdah.io.tls_stream import TLSStream as TLSStream

hung_up = loop_transport.hung_up
receive_blocking = blocking.receive
receive_nonblocking = loop_transport.receive
send_blocking = blocking.send
send_nonblocking = loop_transport.send

class Timer:
    @property
    def fd(self) -> int: ...
    def start(self) -> None: ...
