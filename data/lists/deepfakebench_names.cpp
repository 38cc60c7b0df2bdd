// SPDX-License-Identifier: Apache-2.0
#include "data/lists/deepfakebench_names.h"

#include <algorithm>

#include "data/layouts/listing.h"
#include "engine/error.h"

namespace unmask {
namespace {

struct Name {
    const char* top;
    const char* label;
    const char* dataset;
    const char* method;
    int fake;
};

constexpr const char* forensics = "FaceForensics++";
constexpr Name names[] = {
    {forensics, "FF-real", forensics, "original", 0},
    {forensics, "FF-DF", forensics, "Deepfakes", 1},
    {forensics, "FF-F2F", forensics, "Face2Face", 1},
    {forensics, "FF-FS", forensics, "FaceSwap", 1},
    {forensics, "FF-NT", forensics, "NeuralTextures", 1},
    {"FaceShifter", "FF-FH", forensics, "FaceShifter", 1},
    {"FaceShifter", "FF-SH", forensics, "FaceShifter", 1},  // read as well; the line above is written
    {"DeepFakeDetection", "DFD_real", forensics, "original", 0},
    {"DeepFakeDetection", "DFD_fake", forensics, "DeepFakeDetection", 1},
    {"Celeb-DF-v1", "CelebDFv1_real", "Celeb-DF-v1", "original", 0},
    {"Celeb-DF-v1", "CelebDFv1_fake", "Celeb-DF-v1", "Celeb-synthesis", 1},
    {"Celeb-DF-v2", "CelebDFv2_real", "Celeb-DF-v2", "original", 0},
    {"Celeb-DF-v2", "CelebDFv2_fake", "Celeb-DF-v2", "Celeb-synthesis", 1},
    {"DFDCP", "DFDCP_Real", "DFDC-Preview", "original", 0},
    {"DFDCP", "DFDCP_FakeA", "DFDC-Preview", "method_A", 1},
    {"DFDCP", "DFDCP_FakeB", "DFDC-Preview", "method_B", 1},
    {"DFDC", "DFDC_Real", "DFDC", "original", 0},
    {"DFDC", "DFDC_Fake", "DFDC", "DFDC", 1},
    {"DeeperForensics-1.0", "DF_real", "DeeperForensics-1.0", "original", 0},
    {"DeeperForensics-1.0", "DF_fake", "DeeperForensics-1.0", "DeeperForensics", 1},
    {"UADFV", "UADFV_Real", "UADFV", "original", 0},
    {"UADFV", "UADFV_Fake", "UADFV", "UADFV", 1},
    {"roop", "roop_Real", "roop", "original", 0},
    {"roop", "roop_Fake", "roop", "roop", 1},
};

bool reads_as_real(const std::string& label) {
    return lower_case(label).ends_with("real");
}

// Actors' videos are named ACTOR__SCENE.
bool is_acted(const BenchMeaning& video) {
    return video.dataset == forensics && video.video.find("__") != std::string::npos;
}

// "Deepfakes/c23/071_054" as "071_054"; ids of another form stay as they are.
std::string short_id(const BenchMeaning& video) {
    for (const std::string& start : {video.method + "/" + video.compression + "/", video.method + "/"})
        if (video.video.starts_with(start) && video.video.find('/', start.size()) == std::string::npos &&
            video.video.size() > start.size())
            return video.video.substr(start.size());
    return video.video;
}

}  // namespace

bool has_levels(const std::string& top) {
    return top == forensics || top == "FaceShifter" || top == "DeepFakeDetection" || top.starts_with("FF-");
}

BenchMeaning bench_meaning(const BenchPlace& place, bool several_levels) {
    BenchMeaning meaning;
    const auto name = std::ranges::find_if(names, [&](const Name& n) { return place.label == n.label; });
    meaning.known = name != std::end(names);
    if (meaning.known) {
        meaning.dataset = name->dataset;
        meaning.method = name->method;
        meaning.label = name->fake;
    } else {
        meaning.dataset = place.top;
        meaning.label = reads_as_real(place.label) ? 0 : 1;
        const bool repeats =
            place.label.starts_with(place.top + "_") && place.label.size() > place.top.size() + 1;
        meaning.method = meaning.label == 0 ? "original"
                         : repeats          ? place.label.substr(place.top.size() + 1)
                                            : place.label;
    }
    meaning.compression = place.level;
    // Videos of different methods share ids. An id with a folder in it is complete.
    meaning.video = place.key;
    if (place.key.find('/') == std::string::npos)
        meaning.video = meaning.method + "/" +
                        (several_levels && !place.level.empty() ? place.level + "/" : "") + place.key;
    return meaning;
}

BenchPlace bench_place(const BenchMeaning& video) {
    BenchPlace place{video.dataset.empty() ? "dataset" : video.dataset, "", "", short_id(video)};
    const auto name = std::ranges::find_if(names, [&](const Name& n) {
        const bool acted = std::string(n.label) == "DFD_real";
        return video.dataset == n.dataset && video.method == n.method && video.label == n.fake &&
               (video.label == 1 || video.dataset != forensics || acted == is_acted(video));
    });
    if (name != std::end(names)) {
        place.top = name->top;
        place.label = name->label;
    } else {
        place.label = place.top + "_" +
                      (video.label == 0       ? "real"
                       : video.method.empty() ? "fake"
                                              : video.method);
        if (video.label == 1 && reads_as_real(place.label))
            fail("{}: the forgeries of \"{}\" would be named \"{}\", which reads as real", video.dataset,
                 video.method, place.label);
    }
    if (has_levels(place.top)) place.level = video.compression;
    return place;
}

}  // namespace unmask
