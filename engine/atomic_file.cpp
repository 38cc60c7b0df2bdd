// SPDX-License-Identifier: Apache-2.0
#include "engine/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "engine/error.h"

namespace unmask {
namespace {

// Removes the temporary file unless it was renamed.
class TemporaryFile {
  public:
    explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    void release() { path_.clear(); }

  private:
    std::string path_;
};

// Of a file's content, or of the names in a folder.
void flush_to_disk(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) fail("{}: cannot be opened for flushing: {}", path, std::strerror(errno));
    const int result = ::fsync(descriptor);
    const int reason = errno;
    ::close(descriptor);
    const bool unsupported = result != 0 && reason == EINVAL;  // some file systems flush no folders
    if (result != 0 && !unsupported) fail("{}: cannot be flushed to disk: {}", path, std::strerror(reason));
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path,
                           const std::function<void(std::ostream&)>& write) {
    TemporaryFile temporary(path.string() + ".tmp" + std::to_string(::getpid()));
    {
        errno = 0;
        std::ofstream file(temporary.path(), std::ios::binary | std::ios::trunc);
        if (!file) fail("{}: cannot be written: {}", path.string(), std::strerror(errno));
        write(file);
        file.flush();
        if (!file) fail("{}: writing failed: {}", path.string(), std::strerror(errno));
    }
    flush_to_disk(temporary.path());
    if (::rename(temporary.path().c_str(), path.c_str()) != 0)
        fail("{}: cannot be written: {}", path.string(), std::strerror(errno));
    temporary.release();
    const std::filesystem::path folder = path.parent_path();
    flush_to_disk(folder.empty() ? "." : folder.string());  // else a power cut may bring the old name back
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
    write_file_atomically(
        path, [&](std::ostream& out) { out.write(content.data(), std::streamsize(content.size())); });
}

}  // namespace unmask
