"""Programs that lose memory of real libraries, on the collector: the same output, and memory stays bounded.

    leaking.py BUILD [NAME...]

Each is a small program that uses a library of Debian's as its manual says, except that it frees nothing, over and over.
It runs as it is and under `freehold run --gc`. One whose library can't be compiled with is skipped, and named.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

# What a program without the collector must lose for the comparison to mean something, and the most of that peak that
# may be left with it.
GROWTH_LEAST_KIB = 30 * 1024
SHARE_MOST = 0.3

HEAD = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
static unsigned long sum;
static void add(const void *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) sum = sum * 31 + ((const unsigned char *)bytes)[i];
}
"""
# Prints what was computed, and on standard error the peak that the kernel saw.
TAIL = """
int main(void) {
  for (int i = 0; i < ROUNDS; i++) round_of(i);
  printf("%lu\\n", sum);
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status) != NULL)
    if (strncmp(line, "VmHWM:", 6) == 0) fputs(line, stderr);
  return 0;
}
"""

# name: rounds, flags for the linker, the program
PROGRAMS = {
    "libxml2": (12000, ["-lxml2", "-I/usr/include/libxml2"], """
#include <libxml/parser.h>
#include <libxml/tree.h>
static void round_of(int i) {
  char text[400];
  int length = snprintf(text, sizeof text, "<list n='%d'><item a='1'>one</item><item>two %d</item><x><y/></x></list>",
                        i, i);
  xmlDocPtr doc = xmlReadMemory(text, length, "x.xml", NULL, 0);
  for (xmlNodePtr node = xmlDocGetRootElement(doc)->children; node != NULL; node = node->next)
    if (node->children != NULL && node->children->content != NULL)
      add(node->children->content, strlen((char *)node->children->content));
}
"""),
    "sqlite": (3000, ["-lsqlite3"], """
#include <sqlite3.h>
static void round_of(int i) {
  sqlite3 *db;
  sqlite3_stmt *statement;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) exit(1);
  sqlite3_exec(db, "create table t(a integer, b text); insert into t values(1,'one'),(2,'two'),(3,'three')", 0, 0, 0);
  if (sqlite3_prepare_v2(db, "select a, b from t where a <> ?", -1, &statement, NULL) != SQLITE_OK) exit(1);
  sqlite3_bind_int(statement, 1, i % 4);
  while (sqlite3_step(statement) == SQLITE_ROW)
    add(sqlite3_column_text(statement, 1), (size_t)sqlite3_column_bytes(statement, 1));
}
"""),
    "zlib": (900, ["-lz"], """
#include <zlib.h>
static void round_of(int i) {
  unsigned char in[2000], out[3000];
  for (size_t j = 0; j < sizeof in; j++) in[j] = (unsigned char)(j / (1 + i % 7));
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  if (deflateInit(&stream, 6) != Z_OK) exit(1);
  stream.next_in = in;
  stream.avail_in = sizeof in;
  stream.next_out = out;
  stream.avail_out = sizeof out;
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) exit(1);
  add(out, stream.total_out);
  memset(&stream, 0, sizeof stream);
}
"""),
    "expat": (24000, ["-lexpat"], """
#include <expat.h>
static void started(void *data, const char *name, const char **attributes) {
  (void)data, (void)attributes;
  add(name, strlen(name));
}
static void round_of(int i) {
  char text[200];
  int length = snprintf(text, sizeof text, "<a x='%d'><b>text</b><c/><d><e f='g'/></d></a>", i);
  XML_Parser parser = XML_ParserCreate(NULL);
  XML_SetStartElementHandler(parser, started);
  if (XML_Parse(parser, text, length, 1) != XML_STATUS_OK) exit(1);
}
"""),
    "jansson": (24000, ["-ljansson"], """
#include <jansson.h>
static void round_of(int i) {
  json_t *object = json_pack("{s:i, s:s, s:[i,i,i,i], s:{s:b}}", "number", i, "text", "a string of some length", "list",
                             1, 2, 3, i, "inner", "flag", i % 2);
  char *text = json_dumps(object, JSON_SORT_KEYS);
  json_t *again = json_loads(text, 0, NULL);
  add(text, strlen(text));
  if (json_equal(object, again) != 1) exit(1);
}
"""),
    "libpng": (1000, ["-lpng"], """
#include <png.h>
static void keep(png_structp png, png_bytep data, png_size_t count) { (void)png; add(data, count); }
static void flush(png_structp png) { (void)png; }
static void round_of(int i) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  png_byte row[64 * 3];
  png_set_write_fn(png, NULL, keep, flush);
  png_set_IHDR(png, info, 64, 8, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (int y = 0; y < 8; y++) {
    memset(row, i + y, sizeof row);
    png_write_row(png, row);
  }
  png_write_end(png, NULL);
}
"""),
    "openssl": (30000, ["-lcrypto"], """
#include <openssl/bn.h>
#include <openssl/evp.h>
static void round_of(int i) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  BIGNUM *number = BN_new();
  if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 || EVP_DigestUpdate(context, &i, sizeof i) != 1 ||
      EVP_DigestFinal_ex(context, digest, &length) != 1) exit(1);
  BN_set_word(number, (BN_ULONG)i);
  BN_lshift(number, number, 4000);
  char *text = BN_bn2hex(number);
  add(digest, length);
  add(text, strlen(text));
}
"""),
    "libyaml": (8000, ["-lyaml"], """
#include <yaml.h>
static void round_of(int i) {
  char text[200];
  int length = snprintf(text, sizeof text, "list:\\n  - one\\n  - two %d\\nmap: {a: b, c: [1, 2, %d]}\\n", i, i);
  yaml_parser_t parser;
  yaml_document_t document;
  if (!yaml_parser_initialize(&parser)) exit(1);
  yaml_parser_set_input_string(&parser, (unsigned char *)text, (size_t)length);
  if (!yaml_parser_load(&parser, &document)) exit(1);
  for (int number = 1; yaml_document_get_node(&document, number) != NULL; number++) {
    yaml_node_t *node = yaml_document_get_node(&document, number);
    if (node->type == YAML_SCALAR_NODE) add(node->data.scalar.value, node->data.scalar.length);
  }
  memset(&parser, 0, sizeof parser);
  memset(&document, 0, sizeof document);
}
"""),
    "bzip2": (900, ["-lbz2"], """
#include <bzlib.h>
static void round_of(int i) {
  char in[5000], out[8000];
  for (size_t j = 0; j < sizeof in; j++) in[j] = (char)(j * (size_t)(1 + i % 5) / 16);
  bz_stream stream;
  memset(&stream, 0, sizeof stream);
  if (BZ2_bzCompressInit(&stream, 9, 0, 0) != BZ_OK) exit(1);
  stream.next_in = in;
  stream.avail_in = sizeof in;
  stream.next_out = out;
  stream.avail_out = sizeof out;
  if (BZ2_bzCompress(&stream, BZ_FINISH) != BZ_STREAM_END) exit(1);
  add(out, stream.total_out_lo32);
  memset(&stream, 0, sizeof stream);
}
"""),
    "liblzma": (120, ["-llzma"], """
#include <lzma.h>
static void round_of(int i) {
  uint8_t in[5000], out[8000];
  for (size_t j = 0; j < sizeof in; j++) in[j] = (uint8_t)(j * (size_t)(1 + i % 5) / 16);
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_easy_encoder(&stream, 1, LZMA_CHECK_CRC32) != LZMA_OK) exit(1);
  stream.next_in = in;
  stream.avail_in = sizeof in;
  stream.next_out = out;
  stream.avail_out = sizeof out;
  if (lzma_code(&stream, LZMA_FINISH) != LZMA_STREAM_END) exit(1);
  add(out, stream.total_out);
  memset(&stream, 0, sizeof stream);
}
"""),
    "regex of libc": (3000, [], """
#include <regex.h>
static void round_of(int i) {
  char pattern[80], subject[80];
  regmatch_t match[3];
  regex_t *regex = malloc(sizeof *regex);
  snprintf(pattern, sizeof pattern, "([a-z]+)%d*([0-9]{1,3}|x)$", i % 10);
  snprintf(subject, sizeof subject, "name%d%d", i % 10, i % 1000);
  if (regcomp(regex, pattern, REG_EXTENDED) != 0) exit(1);
  if (regexec(regex, subject, 3, match, 0) == 0) add(match, sizeof match);
}
"""),
    "strings of libc": (60000, [], """
#include <glob.h>
static void round_of(int i) {
  char *text = NULL, *copy, *memory = NULL;
  size_t bytes = 0;
  if (asprintf(&text, "%d: %0200d", i, i) < 0) exit(1);
  copy = strdup(text);
  FILE *file = open_memstream(&memory, &bytes);
  fprintf(file, "%s %s", copy, text);
  fclose(file);
  add(memory, bytes);
}
"""),
}


