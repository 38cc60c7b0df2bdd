// SPDX-License-Identifier: Apache-2.0
// Copies from the host beside a device's other work: the next batch travels while the step on this one is
// computed. What is copied to and what reads it are kept apart by the caller, who says when either is done.
#pragma once

#include <cstddef>

namespace unmask {

// For one place in the device's memory, which must outlive it. The calls come in turns: release (when the
// memory is allocated too), copy any number of times, arrive, then the work that reads.
class Upload {
  public:
    Upload() = default;
    Upload(const Upload&) = delete;
    Upload& operator=(const Upload&) = delete;
    virtual ~Upload() = default;

    // The copies to come are made after what the device has been given so far, which may read the memory.
    virtual void release() = 0;
    // Begins a copy into the place; `source` may change as soon as this returns. Not for captured work.
    virtual void copy(void* destination, const void* source, size_t bytes) = 0;
    // What the device is given from here on comes after the copies.
    virtual void arrive() = 0;
};

}  // namespace unmask
