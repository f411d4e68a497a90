"""placeholder"""
def run(callers: int, seconds: float) -> int:
    return 0
