from howdah.io.aio import receive as receive
from howdah.io.aio import send as send

class Timer:
    @property
    def fd(self) -> int: ...
    def start(self) -> None: ...
