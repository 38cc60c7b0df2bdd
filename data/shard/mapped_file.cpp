// SPDX-License-Identifier: Apache-2.0
#include "data/shard/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "data/file_magic.h"
#include "engine/error.h"

namespace unmask {

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
    check_readable_file(path);
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
        const int reason = errno;
        if (descriptor_ >= 0) ::close(descriptor_);
        fail("{}: cannot be opened: {}", path.string(), std::strerror(reason));
    }
    size_ = static_cast<size_t>(status.st_size);
    void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor_, 0);
    if (memory == MAP_FAILED) {
        const int reason = errno;
        ::close(descriptor_);
        fail("{}: {} bytes cannot be mapped: {}", path.string(), size_, std::strerror(reason));
    }
    data_ = static_cast<const uint8_t*>(memory);
}

MappedFile::~MappedFile() {
    ::munmap(const_cast<uint8_t*>(data_), size_);
    ::close(descriptor_);
}

void MappedFile::check_length() const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0)
        fail("{}: cannot be read: {}", path_.string(), std::strerror(errno));
    if (static_cast<size_t>(status.st_size) < size_)
        fail("{}: it was shortened while it was read: expected {} bytes, found {}", path_.string(), size_,
             status.st_size);
}

}  // namespace unmask
