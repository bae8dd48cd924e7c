/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_FUZZ_H
#define TASKSTATS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What the fuzz targets share. Each other source in this directory is a target:
 * libFuzzer calls its LLVMFuzzerTestOneInput with one input after another. Its
 * seeds are in corpus/TARGET.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant: libFuzzer keeps the input that violates it. */
#define fuzz_check(condition)                                                  \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);  \
      abort();                                                                 \
    }                                                                          \
  } while (0)

/* A copy that ends where its memory ends, so that AddressSanitizer detects
 * reads beyond it. The caller frees it. */
static inline void *fuzz_copy(const void *data, size_t size) {
  void *copy = malloc(size > 0 ? size : 1);
  fuzz_check(copy != NULL);
  if (size > 0)
    memcpy(copy, data, size);
  return copy;
}

/* An input that is taken piece by piece, followed by zeros. */
struct fuzz_input {
  const uint8_t *at;
  size_t left;
};

static inline void fuzz_take(struct fuzz_input *input, void *to, size_t size) {
  size_t got = size < input->left ? size : input->left;
  memset(to, 0, size);
  if (got > 0)
    memcpy(to, input->at, got);
  input->at += got;
  input->left -= got;
}

static inline uint8_t fuzz_take_u8(struct fuzz_input *input) {
  uint8_t value;
  fuzz_take(input, &value, sizeof(value));
  return value;
}

static inline uint16_t fuzz_take_u16(struct fuzz_input *input) {
  uint16_t value;
  fuzz_take(input, &value, sizeof(value));
  return value;
}

static inline uint64_t fuzz_take_u64(struct fuzz_input *input) {
  uint64_t value;
  fuzz_take(input, &value, sizeof(value));
  return value;
}

/* The text up to the next NUL, or the end. The caller frees it. */
static inline char *fuzz_take_string(struct fuzz_input *input) {
  const uint8_t *end =
      input->left > 0 ? memchr(input->at, '\0', input->left) : NULL;
  size_t length = end != NULL ? (size_t)(end - input->at) : input->left;
  char *string = malloc(length + 1);
  fuzz_check(string != NULL);
  fuzz_take(input, string, length);
  string[length] = '\0';
  if (end != NULL)
    fuzz_take_u8(input);
  return string;
}

#endif
