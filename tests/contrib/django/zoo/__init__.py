"""An app for the tests of howdah_django."""
