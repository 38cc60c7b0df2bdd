// SPDX-License-Identifier: Apache-2.0
// unmask serve: a page to drop a file on, and the same for programs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "apps/serve/engine.h"

namespace unmask {

struct ServeOptions {
    std::string host = "127.0.0.1";
    int port = 8000;                          // 0: one that is free
    int64_t most_bytes = int64_t{256} << 20;  // of an upload
    double upload_seconds = 120;              // for it to arrive
    double answer_seconds = 300;              // from its arrival to the answer
    int clients = 16;                         // requests for an answer at once; more get 503
    std::vector<std::string> allowed_hosts;   // names beside localhost and addresses, see guard.h
};

// Answers until `stopped` says so, which is asked several times a second:
//   GET /             the page to drop a file on
//   POST /report      the field "file" of a form -> the report as a page
//   POST /v1/detect   the same, or the bytes of the file as the body -> the JSON of `unmask detect --json`
//   GET /healthz      {"status": "ok"}
// 422 with the same answer where the file could not be read; 413, 408 and 503 for too large, too slow and too
// busy, 403 for requests from elsewhere, as {"error": …}. `ready` hears the port when connections are taken.
// Error when the address cannot be had, and in a build without cpp-httplib.
void serve(const ServeOptions& options, DetectionEngine& engine, const std::function<bool()>& stopped,
           const std::function<void(int port)>& ready);

// Whether this build can.
[[nodiscard]] bool server_available();

}  // namespace unmask
