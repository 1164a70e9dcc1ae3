"""`python -m flows` is `wardrobe`."""

from flows.cli import main

if __name__ == "__main__":
    main()
