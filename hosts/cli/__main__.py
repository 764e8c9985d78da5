"""`python -m mintflow.hosts.cli`: the command line where its program is not on the path."""

from mintflow.hosts.cli import main

if __name__ == "__main__":
    main()
