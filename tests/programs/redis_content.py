"""Fills a redis server with values of many sizes and kinds, reads every one back, saves, reloads, reads again."""

import socket
import sys
import zlib

KEYS = 6000


class Client:
    """Just enough of the protocol (RESP2): commands as arrays of bulk strings, any answer."""

    def __init__(self, path):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(path)
        self.answers = self.connection.makefile("rb")

    def send(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def receive(self):
        line = self.answers.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            return self.answers.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.receive() for _ in range(int(rest))]
        raise SystemExit(f"redis says {line!r}")

    def ask(self, *words):
        self.send(*words)
        return self.receive()


def value(key, generation):
    """The text of a key: 0 bytes to 150 kB, few of them large."""
    size = (key * 37 + generation * 11) % (150000 if key % 100 == 0 else 2000 if key % 10 == 0 else 200)
    piece = b"%d.%d|" % (key, generation)
    return (piece * (size // len(piece) + 1))[:size]


def write_all(client, generation):
    for key in range(KEYS):
        if client.ask("SET", f"text:{key}", value(key, generation)) != b"OK":
            raise SystemExit("SET failed")
        if key % 3 == 0:
            client.ask("APPEND", f"text:{key}", b"+more")
        if key % 20 == 0:
            client.ask("DEL", f"list:{key}", f"hash:{key}", f"set:{key}")
            client.ask("RPUSH", f"list:{key}", *(value(key + i, generation) for i in range(1, 60)))
            client.ask("HSET", f"hash:{key}", *(word for i in range(1, 200) for word in (f"field{i}", value(i, generation))))
            client.ask("ZADD", f"set:{key}", *(word for i in range(1, 300) for word in (i * 7 % 300, f"member {i}")))


def check_all(client, generation):
    for key in range(KEYS):
        expected = value(key, generation) + (b"+more" if key % 3 == 0 else b"")
        if client.ask("GET", f"text:{key}") != expected:
            raise SystemExit(f"text:{key} is wrong")
        if key % 20 == 0:
            if client.ask("LRANGE", f"list:{key}", 0, -1) != [value(key + i, generation) for i in range(1, 60)]:
                raise SystemExit(f"list:{key} is wrong")
            if client.ask("HGET", f"hash:{key}", "field77") != value(77, generation) or client.ask("HLEN", f"hash:{key}") != 199:
                raise SystemExit(f"hash:{key} is wrong")
            members = client.ask("ZRANGE", f"set:{key}", 0, -1)
            if zlib.crc32(b"".join(sorted(members))) != zlib.crc32(b"".join(sorted(b"member %d" % i for i in range(1, 300)))):
                raise SystemExit(f"set:{key} is wrong")


def main():
    client = Client(sys.argv[1])
    for generation in range(2):
        write_all(client, generation)
        check_all(client, generation)
    digest = client.ask("DEBUG", "DIGEST")
    client.ask("DEBUG", "RELOAD")  # saves, empties, loads
    if client.ask("DEBUG", "DIGEST") != digest:
        raise SystemExit("the data changed by saving and loading")
    check_all(client, 1)


main()
