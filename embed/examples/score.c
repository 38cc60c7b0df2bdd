/* SPDX-License-Identifier: Apache-2.0
 * score MODEL WIDTH HEIGHT PICTURE.rgb: the score of a face crop, given as plain RGB bytes. Compiled with
 * EMBEDDED_MODEL, a header that `unmask embed` wrote, it takes no MODEL but carries one. */
#include <stdio.h>
#include <stdlib.h>

#include <unmask.h>

#ifdef EMBEDDED_MODEL
#include EMBEDDED_MODEL
static const int carries_model = 1;
static unmask_status open_model(const char *path, unmask_model **model, unmask_error *error) {
    (void)path;
    return unmask_model_open_memory(unmask_model_file, unmask_model_file_size, NULL, model, error);
}
#else
static const int carries_model = 0;
static unmask_status open_model(const char *path, unmask_model **model, unmask_error *error) {
    return unmask_model_open(path, NULL, model, error);
}
#endif

static uint8_t *read_pixels(const char *path, size_t bytes) {
    uint8_t *pixels = malloc(bytes);
    FILE *file = fopen(path, "rb");
    const int complete = pixels != NULL && file != NULL && fread(pixels, 1, bytes, file) == bytes;
    if (file != NULL) fclose(file);
    if (complete) return pixels;
    free(pixels);
    return NULL;
}

int main(int count, char **words) {
    const int first = carries_model ? 1 : 2; /* the word WIDTH */
    if (count != first + 3) {
        fprintf(stderr, "usage: score %sWIDTH HEIGHT PICTURE.rgb\n", carries_model ? "" : "MODEL ");
        return 2;
    }
    unmask_picture crop = {NULL, atoi(words[first]), atoi(words[first + 1]), 0};
    if (crop.width < 1 || crop.height < 1) {
        fprintf(stderr, "expected a positive size\n");
        return 2;
    }
    uint8_t *pixels = read_pixels(words[first + 2], 3 * (size_t)crop.width * (size_t)crop.height);
    if (pixels == NULL) {
        fprintf(stderr, "%s: cannot be read, or is too short\n", words[first + 2]);
        return 1;
    }
    crop.pixels = pixels;

    unmask_model *model = NULL;
    unmask_session *session = NULL;
    unmask_error error;
    double score = 0;
    int code = 1;
    if (open_model(words[1], &model, &error) == UNMASK_OK &&
        unmask_session_create(model, NULL, &session, &error) == UNMASK_OK &&
        unmask_score_crops(session, &crop, 1, &score, &error) == UNMASK_OK) {
        printf("%.6f\n", score);
        code = 0;
    } else {
        fprintf(stderr, "%s: %s\n", unmask_status_text(error.status), error.text);
    }
    unmask_session_free(session);
    unmask_model_free(model);
    free(pixels);
    return code;
}
