// SPDX-License-Identifier: Apache-2.0
// make_fixture FOLDER: a small model, two pictures and the same pictures as plain RGB (picture_K.rgb, 80 x
// 60), for tests that run programs.
#include <cstdio>
#include <exception>

#include "tests/embed/fixture.h"

int main(int count, char** words) {
    if (count != 2) return 2;
    const std::filesystem::path folder = words[1];
    try {
        unmask::write_small_model(folder / "model.safetensors");
        for (int k = 0; k < 2; ++k) {
            const unmask::Image image = unmask::drawn_picture(80, 60, k);
            const std::string name = "picture_" + std::to_string(k);
            unmask::write_bmp(folder / (name + ".bmp"), image);
            std::ofstream(folder / (name + ".rgb"), std::ios::binary)
                .write(reinterpret_cast<const char*>(image.pixels.data()),
                       std::streamsize(image.pixels.size()));
        }
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "%s\n", problem.what());
        return 1;
    }
    return 0;
}
