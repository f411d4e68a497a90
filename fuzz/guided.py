"""Inputs steered by the code's coverage: `python -m fuzz.guided NAME [SECONDS]`.

Needs the extra `fuzz` (atheris, on libFuzzer).  It takes the same targets as `python -m fuzz`,
begins with their seeds and with what earlier runs found worth keeping, and stops at the first
fault, whose input it writes to a file.
"""

import logging
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ivrd", "panoramisk", "yaml"]):
    from fuzz.mutate import LONGEST
    from fuzz.targets import TARGETS

SECONDS = 60
FOUND = Path("fuzz-found")


def main() -> None:
    """Run one target for some seconds."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(
            f"usage: python -m fuzz.guided NAME [SECONDS]; NAME is one of {', '.join(TARGETS)}"
        )
    target = TARGETS[sys.argv[1]]
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    logging.disable()
    corpus, words = FOUND / f"{target.name}-corpus", FOUND / f"{target.name}-words"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    words.write_text("".join(f'"{_spelt(word)}"\n' for word in target.words))
    limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-rss_limit_mb=1024"]
    found = [f"-artifact_prefix={FOUND / target.name}-", f"-dict={words}", str(corpus)]
    with target.open() as one:
        atheris.Setup([sys.argv[0], *limits, "-timeout=20", "-print_final_stats=1", *found], one)
        atheris.Fuzz()


def _spelt(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
