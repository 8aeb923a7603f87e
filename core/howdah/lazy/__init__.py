"""What keeps importing howdah cheap: modules, patterns and classes that are made when they are first used."""
