import sys
from pathlib import Path

# The package `chaos`, and what it brings up; the tests are not a package.
TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("", "clusters", "delivery")]
