// SPDX-License-Identifier: Apache-2.0
/* libunmask: a trained detector in a program of one's own. Scores are probabilities that a face is forged,
 * from 0 to 1, under the data that the model was trained on.
 *
 *     unmask_model *model;
 *     unmask_session *session;
 *     unmask_error error;
 *     if (unmask_model_open("best.safetensors", NULL, &model, &error) != UNMASK_OK) ... error.text ...
 *     unmask_session_create(model, NULL, &session, &error);
 *     unmask_score_faces(session, &picture, faces, face_count, scores, &error);
 *     unmask_session_free(session);
 *     unmask_model_free(model);
 *
 * Threads: a model may be used by any number of threads at once; a session by one at a time, so give each
 * thread its own. Nothing else is shared: the library has no state that a caller could see. No C++ exception
 * leaves it.
 *
 * Errors: functions return a code. `error`, where it is not NULL, receives the code and one line for people;
 * after UNMASK_OK it is empty. Results are written only after UNMASK_OK.
 *
 * Structures that begin with `size` are filled through their initialiser (UNMASK_..._INIT), which states
 * their size: later versions of the library add members at the end and serve programs that were compiled with
 * fewer.
 */
#ifndef UNMASK_H
#define UNMASK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define UNMASK_VERSION_MAJOR 0
#define UNMASK_VERSION_MINOR 1
#define UNMASK_VERSION_PATCH 0
/* As one number that grows with every version: 1.2.3 is 10203. */
#define UNMASK_VERSION_NUMBER \
    (UNMASK_VERSION_MAJOR * 10000 + UNMASK_VERSION_MINOR * 100 + UNMASK_VERSION_PATCH)

#if defined(__GNUC__)
#define UNMASK_API __attribute__((visibility("default")))
#else
#define UNMASK_API
#endif

/* The version of the library that the program runs with: "0.1.0", and as UNMASK_VERSION_NUMBER. */
UNMASK_API const char* unmask_version(void);
UNMASK_API int unmask_version_number(void);

typedef enum unmask_status {
    UNMASK_OK = 0,
    UNMASK_BAD_ARGUMENT = 1, /* a pointer that is NULL, a size out of range, a box without area, ... */
    UNMASK_CANNOT_READ = 2,  /* the file is missing or may not be read */
    UNMASK_BAD_MODEL = 3,    /* it was read, and is no model that this version can use */
    UNMASK_OUT_OF_MEMORY = 4,
    UNMASK_INTERNAL = 5 /* anything else: please report it */
} unmask_status;

/* The name of a code, "bad argument"; "unknown" for a number that is none. */
UNMASK_API const char* unmask_status_text(int status);

#define UNMASK_ERROR_TEXT 512
typedef struct unmask_error {
    int status;                   /* unmask_status */
    char text[UNMASK_ERROR_TEXT]; /* UTF-8, ends in 0; cut off where it is longer */
} unmask_error;

/* ---- Models ---- */

typedef struct unmask_model unmask_model;

/* What the filters are kept in while the model is open; the arithmetic is float32 for each. bf16 takes half
 * the memory of f32 and int8 a quarter; docs/embedding.md has what they cost in accuracy. */
typedef enum unmask_weights {
    UNMASK_WEIGHTS_F32 = 0,
    UNMASK_WEIGHTS_BF16 = 1,
    UNMASK_WEIGHTS_INT8 = 2
} unmask_weights;

typedef struct unmask_model_options {
    size_t size;
    const char* name; /* of memory: what messages call it; NULL: "model" */
    int weights;      /* unmask_weights */
} unmask_model_options;
#define UNMASK_MODEL_OPTIONS_INIT \
    { sizeof(unmask_model_options), NULL, UNMASK_WEIGHTS_F32 }

/* Opens a model file that `unmask train` wrote. options may be NULL. */
UNMASK_API unmask_status unmask_model_open(const char* path, const unmask_model_options* options,
                                           unmask_model** model, unmask_error* error);
/* The same of such a file's bytes, which `unmask embed` writes as a C array. They are not copied: they must
 * stay as they are until the model and its sessions are freed. Best aligned to 64 bytes; others work too. */
UNMASK_API unmask_status unmask_model_open_memory(const void* bytes, size_t byte_count,
                                                  const unmask_model_options* options, unmask_model** model,
                                                  unmask_error* error);
/* NULL is allowed. Sessions keep their model alive. */
UNMASK_API void unmask_model_free(unmask_model* model);

