"""What axe says about a page that is open in a browser."""

from __future__ import annotations

import json
from typing import Any


def serious(window: Any) -> list[str]:
    """What axe finds serious or critical on the page."""
    from axe_playwright_python.sync_playwright import Axe

    found = json.loads(json.dumps(Axe().run(window).response))["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in ("serious", "critical")]
