// SPDX-License-Identifier: Apache-2.0
// What a user asks about: pictures, videos, folders, patterns of names, standard input.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace unmask {

struct DetectionInput {
    std::filesystem::path path;  // what is opened: a file, or a folder as one clip
    std::filesystem::path name;  // what answers and messages call it
    std::string problem;         // why it cannot be opened at all; empty otherwise
};

// What one argument of the command line stands for, in natural order:
// - "-": the picture or video on standard input, which was copied to `standard_input`;
// - a folder: every picture and video directly in it is an input; with `clip` its pictures together are one,
// the
//   frames of a clip. A folder of neither is an input with a problem;
// - a name with *, ? or […] that is not a file's: what matches it (glob(7)), each as if it had been given;
//   without a match an input with a problem;
// - anything else: itself.
[[nodiscard]] std::vector<DetectionInput> expand_input(const std::string& argument, bool clip,
                                                       const std::filesystem::path& standard_input = {});

// Copies standard input to the file: videos are read at several places. Error when nothing came, or as soon
// as it cannot be written.
void copy_standard_input(const std::filesystem::path& file);

}  // namespace unmask