typedef struct unmask_model_info {
    size_t size;
    const char* backbone; /* "resnet34"; lives as long as the model */
    int branches;         /* local branches, 1 to 8 */
    int input_size;       /* pixels, side of the network's square input */
    int crop_size;        /* pixels, side of the crop that faces pass through before, as in training */
    int aligned;          /* 1: faces need 68 landmarks, they are turned and scaled by them */
    double face_margin;   /* side of the crop over the longer side of a face's box */
    double temperature;   /* that scores are calibrated by; 1 where the file has none */
    double real_up_to;    /* verdict thresholds, see unmask_verdict_of; 0.5 where the file has none */
    double fake_from;
    int64_t parameters; /* trained numbers, all branches and heads */
} unmask_model_info;
#define UNMASK_MODEL_INFO_INIT \
    { sizeof(unmask_model_info), NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* Fills what fits into info->size. */
UNMASK_API unmask_status unmask_model_describe(const unmask_model* model, unmask_model_info* info,
                                               unmask_error* error);

typedef enum unmask_verdict {
    UNMASK_REAL = 0,
    UNMASK_FAKE = 1,
    UNMASK_UNDECIDED = 2,
    UNMASK_NO_FACE = 3
} unmask_verdict;
/* No face below 0, as unmask_score_frames says it; else fake from fake_from of the model up, real up to
 * real_up_to, undecided between them and for NaN. model may be NULL: both 0.5. */
UNMASK_API unmask_verdict unmask_verdict_of(const unmask_model* model, double score);

/* ---- Sessions ---- */

typedef struct unmask_session unmask_session;

typedef struct unmask_session_options {
    size_t size;
    /* Threads that compute one call: 1 is the calling thread alone, 0 as many as the machine offers. A
     * library built without OpenMP, as the minimal one, always takes the calling thread. The scores are the
     * same bytes for any. */
    int threads;
    /* Faces that go through the network at once, 1 to 256: more take more memory. */
    int batch;
} unmask_session_options;
#define UNMASK_SESSION_OPTIONS_INIT \
    { sizeof(unmask_session_options), 1, 1 }

/* The memory to compute in. options may be NULL. */
UNMASK_API unmask_status unmask_session_create(const unmask_model* model,
                                               const unmask_session_options* options,
                                               unmask_session** session, unmask_error* error);
UNMASK_API void unmask_session_free(unmask_session* session); /* NULL is allowed */

/* ---- Scores ---- */

/* 8-bit RGB, red first, rows from top to bottom. */
typedef struct unmask_picture {
    const uint8_t* pixels;
    int width, height; /* 1 to 65536 */
    size_t stride;     /* bytes from one row to the next, at least 3 * width; 0: 3 * width */
} unmask_picture;

/* One face, in a picture's pixels. */
typedef struct unmask_face {
    int x, y, width, height; /* the box that a face detector gave; it may reach beyond the picture */
    int track;               /* for unmask_score_frames: the same number for the same person, at least 0 */
    /* x0, y0, x1, y1, ...: the 68 points of iBUG 300-W, or NULL; what an aligned model needs. */
    const double* landmarks;
} unmask_face;

/* Pictures that already are face crops: each is resized to the network's input as a whole.
 * scores: [count]. */
UNMASK_API unmask_status unmask_score_crops(unmask_session* session, const unmask_picture* crops,
                                            size_t count, double* scores, unmask_error* error);

/* Faces of one picture, cut out as the model was trained. scores: [count]. */
UNMASK_API unmask_status unmask_score_faces(unmask_session* session, const unmask_picture* picture,
                                            const unmask_face* faces, size_t count, double* scores,
                                            unmask_error* error);

/* Some faces, or none, of one picture. */
typedef struct unmask_frame {
    unmask_picture picture;
    const unmask_face* faces;
    size_t face_count;
} unmask_frame;

/* One score for several frames, of a video for instance, as `unmask detect` forms it: a track's score is the
 * mean of its faces' scores, and the result the highest of the tracks; tracks of a single
 * face do not count where another has more. -1 when no frame has a face. face_scores may be NULL: [all
 * faces], frame by frame. */
UNMASK_API unmask_status unmask_score_frames(unmask_session* session, const unmask_frame* frames,
                                             size_t count, double* score, double* face_scores,
                                             unmask_error* error);

/* The same from face scores that were computed before, frame by frame for a stream: tracks [count]. */
UNMASK_API unmask_status unmask_aggregate_scores(const double* face_scores, const int* tracks, size_t count,
                                                 double* score, unmask_error* error);

/* The network itself: images [count, input_size, input_size, 3], normalised as the model was trained,
 * -> logits [count, 2], real and fake, before calibration. */
UNMASK_API unmask_status unmask_infer(unmask_session* session, const float* images, size_t count,
                                      float* logits, unmask_error* error);

#ifdef __cplusplus
}
#endif

#endif
