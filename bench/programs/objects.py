"""Memory-heavy Python: dictionaries, JSON, syntax trees, sorting, text. Prints a checksum of all it made."""

import ast
import json
import zlib


def records(count):
    return [{"id": i, "name": f"name {i * 7919 % count}", "tags": [str(i % k) for k in range(2, 9)],
             "nested": {"left": i / 3, "right": [i, [i + 1, [i + 2]]]}} for i in range(count)]


def index_by_name(rows):
    index = {}
    for row in rows:
        index.setdefault(row["name"], []).append(row)
    return index


def syntax_tree(functions):
    source = "\n".join(f"def f{i}(a, b=({i}, [a for a in range({i})])):\n    return {{'k{i}': a + b * {i}, **locals()}}"
                       for i in range(functions))
    return ast.dump(ast.parse(source))


def main():
    checksum = 0
    for turn in range(2):
        rows = records(9000 + turn)
        text = json.dumps(rows, sort_keys=True)
        again = json.loads(text)
        if again != rows:
            raise SystemExit("JSON lost something")
        names = sorted(index_by_name(again), key=lambda name: name[::-1])
        checksum = zlib.crc32("".join(names).encode(), zlib.crc32(text.encode(), checksum))
        checksum = zlib.crc32(syntax_tree(600).encode(), checksum)
        words = text.split('"')
        checksum = zlib.crc32("".join(sorted(set(words))).encode(), checksum)
    print(checksum)


main()
