"""The repository's text files, and Rust without comments, as `.ci/check` and `.ci/weight` read
them."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A comment, or a literal that may contain the marks of one.
RUST_TOKEN = re.compile(
    r"""(?P<comment> //[^\n]* | /\*.*?\*/ )
      | \b b?c?r(?P<hashes>\#*)" .*? "(?P=hashes)
      | " (?:[^"\\]|\\.)* "
      | ' (?: [^'\\] | \\[^ux] | \\u\{[^}]*\} | \\x.. ) '""",
    re.DOTALL | re.VERBOSE,
)


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def tracked():
    """The paths of the tracked files that exist, from the root."""
    names = git("ls-files", "-z").split("\0")[:-1]
    return [name for name in names if (ROOT / name).is_file()]


def texts():
    """Path -> contents, of each tracked text file."""
    found = {}
    for name in tracked():
        try:
            found[name] = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            pass
    return found


def without_comments(rust):
    return RUST_TOKEN.sub(lambda token: "" if token["comment"] else token[0], rust)


def without_literals(rust):
    """The same length, with blanks in place of texts, whose braces close nothing."""
    return RUST_TOKEN.sub(lambda token: re.sub(r"[^\n]", " ", token[0]), rust)
