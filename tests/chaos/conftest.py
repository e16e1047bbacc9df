import sys
from pathlib import Path

# The package `chaos`, and the clusters' own modules; the tests are not a package.
TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "clusters")]
