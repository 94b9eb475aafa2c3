"""`python -m arbitrary_nst` is `arbstyle`."""

from arbitrary_nst.cli import main

if __name__ == "__main__":
    main()
