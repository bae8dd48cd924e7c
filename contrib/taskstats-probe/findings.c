/* SPDX-License-Identifier: MIT */
#include "findings.h"

#include "show.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_SIZE = 512 };

void findings_tell(struct findings *findings, enum finding state,
                   const char *what, const char *cure, const char *format,
                   ...) {
  static const char *const names[] = {"good", "degraded", "bad"};
  char text[TEXT_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  show_clean(text);
  if (state > findings->worst)
    findings->worst = state;
  if (findings->json) {
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s?}", "state", names[state], "what", what,
                  "says", text, "cure", state == GOOD ? NULL : cure);
    show_json_line(object);
    return;
  }
  printf("%-8s  %-18s %s\n", names[state], what, text);
  if (state != GOOD)
    printf("%-8s  %-18s -> %s\n", "", "", cure);
  fflush(stdout); /* the next check may take a while */
}
