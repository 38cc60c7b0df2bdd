// SPDX-License-Identifier: Apache-2.0
#include "engine/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

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

// A file's buffer that keeps the system's reason for the first write that failed: errno may be another one by
// the time a stream is found to have failed.
class FileBuffer : public std::filebuf {
  public:
    [[nodiscard]] std::string reason() const {
        return reason_ != 0 ? std::strerror(reason_) : "the system gave no reason";
    }

  protected:
    int_type overflow(int_type c) override {
        errno = 0;
        const int_type result = std::filebuf::overflow(c);
        keep_reason(traits_type::eq_int_type(result, traits_type::eof()));
        return result;
    }
    std::streamsize xsputn(const char* text, std::streamsize count) override {
        errno = 0;
        const std::streamsize written = std::filebuf::xsputn(text, count);
        keep_reason(written < count);
        return written;
    }
    int sync() override {
        errno = 0;
        const int result = std::filebuf::sync();
        keep_reason(result != 0);
        return result;
    }

  private:
    void keep_reason(bool failed) {
        if (failed && reason_ == 0) reason_ = errno;
    }

    int reason_ = 0;
};

void fill(const std::string& file, std::ios::openmode mode, const std::filesystem::path& path,
          const std::function<void(std::ostream&)>& write) {
    errno = 0;
    FileBuffer buffer;
    if (buffer.open(file, std::ios::out | std::ios::binary | mode) == nullptr)
        fail("{}: cannot be written: {}", path.string(), std::strerror(errno));
    std::ostream out(&buffer);
    write(out);
    out.flush();
    if (!out) fail("{}: writing failed: {}", path.string(), buffer.reason());
}

}  // namespace

bool is_written_into(const std::filesystem::path& path) {
    std::error_code error;
    const std::string place = std::filesystem::absolute(path, error).lexically_normal().string();
    for (const char* streams : {"/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/"})
        if (place.starts_with(streams)) return true;
    const std::filesystem::file_type type = std::filesystem::status(path, error).type();
    using enum std::filesystem::file_type;
    return type == character || type == block || type == fifo || type == socket;
}

std::string make_temporary_file(const std::filesystem::path& path) {
    std::string name = path.string() + ".tmp" + std::to_string(::getpid());
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    constexpr mode_t mode = 0666;  // less the umask
    int descriptor = ::open(name.c_str(), flags, mode);
    if (descriptor < 0 && errno == EEXIST) {
        // Left by a process that was killed and had this number, or a link put there: never followed.
        ::unlink(name.c_str());
        descriptor = ::open(name.c_str(), flags, mode);
    }
    if (descriptor < 0) fail("{}: cannot be written: {}", path.string(), std::strerror(errno));
    ::close(descriptor);
    return name;
}

void write_file_atomically(const std::filesystem::path& path,
                           const std::function<void(std::ostream&)>& write) {
    if (is_written_into(path)) return fill(path.string(), std::ios::app, path, write);
    TemporaryFile temporary(make_temporary_file(path));
    fill(temporary.path(), std::ios::in | std::ios::out, path, write);
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
