// SPDX-License-Identifier: Apache-2.0
// Copies from the host on a stream of their own: see engine/upload.h.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>

#include "cuda/staging.h"
#include "engine/upload.h"

namespace unmask {

class CudaContext;

// The stream and its pinned buffers, one for all uploads of a context (CudaContext::service).
class UploadStream {
  public:
    explicit UploadStream(CudaContext& context);
    UploadStream(const UploadStream&) = delete;
    UploadStream& operator=(const UploadStream&) = delete;
    ~UploadStream();

    [[nodiscard]] cudaStream_t stream() const { return stream_; }
    [[nodiscard]] Staging& staging() { return *staging_; }

  private:
    cudaStream_t stream_ = nullptr;
    std::unique_ptr<Staging> staging_;
};

[[nodiscard]] std::unique_ptr<Upload> make_cuda_upload(std::shared_ptr<CudaContext> context);

}  // namespace unmask
