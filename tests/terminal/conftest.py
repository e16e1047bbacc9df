"""Commands on pseudo-terminals: what a person sees of them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `pseudo_terminal`; the tests are not a package
pytest.register_assert_rewrite("pseudo_terminal")
