#include "record/report.h"

static const struct kind {
  const char *id, *what, *advice;
  unsigned cwe;
} kinds[] = {
#define REPORT_KIND(name, id, cwe, what, advice) [FH_REPORT_##name] = {id, what, advice, cwe},
#include "record/report_kinds.def"
#undef REPORT_KIND
};

static const struct kind *kind_at(uint32_t kind) {
  static const struct kind unknown = {"unknown", "an error of a kind this version doesn't know", "", 0};
  return kind < FH_REPORT_KINDS ? &kinds[kind] : &unknown;
}

const char *fh_report_kind_id(uint32_t kind) {
  return kind_at(kind)->id;
}
const char *fh_report_kind_what(uint32_t kind) {
  return kind_at(kind)->what;
}
const char *fh_report_kind_advice(uint32_t kind) {
  return kind_at(kind)->advice;
}
unsigned fh_report_kind_cwe(uint32_t kind) {
  return kind_at(kind)->cwe;
}
