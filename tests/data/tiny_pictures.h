// SPDX-License-Identifier: Apache-2.0
// A data set of small pictures in a temporary folder.
#pragma once

#include <string>

#include "data/dataset.h"
#include "data/picture.h"
#include "tests/support/temporary_folder.h"

namespace unmask {

class TinyPictures {
  public:
    explicit TinyPictures(int count) {
        manifest_.directory = folder_.path();
        for (int i = 0; i < count; ++i) {
            Image image(20, 16);
            for (size_t k = 0; k < image.pixels.size(); ++k)
                image.pixels[k] = uint8_t(k * 7 + size_t(i) * 31);
            const std::string name = std::to_string(i) + ".png";
            write_png(folder_ / name, image);
            manifest_.rows.push_back(
                {.path = name, .video = name, .split = "train", .label = i % 3 == 0 ? 1 : 0});
        }
    }
    [[nodiscard]] FaceDataset dataset(int size) const { return {manifest_, {.size = size}}; }

  private:
    TemporaryFolder folder_;
    Manifest manifest_;
};

}  // namespace unmask
