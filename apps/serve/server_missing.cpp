// SPDX-License-Identifier: Apache-2.0
// In builds without cpp-httplib.
#include "apps/serve/server.h"
#include "engine/error.h"

namespace unmask {

bool server_available() {
    return false;
}

void serve(const ServeOptions& /*options*/, DetectionEngine& /*engine*/,
           const std::function<bool()>& /*stopped*/, const std::function<void(int port)>& /*ready*/) {
    fail("serve: this build has no HTTP server: build it with cpp-httplib (Debian: libcpp-httplib-dev)");
}

}  // namespace unmask
