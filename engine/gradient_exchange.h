// SPDX-License-Identifier: Apache-2.0
// Adds the gradients of all ranks while backward is still on its way (as PyTorch's DistributedDataParallel:
// Li et al., VLDB 2020): the flat gradient is cut into buckets, and a bucket goes out when the last of its
// gradients is complete.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/communicator.h"
#include "engine/gradient_listener.h"
#include "engine/optimizer.h"

namespace unmask {

// Adds the gradients of FlatParameters in place over the ranks of a communicator; every rank must make the
// same passes. Errors are the communicator's (RankLost where a rank is lost).
class GradientExchange final : public GradientListener {
  public:
    // Adds up the parameters for which `shared` holds; the others are complete on every rank. The parameters
    // and the communicator must outlive this.
    GradientExchange(const FlatParameters& parameters,
                     const std::function<bool(const std::string& name)>& shared, Communicator& communicator,
                     size_t bucket_bytes = size_t{8} << 20);

    // Before backward, which must run while this is listened to (ListenToGradients).
    void begin();
    void complete(const Tensor& gradient) override;
    [[nodiscard]] size_t portion_bytes() const override { return bucket_bytes_; }
    // After backward: sends what is left and waits until all gradients are the sums.
    void finish();

    [[nodiscard]] size_t buckets() const { return buckets_.size(); }
    // How many of them had gone out before finish(), in the last pass.
    [[nodiscard]] size_t early() const { return early_; }

  private:
    struct Bucket {
        Tensor values;
        size_t parameters = 0;  // in it
        size_t missing = 0;     // of them, in this pass
        bool sent = false;
    };
    void send(Bucket& bucket);

    Communicator& communicator_;
    size_t bucket_bytes_;
    std::vector<Bucket> buckets_;
    std::unordered_map<const void*, size_t> bucket_of_;  // by the gradient's address
    size_t early_ = 0;
};

}  // namespace unmask
