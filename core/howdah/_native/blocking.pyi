from howdah.io.blocking import carry as carry
from howdah.io.blocking import receive as receive
from howdah.io.blocking import send as send
