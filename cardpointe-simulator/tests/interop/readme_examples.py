"""Runs the examples of the simulator's README against a simulator, each in its language."""

import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request

README = pathlib.Path(__file__).parents[2] / "README.md"
LANGUAGES = {"python": sys.executable, "javascript": "node", "ruby": "ruby"}


def main():
    examples = re.findall(r"```(\w+)\n(.*?)```", README.read_text(), re.S)
    sessions = [code for name, code in examples if name == "sh" and "curl" in code]
    # Each command in a shell of its own, which first sets the quick start's variables.
    for line in commands(sessions[0]):
        done = subprocess.run(
            ["bash", "-c", f"{variables(sessions[0])}{line}"], capture_output=True, text=True
        )
        lost = "A-2" in line and "/auth" in line
        assert (done.returncode == 52) if lost else (done.returncode == 0), (line, done)
        assert "respcode" not in done.stdout or '"respstat":"A"' in done.stdout, (line, done.stdout)
    print("ok sh")
    for name, code in examples:
        if name not in LANGUAGES:
            continue
        if not shutil.which(LANGUAGES[name]):
            print(f"-- {name}: {LANGUAGES[name]} is not installed")
            continue
        urllib.request.urlopen(
            urllib.request.Request("http://127.0.0.1:4001/_simulator/reset", method="POST")
        )
        flag = "-c" if name == "python" else "-e"
        done = subprocess.run(
            [LANGUAGES[name], flag, code], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "A", (name, done)
        print(f"ok {name}")


def variables(session):
    return "".join(f"{line}\n" for line in session.splitlines() if re.match(r"[A-Z]+=", line))


def commands(session):
    joined = session.replace("\\\n", " ")
    return [
        f"{line} -sS --fail-with-body" for line in joined.splitlines() if line.startswith("curl ")
    ]


if __name__ == "__main__":
    main()
