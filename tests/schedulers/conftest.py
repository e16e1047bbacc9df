import sys
from pathlib import Path

import pytest

# The contract is shared by the test modules of all schedulers, which are not a package.
sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("contract")
