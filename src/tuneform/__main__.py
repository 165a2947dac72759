"""`python -m tuneform` is `tuneform`."""

import sys

from tuneform.cli.entry import main

sys.exit(main())
