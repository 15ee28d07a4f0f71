"""The programs that silence.py runs: clean programs of the distribution at real work.

`setup` prepares an empty directory, without the checker; `command` is run in it. Both are lines for sh. What counts is
what `command` prints, its exit status and the files it names in `files`.
"""

import dataclasses


@dataclasses.dataclass
class Program:
    name: str
    needs: str  # the commands it calls, for skipping what isn't installed
    command: str
    setup: str = ""
    files: str = ""  # names of files to compare, blanks between
    timeout: int = 300


WORDS = """/usr/bin/awk 'BEGIN { for (i = 0; i < 6000; i++) printf "%d word%d line %d of a text\\n", i * 7919 % 10007, i % 97, i }' \
>words
sort words >sorted
"""
TREE = """mkdir tree && for d in a b c d; do mkdir tree/$d; for f in 1 2 3 4 5 6; do seq $f 400 >tree/$d/$f.txt; done; done
find tree -exec touch -d 2024-01-02T03:04:05Z {} +
"""
C_SOURCE = """cat >part.h <<'C'
int length(const char *text);
C
cat >part.c <<'C'
#include "part.h"
#include <string.h>
int length(const char *text) { return (int)strlen(text); }
C
cat >main.c <<'C'
#include "part.h"
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **words) {
  int total = 0;
  for (int i = 0; i < count; i++) total += i > 0 ? length(words[i]) : 3;
  printf("%d\\n", total);
  return total == 3 ? 0 : 1;
}
C
"""
CXX_SOURCE = """cat >main.cc <<'C'
#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>
int main() {
  std::map<std::string, std::vector<int>> table;
  for (int i = 0; i < 100; i++) table[std::to_string(i % 7)].push_back(i);
  for (auto &[key, values] : table) std::cout << key << ' ' << *std::max_element(values.begin(), values.end()) << '\\n';
}
C
"""
XML = "{ echo '<rows>'; seq 1 3000 | sed 's,.*,<row id=\"&\" class=\"c\"><name>n &</name><!-- note --><e/></row>,'; " \
      "echo '</rows>'; } >rows.xml\n"

