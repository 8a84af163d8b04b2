"""Entry for hosting: settings from the environment, then the page and the API, as `advisor serve` does."""

from __future__ import annotations

import sys

from advisor.channels.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "serve")
    main()
