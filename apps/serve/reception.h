// SPDX-License-Identifier: Apache-2.0
// Taking an upload from a request, or what is left of one that is refused. On the thread that works on the
// request.
#pragma once

#include <httplib.h>

#include <memory>
#include <string>

#include "apps/serve/upload.h"

namespace unmask {

struct Reception {
    std::unique_ptr<UploadedFile> file;  // whole and not empty; null where it is refused
    std::string name;                    // by which the client calls it, as it says; may be empty
    int refusal = 0;                     // 400, 408, 413 or 503, and why
    std::string problem;
};

// The file of a request, its body or its form's field "file", of at most so many bytes, within `seconds`.
[[nodiscard]] Reception receive_upload(const httplib::Request& request, const httplib::ContentReader& content,
                                       int64_t most_bytes, double seconds);

// Reads a little of what a refused client still sends: a connection that is closed while it sends would take
// the answer with it.
void drain(const httplib::ContentReader& content);

}  // namespace unmask