PROGRAMS = [
    # Shells
    Program("dash", "dash", "dash script", """cat >script <<'S'
set -u
i=0 text=
while [ $i -lt 3000 ]; do i=$((i + 1)); text="$text,$i"; case $i in *00) text=${text#*,};; esac; done
count() { local n=$1; [ "$n" -le 0 ] || count $((n - 1)); echo "$n"; }
count 40 | tail -n 1; (echo "${#text}"; exit 3) || echo $?
for f in *; do [ -f "$f" ] && echo "$f"; done
cat <<END
$(echo nested "$(echo deeper)")
END
S"""),
    Program("bash", "bash", "bash script", """cat >script <<'S'
declare -A map
for i in {1..3000}; do map["key $i"]=$((i * 7)); text+="$i,"; done
sum=0
for key in "${!map[@]}"; do ((sum += map[$key])); done
for i in {1..20}; do part=$(echo "$text" | cut -d, -f"$i"); parts+=("$part"); done
(echo "subshell ${parts[*]}") | tr ' ' '\\n' | sort -n | tail -1
[[ $text =~ ([0-9]+),77, ]] && echo "${BASH_REMATCH[1]}"
printf '%s %q %05d\\n' "$sum" "a b" 42; mapfile -t lines <script; echo "${#lines[@]} ${#text} ${text//1/one}"
S"""),
    # The core of a system
    Program("sort", "sort", "sort -k2,2 -k1n words | sort -u -r -n && sort -S 64k -T . words | tail -n 2", WORDS),
    Program("uniq_join_comm", "uniq join comm", "cut -d' ' -f2 words | sort | uniq -c; join sorted sorted | head -n 50; "
            "comm -12 sorted sorted | wc", WORDS),
    Program("tsort", "tsort", "seq 1 2000 | awk '{ print $1, $1 + 1; print $1, $1 * 2 }' | tsort | head -n 20 | sort", ""),
    Program("checksums", "cksum md5sum sha256sum b2sum base64 od", "cksum words; md5sum words; sha256sum words; b2sum words; "
            "base64 words | base64 -d | cmp - words; od -A d -t x1z words | tail -n 20", WORDS),
    Program("text_tools", "cut tr paste fold fmt nl pr expand tac shuf split csplit", "tac words | nl | cut -c1-30 | paste - - "
            "| expand | fold -w 40 | fmt -w 60 | pr -2 | tail -n 40; shuf --random-source=words -n 20 words; "
            "split -n 5 words piece.; wc piece.*; csplit -s words 100 200; wc -l xx*", WORDS),
    Program("file_tools", "ls cp mv rm ln stat du", "cp -a tree copy; ls -lR --time-style=+%F tree | sed 's/ [^ ]* root.*//' | "
            "wc -l; mv copy/a copy/z; ln -s z copy/link; rm -r copy/b; ls -R copy; stat -c '%s %n' tree/a/*; dd if=tree/a/1.txt "
            "bs=7 count=20 status=none; touch -r tree copy; test tree -ef tree && realpath --relative-to=. copy/link", TREE),
    Program("sed", "sed", "sed -E -e 's/([0-9]+) (word)([0-9]+)/\\3-\\2-\\1/g;/7$/{N;s/\\n/ + /;P;D}' -e '1~100!b;y/abc/ABC/' "
            "words; sed -n '$!{h;d};H;x;l' words; sed -i.old 's/line/LINE/' words; tail -n 1 words", WORDS, "words words.old"),
    Program("mawk", "mawk", "mawk '{ count[$2]++; sum[$2] += $1; text = text substr($0, 1, 3) } END { for (k in count) print k, "
            "count[k], sum[k] | \"sort\"; close(\"sort\"); n = split(text, parts, /[0-9]/); print n, toupper(text) }' words", WORDS),
    Program("gawk", "gawk", "gawk '{ a[$2][$1]++ } END { PROCINFO[\"sorted_in\"] = \"@ind_str_asc\"; for (i in a) print i, "
            "length(a[i]); print gensub(/(o+)/, \"<\\\\1>\", \"g\", $0), strftime(\"%F\", 86400, 1) }' words", WORDS),
    Program("grep", "grep", "grep -c 'word1' words; grep -E '^(12|34).*[37]$' words; grep -n -i -w 'LINE 9[0-9]*' words | tail; "
            "grep -rl 399 tree | sort; grep -F -f sorted words | tail -n 1; grep -o 'd[0-9]*' words | tail -n 5; "
            "grep -E '(.)\\1\\1' words | tail -n 3", WORDS + TREE),
    Program("grep_perl", "grep", "grep -P '(?<=word)(\\d)\\1 (?!line 9)' words", WORDS),
    Program("find_xargs", "find xargs", "find tree -type f -name '[1-4].txt' -size -3 -print | sort; find tree -type f -print0 | "
            "sort -z | xargs -0 -n 3 wc -c; find tree -newermt 2020-01-01 -exec ls -d {} + | sort | tail -n 3", TREE),
    Program("diff_patch", "diff patch diff3 cmp", "diff -u --label a --label b words changed >p; patch -s -o result words p && cmp result changed; "
            "diff -y -W 60 words changed | tail -n 5; diff -r tree tree2; diff3 -m words sorted words | wc; sed '/word9/d' words | "
            "diff --ed words - | wc", WORDS + TREE + "sed 's/word5/WORD5/;/word77/d' words >changed; cp -r tree tree2; "
            "echo more >>tree2/b/3.txt\n", "p result"),
    Program("ed", "ed", "printf 'g/word7/s/line/LINE/\\n1,5m$\\n/word50/\\n.t0\\nw out\\nq\\n' | ed -s words", WORDS, "out"),
    Program("util_linux", "column hexdump look rev", "column -t words | tail -n 20; hexdump -C words | tail -n 10; rev words | "
            "tail -n 2; look 99 sorted; getopt -o ab: -l long -- -a -b x --long y", WORDS),
    # Archives and compression
    Program("tar", "tar", "tar --sort=name --owner=0 --group=0 -cf t.tar tree && tar -tvf t.tar --utc | wc && mkdir x && "
            "tar -xf t.tar -C x && diff -r tree x/tree && tar -czf t.tgz tree && tar -tzf t.tgz | sort", TREE, "t.tar"),
    Program("cpio", "cpio", "find tree | sort | cpio -o -H newc --quiet --reproducible | cpio -it --quiet; find tree | "
            "cpio -pd --quiet copy && diff -r tree copy/tree", TREE),
    Program("zip", "zip unzip", "zip -q -X -r t.zip tree && unzip -l t.zip | wc -l && unzip -q t.zip -d x && diff -r tree x/tree", TREE),
    Program("gzip", "gzip", "gzip -9nk words && gzip -dc words.gz | cmp - words && gzip -lv words.gz | wc && zgrep -c word words.gz",
            WORDS, "words.gz"),
    Program("bzip2", "bzip2", "bzip2 -k words && bzip2 -dc words.bz2 | cmp - words && bzip2 -tv words.bz2", WORDS, "words.bz2"),
    Program("xz", "xz", "xz -k -T1 words && xz -dc words.xz | cmp - words; xz -k -T2 --block-size=20KiB -c sorted | xz -d | cmp - sorted; "
            "xz -l words.xz | wc", WORDS, "words.xz"),
    Program("zstd", "zstd", "zstd -q -k -19 words && zstd -dcq words.zst | cmp - words; zstd -q -T2 -c sorted | zstd -dq | cmp - sorted; "
            "zstd -q --train tree/*/* -o dictionary && test -s dictionary", WORDS + TREE, "words.zst"),
    Program("lz4_brotli", "lz4 brotli", "lz4 -q words w.lz4 && lz4 -dqc w.lz4 | cmp - words; brotli -k words && brotli -dc words.br | "
            "cmp - words", WORDS, "w.lz4 words.br"),
    # Version control, data, servers
    Program("git", "git", """git init -q . && git add -A && git commit -qm first && sed -i 's/word5/WORD5/' words && git commit -qam second &&
git checkout -q -b side HEAD~1 && echo more >>sorted && git commit -qam side && git merge -q -m merged master &&
git log --graph --stat --format='%h %s' && git blame -s words | tail -n 3 && git gc -q --prune=now && git fsck --strict &&
git clone -q . copy && git -C copy log --oneline && git diff HEAD~1 --stat && git grep -c WORD5 && git archive HEAD | cksum &&
git rev-parse HEAD""", WORDS + "git config --global init.defaultBranch master\n"),
    Program("sqlite3", "sqlite3", "sqlite3 -batch data.db <script && sqlite3 data.db .dump | sha256sum", """cat >script <<'S'
CREATE TABLE item(id INTEGER PRIMARY KEY, place TEXT, amount INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO item SELECT i, 'place ' || (i * 7919 % 1007), i * 104729 % 10003 FROM n;
CREATE INDEX by_place ON item(place, amount);
DELETE FROM item WHERE id % 3 = 0;
SELECT place, count(*), sum(amount), group_concat(id) FROM item GROUP BY place ORDER BY 3 DESC LIMIT 20;
CREATE VIRTUAL TABLE text USING fts5(body);
INSERT INTO text SELECT place || ' common' FROM item;
SELECT count(*) FROM text WHERE text MATCH 'place AND common';
SELECT json_group_array(json_object('id', id)) FROM (SELECT id FROM item LIMIT 50);
VACUUM; PRAGMA integrity_check;
S"""),
    Program("redis", "redis-server redis-cli redis-benchmark", """redis-server --port 0 --unixsocket ./s --save '' --dir . --logfile log &
until redis-cli -s ./s ping 2>/dev/null | grep -q PONG; do sleep 0.1; done
redis-benchmark -q -s ./s -n 2000 -r 1000 -d 100 -c 10 -P 4 -t set,get,lpush,rpop,sadd,hset,zadd,mset >/dev/null || echo failed
redis-cli -s ./s flushall
for i in $(seq 1 30); do redis-cli -s ./s set key:$i value:$i >/dev/null; redis-cli -s ./s rpush list $i >/dev/null; done
redis-cli -s ./s lrange list 0 -1; redis-cli -s ./s dbsize; redis-cli -s ./s save; redis-cli -s ./s shutdown nosave; wait""", timeout=240),
    Program("nginx", "nginx curl", """nginx -c "$PWD/conf" -e "$PWD/error.log" &
for i in $(seq 100); do curl -s --unix-socket s http://x/words >/dev/null && break; sleep 0.1; done
for i in 1 2 3 4 5 6; do
  curl -s --unix-socket s --compressed http://x/words | cksum; curl -s --unix-socket s http://x/through/sorted | cksum
  curl -s --unix-socket s -o /dev/null -w '%{http_code}\\n' http://x/none
done
kill -QUIT $(cat pid); wait; cat error.log | grep -c -E 'alert|emerg'; echo ended""", WORDS + """cat >conf <<C
$([ "$(id -u)" -ne 0 ] || echo 'user root;')
worker_processes 2; daemon off; pid $PWD/pid; error_log $PWD/error.log warn;
events { worker_connections 64; }
http {
  access_log off; gzip on; gzip_types text/plain; default_type text/plain;
  client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2; fastcgi_temp_path $PWD/t3; uwsgi_temp_path $PWD/t4; scgi_temp_path $PWD/t5;
  server { listen unix:$PWD/s; root $PWD; location /through/ { proxy_pass http://unix:$PWD/s:/; } }
}
C"""),
    Program("curl", "curl", "curl -s file://$PWD/words | cksum; curl -s -r 100-200 file://$PWD/words; curl -s file://$PWD/none; "
            "echo $?; curl -sI file://$PWD/words | grep Length", WORDS),
    # Languages
    Program("python3", "/usr/bin/python3", "/usr/bin/python3 script.py", """cat >script.py <<'S'
import collections, ctypes, decimal, hashlib, json, re, sqlite3, subprocess, threading, zlib
rows = [{"id": i, "name": f"row {i * 7919 % 10003}", "tags": [str(i % k) for k in range(2, 8)]} for i in range(4000)]
text = json.dumps(rows, sort_keys=True)
again = sorted(json.loads(text), key=lambda row: (row["name"], row["id"]))
print(len(text), hashlib.sha256(repr(again).encode()).hexdigest(), zlib.crc32(zlib.compress(text.encode())))
print(sum(1 for _ in re.finditer(r'"name": "row (\\d+)"', text)), decimal.Decimal(2).sqrt())
database = sqlite3.connect(":memory:")
database.execute("create table t(a, b)")
database.executemany("insert into t values(?, ?)", ((row["id"], row["name"]) for row in rows))
print(database.execute("select count(distinct b), max(a) from t").fetchone())
totals = collections.Counter()
lock = threading.Lock()
def work(part):
    for row in part:
        with lock:
            totals.update(row["tags"])
threads = [threading.Thread(target=work, args=(rows[i::4],)) for i in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sorted(totals.items()), subprocess.run(["echo", "child"], capture_output=True).stdout, ctypes.sizeof(ctypes.c_long))
S"""),
    Program("python3_malloc", "/usr/bin/python3", "PYTHONMALLOC=malloc /usr/bin/python3 -c 'import json, sys\n"
            "print(len(json.dumps([list(range(i)) for i in range(300)])), sys.version_info[0])'"),
    Program("perl", "perl", "perl script.pl words", WORDS + """cat >script.pl <<'S'
use strict; use warnings; use List::Util qw(sum max); use Digest::SHA qw(sha256_hex); use POSIX qw(floor);
my (%count, @lines);
while (my $line = <>) { chomp $line; $count{$1} .= ",$2" while $line =~ /(word\\d+) line (\\d+)/g; push @lines, [split ' ', $line]; }
my @sorted = sort { $a->[0] <=> $b->[0] || $a->[1] cmp $b->[1] } @lines;
print sha256_hex(join '|', map { join ' ', @$_ } @sorted), ' ', sum(map { length } values %count), ' ', floor(3.7), "\\n";
my $text = join '', map { chr(97 + $_ % 26) } 0 .. 5000; (my $copy = $text) =~ s/([aeiou])/uc $1/ge;
print substr($copy, 0, 30), sprintf('%05.2f', 3.14159), eval { die { code => 7 } } // $@->{code}, "\\n"; local $_ = `echo child`; print;
S"""),
    Program("lua", "lua5.4", "lua5.4 script.lua", """cat >script.lua <<'S'
local t, text = {}, {}
for i = 1, 20000 do t[i] = {i, tostring(i), (i * 7919) % 10007}; if i % 3 == 0 then t[i // 3] = nil end end
for _, v in pairs(t) do text[#text + 1] = v[2] end
table.sort(text)
local joined = table.concat(text, ","):gsub("%d+", function(n) return n % 2 == 0 and "e" or "o" end)
local co = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(string.rep("x", i)) end end)
local sum = 0
for _ = 1, 100 do sum = sum + #co() end
print(#joined, sum, string.format("%q %5.2f", "a\\nb", 3.14159), pcall(error, {1}) == false, select("#", table.unpack(text, 1, 50)))
collectgarbage()
S"""),
    Program("ruby", "ruby", "ruby --disable-gems script.rb", """cat >script.rb <<'S'
rows = (0...4000).map { |i| { id: i, name: "row #{i * 7919 % 10003}" } }
groups = rows.group_by { |row| row[:name][-1] }
puts groups.transform_values(&:size).sort.inspect, rows.map { |row| row[:name] }.join.gsub(/(\\d)0/) { $1 * 2 }.size
puts Thread.new { rows.sum { |row| row[:id] } }.value, 2**200, `echo child`
GC.start
S"""),
    Program("php", "php", "php -n script.php", """cat >script.php <<'S'
<?php
$rows = []; for ($i = 0; $i < 5000; $i++) $rows["k" . ($i * 7919 % 10007)] = [$i, str_repeat("x", $i % 40)];
ksort($rows); echo md5(serialize($rows)), ' ', strlen(json_encode($rows)), ' ', preg_match_all('/x+/', implode(' ', array_column($rows, 1))), "\\n";
$f = fn(int $n) => array_sum(array_map(fn($r) => $r[0] % $n, $rows)); echo $f(7), "\\n";
S"""),
    Program("node", "node", "node script.js", """cat >script.js <<'S'
const rows = Array.from({length: 5000}, (_, i) => ({id: i, name: `row ${i * 7919 % 10003}`}));
const text = JSON.stringify(rows);
console.log(text.length, require('crypto').createHash('sha256').update(text).digest('hex'));
console.log(require('zlib').gunzipSync(require('zlib').gzipSync(text)).length, [...text.matchAll(/row (\\d)7/g)].length);
S""", timeout=240),
    Program("tcl", "tclsh", "tclsh script.tcl", """cat >script.tcl <<'S'
for {set i 0} {$i < 5000} {incr i} { dict lappend groups [expr {$i * 7919 % 101}] $i; append text "$i," }
set sum 0
dict for {key values} $groups { incr sum [llength [lsort -integer -decreasing $values]] }
puts "$sum [string length [regsub -all {(\\d)7} $text {<\\1>}]] [format %05.2f 3.14159] [catch {error oops} message] $message"
S"""),
    Program("m4", "m4", "m4 script.m4", """cat >script.m4 <<'S'
define(`forloop', `pushdef(`$1', `$2')_forloop($@)popdef(`$1')')
define(`_forloop', `$4`'ifelse($1, `$3', `', `define(`$1', incr($1))$0($@)')')
forloop(`i', 1, 300, `define(`name'i, `value 'i)eval(i * i) ')
patsubst(defn(`name77'), `[0-9]', `<\\&>') translit(`abc', `a-c', `x-z') divert(1)later divert(0)now
S"""),
    Program("bc_dc", "bc dc", "printf '%s\\n' 'scale = 200; 4 * a(1)' 'define f(n) { if (n < 2) return (n); return (f(n - 1) + f(n - 2)); }' 'f(14); "
            "2^500' | bc -l; echo '200k 2v p [la1+dsa100>b]sb 0sa lbx la p 16o 123456789 p' | dc"),
    Program("jq", "jq", "jq -c '[.[] | select(.id % 7 == 3) | {id, up: (.name | ascii_upcase | gsub(\"[0-4]\"; \"x\"))}] | group_by(.id % 5) | "
            "map(length, .[0])' rows.json; jq -r '.[] | [.id, .name] | @csv' rows.json | tail -n 3; seq 500 | jq -s 'add, (map(. * .) | @json | length)'",
            "awk 'BEGIN { printf \"[\"; for (i = 0; i < 2000; i++) printf \"%s{\\\"id\\\":%d,\\\"name\\\":\\\"row %d\\\"}\", (i ? \",\" : \"\"), i, "
            "i * 7919 % 10003; print \"]\" }' >rows.json\n"),
    Program("xmllint", "xmllint", "xmllint --format rows.xml | tail -n 3; xmllint --xpath 'sum(//row[@id mod 7 = 3]/@id)' rows.xml; "
            "xmllint --c14n rows.xml | cksum; head -c 5000 rows.xml | xmllint --noout - ; echo $?", XML),
    Program("xsltproc", "xsltproc", "xsltproc style.xsl rows.xml | cksum", XML + """cat >style.xsl <<'S'
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><out>
<xsl:for-each select="//row"><xsl:sort select="name" order="descending"/><r><xsl:value-of select="concat(@id, '-', name)"/></r></xsl:for-each>
</out></xsl:template></xsl:stylesheet>
S"""),
    # Building
    Program("gcc", "gcc", "gcc -O2 -g -c main.c && gcc -O2 -c part.c && gcc main.o part.o -o prog && ./prog; echo $?; "
            "gcc -O1 -S main.c -o - | grep -c call; gcc -E main.c | wc -l", C_SOURCE),
    Program("gxx", "g++", "g++ -std=c++17 -O1 main.cc -o prog && ./prog", CXX_SOURCE, timeout=240),
    Program("clang", "clang", "clang -O2 -c main.c -o main.o && clang -O2 part.c main.o -o prog && ./prog; echo $?; "
            "clang -O1 -S -emit-llvm part.c -o - | grep -c define", C_SOURCE, timeout=240),
    Program("binutils", "ld objdump nm readelf ar strip as", "nm main.o; objdump -d main.o | tail -n 20; readelf -Ws main.o | tail -n 3; "
            "ar Drcs lib.a part.o main.o && ar t lib.a; ld -r main.o part.o -o both.o && size both.o; strip -g main.o; "
            "objcopy -O binary part.o raw && cksum raw; strings -n 3 both.o | head -n 5", C_SOURCE + "gcc -g -c main.c part.c\n", "lib.a both.o"),
    Program("make", "make", "make -j2 -s all; make -s all; make -s -n clean; make -p -q 2>/dev/null | grep -c '^[a-z].*:'", """cat >Makefile <<'M'
names := $(shell seq 1 60)
all: $(names:%=out.%)
	@cat $^ | cksum
out.%: | dir
	@echo $* $(words $(names)) $(patsubst 1%,one%,$*) >$@
dir: ; @mkdir -p $@
clean: ; rm -f out.*
.PHONY: all clean
M"""),
    Program("cmake", "cmake make", "cmake -S . -B out >log && tail -n 1 log | cut -c1-20 && cmake --build out >log && out/prog; echo $?",
            C_SOURCE + "echo 'cmake_minimum_required(VERSION 3.16)\nproject(p C)\nadd_executable(prog main.c part.c)' >CMakeLists.txt\n",
            timeout=240),
    Program("bison_flex", "bison flex", "bison -d -o g.c g.y && flex -o l.c l.l && wc -l g.h && grep -c yy g.c l.c", """cat >g.y <<'Y'
%token NUMBER
%left '+' '-'
%left '*' '/'
%%
list: | list expression '\\n' { printf("%d\\n", $2); } ;
expression: NUMBER | expression '+' expression { $$ = $1 + $3; } | expression '*' expression { $$ = $1 * $3; } | '(' expression ')' { $$ = $2; } ;
%%
Y
cat >l.l <<'L'
%option noyywrap
%%
[0-9]+(\\.[0-9]+)?  return 1;
"if"|"else"|"while" return 2;
[ \\t]+ ;
.|\\n return yytext[0];
%%
L"""),
    # Where the words on the stack begin depends on the environment, and the checker is in it.
    Program("gdb", "gdb", "gdb -nx -batch -ex 'break length' -ex run -ex bt -ex 'info locals' -ex 'print *text@5' -ex 'p sizeof(long)' "
            "-ex 'info line main' -ex kill --args ./prog hello 2>&1 | grep -v -i -E 'libthread|debuginfod|warning|process' | sed 's/=0x7ff[0-9a-f]*/=STACK/'",
            C_SOURCE + "gcc -g main.c part.c -o prog\n", timeout=240),
    # Editors, text, pictures
    Program("vim", "vim", "vim -u NONE -N -n -i NONE -e -s words <commands; echo $?", WORDS +
            "printf '%s\\n' '%s/\\(\\d\\)\\(\\d\\)/\\2-\\1/g' 'g/7/t$' 'sort! n' '1,200!tac' 'w! edited' 'qa!' >commands\n", "edited"),
    Program("groff", "groff", "groff -Tutf8 -man page.1 | cksum; groff -Tps -man -P-pa4 page.1 | grep -v -i date | cksum; "
            "nroff -man page.1 | wc", """{ echo '.TH PAGE 1'; echo '.SH NAME'; echo 'page \\- a page'; for i in $(seq 300); do echo .PP; \
printf '%s\\n' "A paragraph number $i with \\\\fBbold\\\\fR words, long enough to be broken into lines by the formatter when it sets it."; done; } >page.1"""),
    Program("graphviz", "dot", "dot -Tplain graph | cksum; dot -Tsvg graph | grep -c '<g '", "{ echo 'digraph g {'; seq 1 60 | awk '{ print $1 "
            "\" -> \" $1 * 2 \";\"; print $1 \" -> \" $1 + 7 \";\" }'; echo '}'; } >graph\n"),
    Program("gnuplot", "gnuplot", "gnuplot -e \"set terminal dumb 70 20; plot [0:6] sin(x), 'data' with lines\"; "
            "gnuplot -e \"set terminal svg; plot 'data' smooth csplines\" | grep -c path", "seq 1 200 | awk '{ print $1 / 40, $1 % 17 / 17 }' >data\n"),
    Program("imagemagick", "convert identify", "convert -size 200x150 gradient:red-blue -rotate 17 -blur 0x3 -resize 60% -depth 8 out.ppm && "
            "identify -format '%w %h %k\\n' out.ppm; convert out.ppm -colors 16 -strip out.gif && identify -format '%m %w\\n' out.gif; "
            "convert -version | head -c 20", "", "out.ppm"),
    # The rest of a system
    Program("openssl", "openssl", "openssl dgst -sha3-256 words; openssl enc -aes-256-ctr -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff "
            "-iv 000102030405060708090a0b0c0d0e0f -in words | cksum; openssl genrsa -out key 1024 2>/dev/null && openssl req -new -x509 -key key -subj "
            "/CN=x -days 3 -out cert && openssl verify -CAfile cert cert && openssl x509 -in cert -noout -subject && openssl base64 -in words | tail -n 1; "
            "openssl prime -generate -bits 64 | wc -l", WORDS),
    Program("ssh_keygen", "ssh-keygen", "ssh-keygen -q -t ed25519 -N '' -C me -f key && ssh-keygen -y -f key | cut -d' ' -f1 && ssh-keygen -q -t rsa -b 1024 -N "
            "secret -f rsa && ssh-keygen -q -p -P secret -N other -f rsa && ssh-keygen -lf rsa | cut -d' ' -f1,3-; echo hello | ssh-keygen -q -Y sign -f "
            "key -n file | head -n 1"),
    Program("rsync", "rsync", "rsync -a tree/ copy && echo changed >>tree/a/1.txt && rm tree/b/2.txt && rsync -a --delete -i -c tree/ copy | sort; "
            "diff -r tree copy && rsync -an --stats tree/ copy | head -n 3", TREE),
    Program("file", "file", "file -b words tree main.c /bin/true rows.xml | cut -c1-30; file --mime-type words main.c rows.xml", WORDS + TREE + C_SOURCE + XML),
    Program("datamash", "datamash", "datamash -W -s groupby 2 count 1 sum 1 median 1 pstdev 3 <numbers; datamash -W transpose <numbers | cut -c1-50",
            "seq 1 2000 | awk '{ print $1, $1 % 13, $1 * 7919 % 1007 }' >numbers\n"),
    Program("systeminfo", "ps env date id", "date -u -d @86400 +%F-%T; env -i A=1 B=2 env; ps -o pid= -p 1; printf '%08.3f %s\\n' 3.14159 text; expr 17 '*' 23; "
            "factor 1234567890123 97; numfmt --to=iec 123456789; seq -f %03g 1 3 20 | tr '\\n' ' '"),
]
