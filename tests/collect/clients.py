"""Unmodified programs that Debian links with bdwgc's library: what do they say with ours?

    clients.py DIRECTORY-OF-OUR-LIBGC [NAME...]

Each runs with the distribution's library and with ours; standard output and exit code must be the same. One that is not
installed is skipped, and named. FREEHOLD_OF_CLIENTS in the environment: the settings of ours.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

GUILE = """
(define (tree d) (if (= d 0) '() (cons (tree (- d 1)) (tree (- d 1)))))
(define (count t) (if (null? t) 1 (+ (count (car t)) (count (cdr t)))))
(define (repeat n s) (if (= n 0) s (repeat (- n 1) (+ s (count (tree 12))))))
(display (repeat 60 0)) (newline)
(define h (make-hash-table))
(do ((i 0 (+ i 1))) ((= i 100000)) (hash-set! h i (number->string i)))
(display (hash-ref h 77777)) (newline)
(define w (make-weak-key-hash-table))
(do ((i 0 (+ i 1))) ((= i 20000)) (hash-set! w (list i) i))
(gc) (gc)
(display (< (hash-fold (lambda (k v s) (+ s 1)) 0 w) 2000)) (newline)
(define g (make-guardian))
(do ((i 0 (+ i 1))) ((= i 100)) (g (list i)))
(gc) (gc)
(display (pair? (g))) (newline)
(use-modules (ice-9 threads))
(display (apply + (par-map (lambda (n) (count (tree 10))) (iota 20)))) (newline)
(display (string-length (call-with-output-string (lambda (p) (do ((i 0 (+ i 1))) ((= i 30000)) (write (list i 'x "y") p))))))
"""

ECL = """
(defun tree (d) (if (= d 0) nil (cons (tree (- d 1)) (tree (- d 1)))))
(defun leaves (x) (if (null x) 1 (+ (leaves (car x)) (leaves (cdr x)))))
(print (loop repeat 10 sum (leaves (tree 13))))
(let ((h (make-hash-table :test 'equal)))
  (dotimes (i 30000) (setf (gethash (format nil "~a" i) h) i))
  (print (hash-table-count h)) (print (gethash "777" h)))
(print (length (loop for i below 100000 collect (list i i))))
(print (reduce #'+ (mapcar (lambda (x) (* x x)) (loop for i below 1000 collect i))))
(print (/ (expt 3 500) (expt 2 300)))
"""

STALIN = """
(define (fibonacci n) (if (< n 2) n (+ (fibonacci (- n 1)) (fibonacci (- n 2)))))
(define (repeat n l) (if (zero? n) l (repeat (- n 1) (cons (fibonacci 10) l))))
(display (length (repeat 50000 '()))) (newline)
"""

NEKO = """
make = function(depth) { return if (depth == 0) null else $array(make(depth - 1), make(depth - 1)); };
count = function(tree) { return if (tree == null) 1 else count(tree[0]) + count(tree[1]); };
var sum = 0;
var i = 0;
while (i < 20) { sum = sum + count(make(13)); i = i + 1; }
$print(sum, "\\n");
var text = "";
i = 0;
while (i < 3000) { text = text + i; i = i + 1; }
$print($ssize(text), "\\n");
"""

NIX = """
let fibonacci = n: if n < 2 then n else fibonacci (n - 1) + fibonacci (n - 2);
    numbers = builtins.genList (x: { name = toString x; value = x; }) 100000;
in [ (fibonacci 20) (builtins.length (builtins.attrNames (builtins.listToAttrs numbers)))
     (builtins.foldl' (a: b: a + b.value) 0 numbers) ]
"""

HTML = "<html><body>" + "".join(
    f"<h2>Table {i}</h2><table border=1>"
    + "".join(f"<tr><td>cell {j}</td><td><a href=x{j}>link {i * j}</a></td></tr>" for j in range(150))
    + "</table>" for i in range(30)) + "</body></html>"

POKE = """
var numbers = [1,2,3];
var i = 0;
var sum = 0;
while (i < 20000) { var pair = [i, i + 1]; sum = sum + pair[1]; i = i + 1; }
printf ("%i32d\\n", sum);
"""


def file(directory, name, text):
    (directory / name).write_text(text)
    return name


def neko(directory):
    file(directory, "trees.neko", NEKO)
    subprocess.run(["nekoc", "trees.neko"], cwd=directory, check=True, capture_output=True)
    return ["neko", "trees"]


# What each runs, in a directory of its own.
CLIENTS = {
    "guile": lambda d: ["guile", "--no-auto-compile", file(d, "trees.scm", GUILE)],
    "ecl": lambda d: ["ecl", "--norc", "--shell", file(d, "trees.lisp", ECL)],
    "stalin": lambda d: ["sh", "-c", f"stalin -I /usr/lib/stalin/include -On -c -architecture amd64 "
                                     f"{pathlib.Path(file(d, 'fibonacci.sc', STALIN)).stem} && cksum fibonacci.c"],
    "neko": neko,
    "nix-instantiate": lambda d: ["nix-instantiate", "--store", f"{d}/store", "--eval", "--strict", "-E", NIX],
    "w3m": lambda d: ["w3m", "-dump", file(d, "tables.html", HTML)],
    "poke": lambda d: ["poke", "--quiet", "--color=no", "-L", file(d, "numbers.pk", POKE)],
}


def run(command, directory, library):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GC_", "FREEHOLD"))}
    environment.update(HOME=str(directory), LC_ALL="C", TERM="dumb")
    if library is not None:
        environment["LD_LIBRARY_PATH"] = str(library)
        environment["FREEHOLD"] = os.environ.get("FREEHOLD_OF_CLIENTS", "collect_every=1M")
    result = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                            timeout=120)
    return result.returncode, result.stdout, result.stderr


def main():
    if len(sys.argv) < 2 or not (pathlib.Path(sys.argv[1]) / "libgc.so.1").exists():
        sys.exit("usage: clients.py DIRECTORY-OF-LIBGC [NAME...]")
    library = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:] or list(CLIENTS)
    failed, ran = [], 0
    for name in wanted:
        if shutil.which(name) is None:
            print(f"skipped: {name} is not installed")
            continue
        with tempfile.TemporaryDirectory(prefix="freehold-client.") as place:
            directory = pathlib.Path(place)
            command = CLIENTS[name](directory)
            theirs = run(command, directory, None)
            ours = run(command, directory, library)
        ran += 1
        same = theirs[:2] == ours[:2]
        good = same and theirs[0] == 0 and len(theirs[1]) > 0
        print(f"{name}: {'the same, ' + str(len(ours[1])) + ' bytes' if good else 'FAILED'}")
        if not good:
            failed.append(name)
            for title, result in (("distribution's", theirs), ("ours", ours)):
                print(f"  {title}: exit code {result[0]}, {len(result[1])} bytes; {result[1][-300:]!r} {result[2][-300:]!r}")
    if failed:
        sys.exit("failed: " + ", ".join(failed))
    if ran == 0:
        sys.exit(77)


if __name__ == "__main__":
    main()
