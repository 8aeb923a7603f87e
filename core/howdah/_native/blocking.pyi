from howdah.io.blocking import carry as carry
