// SPDX-License-Identifier: Apache-2.0
#include "engine/gradient_exchange.h"

#include <algorithm>

#include "engine/error.h"

namespace unmask {

GradientExchange::GradientExchange(const FlatParameters& parameters,
                                   const std::function<bool(const std::string& name)>& shared,
                                   Communicator& communicator, size_t bucket_bytes)
    : communicator_(communicator), bucket_bytes_(bucket_bytes) {
    const Tensor& all = parameters.gradients();
    const size_t unit = size_of(all.dtype());
    const auto& entries = parameters.entries();
    // From the end, where backward begins; a bucket is one piece of memory, padding between parameters
    // included.
    size_t begin = 0, end = 0, count = 0;  // of the open bucket, in bytes from the start of all gradients
    const auto close = [&] {
        if (count > 0)
            buckets_.push_back(
                {all.rows(static_cast<int64_t>(begin / unit), static_cast<int64_t>(end / unit)), count});
        count = 0;
    };
    for (size_t i = entries.size(); i-- > 0;) {
        if (!shared(entries[i].name)) {
            close();
            continue;
        }
        const Tensor& gradient = entries[i].variable.gradient();
        const size_t first = gradient.byte_offset() - all.byte_offset();
        if (count > 0 && end - first > bucket_bytes_) close();
        if (count == 0) end = first + gradient.bytes();
        begin = first;
        ++count;
        bucket_of_[gradient.raw()] = buckets_.size();
    }
    close();
}

void GradientExchange::begin() {
    for (Bucket& bucket : buckets_) {
        bucket.missing = bucket.parameters;
        bucket.sent = false;
    }
    early_ = 0;
}

void GradientExchange::complete(const Tensor& gradient) {
    const auto found = bucket_of_.find(gradient.raw());
    if (found == bucket_of_.end()) return;
    Bucket& bucket = buckets_[found->second];
    UNMASK_ASSERT(!bucket.sent && bucket.missing > 0);
    if (--bucket.missing > 0) return;
    send(bucket);
    ++early_;
}

void GradientExchange::send(Bucket& bucket) {
    communicator_.begin_all_reduce(bucket.values);
    bucket.sent = true;
}

// Parameters that this pass did not reach leave their bucket open.
void GradientExchange::finish() {
    for (Bucket& bucket : buckets_)
        if (!bucket.sent) send(bucket);
    communicator_.finish_all_reduces();
}

}  // namespace unmask
