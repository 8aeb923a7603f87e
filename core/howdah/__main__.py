"""`python -m howdah`: the `howdah` command."""

from howdah.cli import main

if __name__ == "__main__":
    main()
