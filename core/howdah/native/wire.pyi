from howdah.protocol.wire import Wire as Wire
