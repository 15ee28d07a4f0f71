/* map_page.c: the template map_page.html with a document in it. */
#include <stdlib.h>
#include <string.h>

#include "tool/report/map_document.h"
#include "tool/report/map_report.h"

/* map_page.html, which the build makes an array of. */
extern const char map_page_template[];

static json_t *kinds(void) {
  json_t *json = json_object();
  for (size_t i = 0; i < ADDRESS_KIND_COUNT; i++)
    json_object_set_new(
        json, address_kinds[i].name,
        json_pack("{s:s, s:s}", "label", address_kinds[i].label, "colour", address_kinds[i].page_colour));
  return json;
}

static json_t *fields(void) {
  json_t *json = json_array();
  for (size_t i = 0; i < PAGE_COUNT_FIELDS; i++)
    json_array_append_new(json, json_pack("[s, s]", page_count_fields[i].name, page_count_fields[i].label));
  return json;
}

/* JSON amid a script: a name in it must not end the script, so no "<" is left as it is. In JSON it is only in
 * strings. */
static void write_script(const json_t *json, FILE *to) {
  char *text = json_dumps(json, JSON_COMPACT);
  for (const char *at = text; at != NULL && *at != '\0';) {
    size_t length = strcspn(at, "<");
    fwrite(at, 1, length, to);
    at += length;
    if (*at == '<') {
      fputs("\\u003c", to);
      at++;
    }
  }
  free(text);
}

int map_page_write(const json_t *document, FILE *to) {
  json_t *all_kinds = kinds(), *all_fields = fields();
  const struct {
    const char *place;
    const json_t *json;
  } pieces[] = {{"/*KINDS*/", all_kinds}, {"/*FIELDS*/", all_fields}, {"/*DOCUMENT*/", document}};
  const char *at = map_page_template;
  for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
    const char *place = strstr(at, pieces[i].place);
    if (place == NULL)
      break;
    fwrite(at, 1, (size_t)(place - at), to);
    write_script(pieces[i].json, to);
    at = place + strlen(pieces[i].place);
  }
  fputs(at, to);
  json_decref(all_kinds);
  json_decref(all_fields);
  return fflush(to) != 0 || ferror(to) ? -1 : 0;
}
