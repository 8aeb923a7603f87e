from howdah.io.blocking import carry as carry, receive as receive, send as send
