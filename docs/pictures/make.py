"""Makes the pictures of this folder anew: `just pictures`, or `python3 docs/pictures/make.py [SOCK]`.

Each story is run under `sock trace`, which writes the record and draws it; the page is put together from what is there.
A test of the program draws the records again and runs the programs again, so that nothing here can go stale unnoticed.
"""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# The folder, what is seen there, how many clients.
STORIES = [
    ("d2-udp", "Upper case over UDP", "No connection: a datagram goes to an address, and another one comes back.", 1),
    (
        "d4-tcp",
        "Upper case over TCP",
        "`connect` meets `accept`, one message goes each way, and each `close` sends a FIN. The FIN that the server sends "
        "follows its bytes; the client closes without having asked for it.",
        1,
    ),
    ("d5-chat", "An acknowledging chat", "Question and answer over one connection, until the word that ends it.", 1),
    (
        "d6-reset",
        "An echo whose client tears the connection down",
        "RST instead of FIN: `recv` fails at the server, and why is said beside it. A server that does not catch the error "
        "ends here, and with it everybody else's service.",
        1,
    ),
    (
        "select",
        "A select server and three clients",
        "One thread, three conversations at the same time: whoever has something to say is served, and nobody waits for "
        "somebody who thinks.",
        3,
    ),
]


def trace(sock, folder, clients):
    """Runs one story."""
    names = ["server"] + (["client"] if clients == 1 else [f"client {n + 1}" for n in range(clients)])
    command = [sock, "trace", "-q", "--width", "100"]
    for name in names:
        command += ["--name", name]
    for file in ["record.jsonl", "picture.svg", "picture.txt"]:
        command += ["-o", file]
    for name in names:
        command += ["--", "python3", "server.py" if name == "server" else "client.py"]
    subprocess.run(command, cwd=HERE / folder, check=True)
    # Of the kernel only its version matters to a reader.
    record = HERE / folder / "record.jsonl"
    record.write_text(re.sub(r'("kernel":"\d+\.\d+)[^"]*"', r'\1"', record.read_text(), count=1))


def block(kind, text):
    return f"```{kind}\n{text.rstrip()}\n```\n"


def page():
    """The page, from the files."""
    parts = [
        "# Pictures\n",
        "What `sock trace` draws of the programs of the lectures, drawn by itself: `just pictures` makes this page and "
        "everything on it.\n",
        "Beside each picture are its programs and its record; `sock show record.jsonl` draws that again. Time runs down the "
        "page; a box is a call from its beginning to its end, an arrow goes from a send to the receive that got its bytes.\n",
    ]
    for folder, title, text, clients in STORIES:
        here = HERE / folder
        again = " -- python3 client.py" * clients
        parts += [f"## {title}\n", text + "\n", f"![{title}]({folder}/picture.svg)\n"]
        parts += ["In a terminal:\n", block("text", (here / "picture.txt").read_text())]
        parts += [f"From `sock trace -- python3 server.py{again}` and these programs:\n"]
        for program in ["server.py", "client.py"]:
            parts += [f"[{program}]({folder}/{program})\n", block("python", (here / program).read_text())]
    (HERE / "README.md").write_text("\n".join(parts))


if __name__ == "__main__":
    sock = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "target/release/sock").resolve())
    for folder, _, _, clients in STORIES:
        trace(sock, folder, clients)
    page()
