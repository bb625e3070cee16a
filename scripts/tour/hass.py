"""Home Assistant for which all of Tuya is somewhere else: python -m scripts.tour.hass URL ..."""

import sys

from custom_components.tuya_wifi_lock.tuyalock import REGIONS
from homeassistant.__main__ import main

if __name__ == "__main__":
    # Home Assistant finds this very module when it loads the integration. No region is left out,
    # so that nothing of a demo can reach the real cloud.
    REGIONS.update(dict.fromkeys(REGIONS, sys.argv.pop(1)))
    sys.exit(main())
