import pytest
from tests.real.test_digits import *
def test_speed(lab):
    for keys in ("111","121"):
        for down,up in ((.04,.04),(.04,.06),(.06,.04),(.06,.06),(.08,.08)):
            print(keys, down, up, dict(reached(lab, 25, HOSTS["inband"], keys, (INBAND,), False, down=down, up=up)), flush=True)
