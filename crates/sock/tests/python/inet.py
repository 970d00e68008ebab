"""Judges addresses: a line is a call and its argument in hex, the answer is hex, text or refused."""
import socket
import sys

CALLS = {
    "aton": lambda raw: socket.inet_aton(raw.decode()).hex(),
    "pton4": lambda raw: socket.inet_pton(socket.AF_INET, raw.decode()).hex(),
    "pton6": lambda raw: socket.inet_pton(socket.AF_INET6, raw.decode()).hex(),
    "ntop6": lambda raw: socket.inet_ntop(socket.AF_INET6, raw),
}

answers = []
for line in sys.stdin.read().split("\n"):
    call, _, argument = line.partition(" ")
    try:
        answers.append(CALLS[call](bytes.fromhex(argument)))
    except OSError:
        answers.append("refused")
print("\n".join(answers))
