from howdah.io.records import RecordLayer as RecordLayer
