from howdah.protocol.exchange import CopyExchange as CopyExchange
from howdah.protocol.exchange import CountedExchange as CountedExchange
from howdah.protocol.exchange import Exchange as Exchange
from howdah.protocol.exchange import FunctionCallExchange as FunctionCallExchange
from howdah.protocol.exchange import QueryExchange as QueryExchange
from howdah.protocol.exchange import Result as Result
