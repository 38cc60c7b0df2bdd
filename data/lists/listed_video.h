// SPDX-License-Identifier: Apache-2.0
// What the readers of lists give: videos as the list has them, before anything is looked for on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace unmask {

struct ListedVideo {
    std::string where;  // "FILE:LINE" or "FILE: place", for messages
    std::string split, dataset, method, video, identity, compression;  // empty: the list does not say
    int label = 0;
    std::string folder;               // plain path of the folder whose pictures are the frames, or
    std::vector<std::string> frames;  // plain paths of the frames
    std::vector<int64_t> numbers;     // of the frames; empty: their files' names tell
};

struct ListContent {
    std::filesystem::path folder;  // where the lists are, never empty
    std::vector<ListedVideo> videos;
    std::vector<std::string> notices;
};

// The paper's lists {train,val,test}_{real,fake}.txt, of a folder or one of the files: lines
// "label,folder,frame count", label 0 real and 1 fake as the file's name says, the count not used. The
// corruption of the published test_fake.txt of FaceForensics++ ("manipulated_sequenceswap" for
// "manipulated_sequences/FaceSwap") is repaired with a notice. Error names file and line.
[[nodiscard]] ListContent read_txt_lists(const std::filesystem::path& path);

// Whether there is such a list: the file is named as one, or the folder holds one.
[[nodiscard]] bool has_txt_lists(const std::filesystem::path& path);

// The names of the six lists, and what each holds.
struct TxtList {
    const char* file;
    const char* split;
    int label;
};
[[nodiscard]] const std::vector<TxtList>& txt_lists();

// DeepfakeBench's JSON (Yan et al. 2023): dataset, label, split, for the FaceForensics++ family compression,
// video, with "label" and "frames". Only videos of that compression where one is given. Error names the file
// and the place in it.
[[nodiscard]] ListContent read_deepfakebench(const std::filesystem::path& path,
                                             const std::string& compression);

}  // namespace unmask
