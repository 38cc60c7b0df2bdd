// SPDX-License-Identifier: Apache-2.0
#include "engine/error.h"
#include "models/exchange/onnx_export.h"

namespace unmask {

void require_onnx() {
    fail("this build cannot write ONNX: it was made without ONNX's library (Debian: libonnx-dev)");
}

void export_onnx(const std::filesystem::path&, Detector&, const CheckpointInfo&) {
    require_onnx();
}

}  // namespace unmask
