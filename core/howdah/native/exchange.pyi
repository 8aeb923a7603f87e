from howdah.protocol.exchange import Exchange as Exchange
from howdah.protocol.exchange import Result as Result
