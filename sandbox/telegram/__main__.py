import sys

from sandbox.telegram.server import main

sys.exit(main())
