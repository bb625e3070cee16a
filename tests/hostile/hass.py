"""Home Assistant with a witness: python -m tests.hostile.hass --config FOLDER."""

from pathlib import Path
import sys

import custom_components
from homeassistant.__main__ import main

if __name__ == "__main__":
    custom_components.__path__.append(str(Path(__file__).parent / "components"))
    sys.exit(main())
