"""Without keys that another ivrd has received: whoever takes a caller over asks anew."""

from __future__ import annotations

from chaos.without import replace, run
from ivrd.calls.menu_call import MenuCall

if __name__ == "__main__":
    replace(MenuCall, "unhandled_keys", lambda *_line: [])
    run()
