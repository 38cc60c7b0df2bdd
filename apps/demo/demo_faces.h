// SPDX-License-Identifier: Apache-2.0
// The demo's data: drawn people, each seen in a genuine clip and in one where somebody else's face was put
// in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/image.h"

namespace unmask {

struct DemoFacesOptions {
    // Nobody is in two splits, not even as a source.
    int train_people = 500, val_people = 50, test_people = 100;
    // To learn from so many people: a tenth as many validate, a fifth as many test, at least one each.
    void set_people(int train);
    int frames = 2;          // of each clip
    int picture_size = 160;  // pixels, of the drawn picture that the face is cut from
    int crop_size = 112;     // pixels, of the stored face
    double margin = 1.3;     // side of the crop over the longer side of the face's box
    uint64_t seed = 0;
};

// Draws everything into folder/crops/*.jpg and writes folder/faces.csv, whose path it returns. Pictures of
// faces that were drawn there before are removed. Shows its progress.
std::filesystem::path draw_demo_faces(const std::filesystem::path& folder, const DemoFacesOptions& options);

// Numbers of people from here on are in no split.
inline constexpr uint64_t first_new_person = 1'000'000;

// A clip of one person, forged or genuine. With `crop_margin` above 0 each frame is a square around the face
// of that margin, resized; else the face is somewhere in it. For people from first_new_person on.
struct DemoClip {
    std::vector<Image> frames;
    // Of a forged clip: the frames before the forgery, and grey pictures of how much of a pixel it replaced,
    // 255 for all. As large as the frames, cut alike.
    std::vector<Image> originals, forged_region;
    double frames_per_second = 12;
};
[[nodiscard]] DemoClip draw_demo_clip(uint64_t seed, uint64_t person, bool forged, int frames, int size,
                                      double crop_margin = 0);

}  // namespace unmask