def peak(text):
    return int(re.search(r"VmHWM:\s+(\d+) kB", text).group(1))


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: leaking.py BUILD [NAME...]")
    build = pathlib.Path(sys.argv[1]).resolve()
    failed, ran = [], 0
    for name in sys.argv[2:] or PROGRAMS:
        rounds, flags, text = PROGRAMS[name]
        with tempfile.TemporaryDirectory(prefix="freehold-leaking.") as place:
            source, program = pathlib.Path(place) / "program.c", pathlib.Path(place) / "program"
            source.write_text(HEAD + text + TAIL)
            built = subprocess.run(["cc", "-O1", "-g", "-fno-builtin", "-D_GNU_SOURCE", f"-DROUNDS={rounds}", "-o",
                                    program, source, *flags], capture_output=True, text=True)
            if built.returncode != 0:
                print(f"skipped: {name}: {built.stderr.strip().splitlines()[:1]}")
                continue
            plain = subprocess.run([program], capture_output=True, text=True, timeout=120)
            ours = subprocess.run([build / "bin/freehold", "run", "--gc", program], capture_output=True, text=True,
                                  timeout=120)
        ran += 1
        wrong = []
        if plain.returncode != 0 or (plain.returncode, plain.stdout) != (ours.returncode, ours.stdout):
            wrong.append(f"{plain.returncode} {plain.stdout!r} became {ours.returncode} {ours.stdout!r} "
                         f"{ours.stderr[-300:]}")
        else:
            before, after = peak(plain.stderr), peak(ours.stderr)
            print(f"{name}: {before // 1024} MiB, with the collector {after // 1024} MiB")
            if before < GROWTH_LEAST_KIB:
                wrong.append("it loses too little to tell")
            if after > SHARE_MOST * before:
                wrong.append("it is not bounded")
        if wrong:
            failed.append(name)
            print(f"{name}: FAILED: {'; '.join(wrong)}")
    if failed:
        sys.exit("failed: " + ", ".join(failed))
    if ran == 0:
        sys.exit(77)


if __name__ == "__main__":
    main()
