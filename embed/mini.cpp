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
    "       unmask-mini --help | --version\n"
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

// What would have been right; null where the option and its value are taken.
const char* take_option(const char* name, const char* value, Arguments& arguments) {
    if (std::strcmp(name, "--box") == 0) {
        int box[4];
        if (!parse_numbers(value, box, 4)) return "--box X,Y,WIDTH,HEIGHT in whole numbers";
        arguments.face = {box[0], box[1], box[2], box[3], 0, nullptr};
        arguments.has_box = true;
        return nullptr;
    }
    if (std::strcmp(name, "--weights") == 0)
        return parse_weights(value, arguments.options.weights) ? nullptr : "--weights f32, bf16 or int8";
    if (std::strcmp(name, "--threads") == 0)
        return parse_numbers(value, &arguments.session.threads, 1) ? nullptr : "--threads and a whole number";
    return "the option --box, --weights or --threads";
}

// False after it said what is wrong.
bool parse(int count, char** words, Arguments& arguments) {
    int i = 1;
    if (i < count && words[i][0] != '-') arguments.model = words[i++];
    for (; i < count && std::strncmp(words[i], "--", 2) == 0; i += 2) {
        const char* value = i + 1 < count ? words[i + 1] : "";
        if (const char* expected = take_option(words[i], value, arguments); expected != nullptr) {
            std::fprintf(stderr, "error: expected %s, found \"%s %s\" (see unmask-mini --help)\n", expected,
                         words[i], value);
            return false;
        }
    }
    arguments.first_picture = i;
    if (arguments.model != nullptr && i < count) return true;
    std::fprintf(stderr, "error: expected a model file first and at least one picture\n%s", usage);
    return false;
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
    if (count == 2 && std::strcmp(words[1], "--help") == 0) {
        std::fputs(usage, stdout);
        return 0;
    }
    if (count == 2 && std::strcmp(words[1], "--version") == 0) {
        std::printf("unmask-mini %s\n", unmask_version());
        return 0;
    }
    Arguments arguments;
    if (!parse(count, words, arguments)) return 2;
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
