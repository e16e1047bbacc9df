import sys
from pathlib import Path

import pytest

# Shared by this folder's test modules, which are not a package.
sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("bench", "slack_server", "slack_store")
