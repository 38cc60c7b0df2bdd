// SPDX-License-Identifier: Apache-2.0
// unmask-mini: scores of pictures by libunmask alone, PNG, JPEG or BMP. Without a face detector: a picture is
// a face crop unless a box says where its face is.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iterator>
#include <string_view>

#include "data/picture.h"
#include "embed/unmask.h"

namespace {

constexpr const char* usage =
    "usage: unmask-mini MODEL [--box X,Y,WIDTH,HEIGHT] [--weights f32|bf16|int8] [--threads N] PICTURE...\n"
    "Prints the probability of fake of each picture, a face crop, or of the face in the box.\n";

struct Arguments {
    const char* model = nullptr;
    bool has_box = false;
    unmask_face face{};
    unmask_model_options options = UNMASK_MODEL_OPTIONS_INIT;
    unmask_session_options session = UNMASK_SESSION_OPTIONS_INIT;
    int first_picture = 0;
};

// Comma-separated whole numbers, exactly `count`.
bool parse_numbers(std::string_view text, int* numbers, int count) {
    const char *place = text.data(), *end = place + text.size();
    for (int i = 0; i < count; ++i) {
        const auto [next, problem] = std::from_chars(place, end, numbers[i]);
        if (problem != std::errc()) return false;
        place = next;
        if (i + 1 < count && (place == end || *place++ != ',')) return false;
    }
    return place == end;
}

bool parse_weights(std::string_view text, int& weights) {
    constexpr std::string_view names[] = {"f32", "bf16", "int8"};  // in the order of unmask_weights
    const auto* found = std::find(std::begin(names), std::end(names), text);
    weights = static_cast<int>(found - std::begin(names));
    return found != std::end(names);
}

bool parse(int count, char** words, Arguments& arguments) {
    int i = 1;
    if (i < count && words[i][0] != '-') arguments.model = words[i++];
    for (; i + 1 < count && std::strncmp(words[i], "--", 2) == 0; i += 2) {
        if (std::strcmp(words[i], "--box") == 0) {
            int box[4];
            if (!parse_numbers(words[i + 1], box, 4)) return false;
            arguments.face = {box[0], box[1], box[2], box[3], 0, nullptr};
            arguments.has_box = true;
        } else if (std::strcmp(words[i], "--weights") == 0) {
            if (!parse_weights(words[i + 1], arguments.options.weights)) return false;
        } else if (std::strcmp(words[i], "--threads") == 0) {
            if (!parse_numbers(words[i + 1], &arguments.session.threads, 1)) return false;
        } else {
            return false;
        }
    }
    arguments.first_picture = i;
    return arguments.model != nullptr && i < count;
}

const char* name_of(unmask_verdict verdict) {
    return verdict == UNMASK_FAKE ? "fake" : verdict == UNMASK_REAL ? "real" : "undecided";
}

bool score_picture(const unmask_model* model, unmask_session* session, const Arguments& arguments,
                   const char* path) {
    try {
        const unmask::Image image = unmask::read_picture(path);
        const unmask_picture picture{image.pixels.data(), image.width, image.height, 0};
        double score = 0;
        unmask_error error;
        const unmask_status status =
            arguments.has_box ? unmask_score_faces(session, &picture, &arguments.face, 1, &score, &error)
                              : unmask_score_crops(session, &picture, 1, &score, &error);
        if (status == UNMASK_OK) {
            std::printf("%-9s %.6f  %s\n", name_of(unmask_verdict_of(model, score)), score, path);
            return true;
        }
        std::fprintf(stderr, "error: %s: %s\n", path, error.text);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "error: %s\n", problem.what());
    }
    return false;
}

}  // namespace

int main(int count, char** words) {
    Arguments arguments;
    if (!parse(count, words, arguments)) {
        std::fputs(usage, stderr);
        return 2;
    }
    unmask_model* model = nullptr;
    unmask_session* session = nullptr;
    unmask_error error;
    if (unmask_model_open(arguments.model, &arguments.options, &model, &error) != UNMASK_OK ||
        unmask_session_create(model, &arguments.session, &session, &error) != UNMASK_OK) {
        std::fprintf(stderr, "error: %s\n", error.text);
        unmask_model_free(model);
        return 2;
    }
    bool all = true;
    for (int i = arguments.first_picture; i < count; ++i)
        all = score_picture(model, session, arguments, words[i]) && all;
    unmask_session_free(session);
    unmask_model_free(model);
    return all ? 0 : 1;
}
