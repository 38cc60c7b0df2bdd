// SPDX-License-Identifier: Apache-2.0
#include "data/frame_source.h"

#include <algorithm>
#include <cctype>
#include <system_error>

#include "data/file_magic.h"
#include "data/picture.h"
#include "data/video.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;
using Callback = std::function<void(Frame&&)>;

class PictureFrame : public FrameSource {
  public:
    explicit PictureFrame(fs::path path) : path_(std::move(path)) {}
    SourceKind kind() const override { return SourceKind::picture; }
    const fs::path& path() const override { return path_; }
    int64_t frame_count() const override { return 1; }

    void read(const FrameNumbers& wanted, const Callback& callback) override {
        for (int64_t i = 0; i < wanted.size(); ++i) {
            const int64_t index = wanted[i];
            if (index != 0) fail("{}: a picture has only frame 0, found {}", path_.string(), index);
            callback(Frame{0, -1, path_.filename().string(), read_picture(path_)});
        }
    }

  private:
    fs::path path_;
};

class FolderFrames : public FrameSource {
  public:
    FolderFrames(fs::path path, std::vector<fs::path> files, std::function<bool()> stop)
        : path_(std::move(path)), files_(std::move(files)), stop_(std::move(stop)) {}
    SourceKind kind() const override { return SourceKind::folder; }
    const fs::path& path() const override { return path_; }
    int64_t frame_count() const override { return int64_t(files_.size()); }

    void read(const FrameNumbers& wanted, const Callback& callback) override {
        int64_t missing = 0;
        std::string first_reason;
        for (int64_t i = 0; i < wanted.size(); ++i) {
            if (stop_ && stop_()) fail("{}: stopped before its end", path_.string());
            const int64_t index = wanted[i];
            if (index < 0 || index >= frame_count())
                fail("{}: expected frame numbers from 0 to {}, found {}", path_.string(), frame_count() - 1,
                     index);
            const fs::path& file = files_[size_t(index)];
            Image image;
            try {
                image = read_picture(file);
            } catch (const Error& error) {
                if (missing++ == 0) first_reason = error.what();
                continue;
            }
            callback(Frame{index, -1, file.filename().string(), std::move(image)});
        }
        if (missing > 0)
            fail("{}: only {} of {} pictures could be read ({})", path_.string(), wanted.size() - missing,
                 wanted.size(), first_reason);
    }

  private:
    fs::path path_;
    std::vector<fs::path> files_;
    std::function<bool()> stop_;
};

class VideoFrames : public FrameSource {
  public:
    VideoFrames(fs::path path, int threads, std::function<bool()> stop)
        : path_(std::move(path)), video_(path_, {.threads = threads, .stop = std::move(stop)}) {}
    SourceKind kind() const override { return SourceKind::video; }
    const fs::path& path() const override { return path_; }
    int64_t frame_count() const override { return video_.info().frame_count; }
    double frames_per_second() const override { return video_.info().frames_per_second; }

    void read(const FrameNumbers& wanted, const Callback& callback) override {
        video_.read_frames(wanted, [&](int64_t index, double seconds, Image&& image) {
            callback(Frame{index, seconds, "", std::move(image)});
        });
    }

  private:
    fs::path path_;
    VideoReader video_;
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

const char* to_string(SourceKind kind) {
    switch (kind) {
        case SourceKind::picture:
            return "picture";
        case SourceKind::video:
            return "video";
        case SourceKind::folder:
            return "folder";
    }
    return "?";
}

std::unique_ptr<FrameSource> open_frames(const fs::path& path, int threads, std::function<bool()> stop) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
        std::vector<fs::path> files = pictures_in_folder(path);
        if (files.empty())
            fail(
                "{}: the folder itself holds no picture (PNG, JPEG or BMP) and no video; folders in it are "
                "not searched",
                path.string());
        return std::make_unique<FolderFrames>(path, std::move(files), std::move(stop));
    }
    check_readable_file(path);
    if (looks_like_picture(path)) return std::make_unique<PictureFrame>(path);
    return std::make_unique<VideoFrames>(path, threads, std::move(stop));
}

std::vector<fs::path> pictures_in_folder(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        std::string extension = entry->path().extension().string();
        std::transform(extension.begin(), extension.end(), extension.begin(),
                       [](unsigned char c) { return char(std::tolower(c)); });
        // A picture by its name stays one when its content is broken, so that reading it says what is wrong.
        const bool named =
            extension == ".png" || extension == ".jpg" || extension == ".jpeg" || extension == ".bmp";
        std::error_code ignored;
        if (name[0] != '.' && entry->is_regular_file(ignored) && (named || looks_like_picture(entry->path())))
            files.push_back(entry->path());
    }
    if (error) fail("{}: the folder cannot be read: {}", folder.string(), error.message());
    std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
        return natural_less(a.filename().string(), b.filename().string());
    });
    return files;
}

std::vector<int64_t> evenly_spaced(int64_t count, int64_t wanted) {
    const FrameNumbers numbers = FrameNumbers::spread(count, wanted);
    std::vector<int64_t> indices(size_t(numbers.size()));
    for (int64_t i = 0; i < numbers.size(); ++i) indices[size_t(i)] = numbers[i];
    return indices;
}

bool natural_less(std::string_view a, std::string_view b) {
    size_t i = 0, j = 0;
    while (i < a.size() && j < b.size()) {
        if (!is_digit(a[i]) || !is_digit(b[j])) {
            if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
            ++i, ++j;
            continue;
        }
        const auto number = [](std::string_view text, size_t& at) {
            while (at < text.size() && text[at] == '0') ++at;
            const size_t start = at;
            while (at < text.size() && is_digit(text[at])) ++at;
            return text.substr(start, at - start);
        };
        const std::string_view x = number(a, i), y = number(b, j);
        if (x.size() != y.size()) return x.size() < y.size();
        if (x != y) return x < y;
    }
    if ((a.size() - i) != (b.size() - j)) return a.size() - i < b.size() - j;
    return a < b;  // only leading zeros differ
}

}  // namespace unmask
