from howdah.io.aio import receive as receive
from howdah.io.aio import send as send
