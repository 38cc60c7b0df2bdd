// SPDX-License-Identifier: Apache-2.0
// The frames of an input, whatever it is: a picture (one frame), a video, or a folder of pictures in natural
// order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/frame_numbers.h"
#include "data/image.h"

namespace unmask {

enum class SourceKind { picture, video, folder };

[[nodiscard]] const char* to_string(SourceKind kind);

struct Frame {
    int64_t index = 0;         // from 0 in the source
    double time_seconds = -1;  // time in the video; -1 for pictures
    std::string name;          // the picture's file name; empty for a video's frames
    Image image;
};

class FrameSource {
  public:
    virtual ~FrameSource() = default;

    [[nodiscard]] virtual SourceKind kind() const = 0;
    [[nodiscard]] virtual const std::filesystem::path& path() const = 0;
    [[nodiscard]] virtual int64_t frame_count() const = 0;
    [[nodiscard]] virtual double frames_per_second() const { return 0; }  // 0: not a video

    // Gives the frames with these numbers (sorted, unique, in range) to the callback, in order. What cannot
    // be decoded is left out, and at the end Error says what was missing and why. An exception of the
    // callback passes through.
    virtual void read(const FrameNumbers& wanted, const std::function<void(Frame&&)>& callback) = 0;
};

// Opens a file or folder; `threads` decode a video (0: one per core). Error when there is none, or when it is
// neither a picture nor a video nor a folder with at least one picture. The content decides, not the name.
// `stop` is asked again and again while a source is opened and read, before each picture and each packet of a
// video; true ends that with an Error.
[[nodiscard]] std::unique_ptr<FrameSource> open_frames(const std::filesystem::path& path, int threads = 0,
                                                       std::function<bool()> stop = {});

// The pictures directly in the folder, in natural order (2.png before 10.png).
[[nodiscard]] std::vector<std::filesystem::path> pictures_in_folder(const std::filesystem::path& folder);

// The numbers of FrameNumbers::spread, one by one.
[[nodiscard]] std::vector<int64_t> evenly_spaced(int64_t count, int64_t wanted);

// Names compared by letters, runs of digits by their value.
[[nodiscard]] bool natural_less(std::string_view a, std::string_view b);

}  // namespace unmask
