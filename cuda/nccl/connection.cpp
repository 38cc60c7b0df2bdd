// SPDX-License-Identifier: Apache-2.0
#include "cuda/nccl/connection.h"

#include <fmt/format.h>

#include <chrono>
#include <future>
#include <thread>
#include <utility>

namespace unmask {

// ncclCommAbort first lets the kernels under way end, and then waits until no recorded work holds the
// communicator, which the caller may be about to destroy: it runs beside the caller.
struct NcclConnection::Abortion {
    std::thread thread;
    std::future<void> ended;
};

ncclUniqueId NcclConnection::unique_id() {
    const NcclLibrary& library = NcclLibrary::get();
    ncclUniqueId id{};
    if (const ncclResult_t status = library.get_unique_id(&id); status != ncclSuccess)
        fail("ncclGetUniqueId: {}", library.error_string(status));
    return id;
}

NcclConnection::NcclConnection(int rank, int size, const ncclUniqueId& id, RankPatience& patience)
    : library_(NcclLibrary::get()), patience_(patience), rank_(rank), size_(size) {
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    const ncclResult_t status = library_.comm_init_rank_config(&communicator_, size_, id, rank_, &config);
    try {
        complete(status, "ncclCommInitRankConfig");
    } catch (...) {  // no destructor follows
        abort();
        if (abortion_) abortion_->thread.join();
        throw;
    }
}

NcclConnection::~NcclConnection() {
    abort();
    if (!abortion_) return;
    // What recorded the calls may live longer than this, and the program shall end all the same.
    constexpr auto most = std::chrono::seconds(2);
    if (abortion_->ended.wait_for(most) == std::future_status::ready)
        abortion_->thread.join();
    else
        abortion_->thread.detach();
}

void NcclConnection::abort() {
    if (communicator_ == nullptr) return;
    std::promise<void> ended;
    abortion_ = std::make_unique<Abortion>();
    abortion_->ended = ended.get_future();
    abortion_->thread =
        std::thread([give_up = library_.comm_abort, communicator = std::exchange(communicator_, nullptr),
                     ended = std::move(ended)]() mutable {
            give_up(communicator);
            ended.set_value();
        });
}

ncclComm_t NcclConnection::communicator() const {
    if (!lost_.empty()) throw RankLost(lost_);
    UNMASK_ASSERT(communicator_ != nullptr);
    return communicator_;
}

bool NcclConnection::is_ready(const char* call) {
    ncclResult_t state = ncclSuccess;
    const ncclResult_t status = library_.get_async_error(communicator(), &state);
    if (status != ncclSuccess) state = status;
    if (state != ncclSuccess && state != ncclInProgress)
        throw RankLost(fmt::format("rank {}: another rank of this run is lost ({}: {})", rank_, call,
                                   library_.error_string(state)));
    return state == ncclSuccess;
}

void NcclConnection::complete(ncclResult_t result, const char* call) {
    if (result != ncclSuccess && result != ncclInProgress)
        fail("{}: {} (rank {} of {})", call, library_.error_string(result), rank_, size_);
    if (result == ncclInProgress) wait_until([&] { return is_ready(call); }, call);
}

void NcclConnection::wait_until(const std::function<bool()>& done, const char* call) try {
    patience_.wait(done, call);
} catch (const RankLost& error) {
    lost_ = error.what();
    abort();
    throw;
}

void NcclConnection::all_gather(const void* own, void* all, size_t bytes, cudaStream_t stream) {
    complete(library_.all_gather(own, all, bytes, ncclUint8, communicator(), stream), "ncclAllGather");
}

void NcclConnection::all_reduce(void* values, size_t count, ncclDataType_t type, cudaStream_t stream) {
    complete(library_.all_reduce(values, values, count, type, ncclSum, communicator(), stream),
             "ncclAllReduce");
}

void NcclConnection::broadcast(void* values, size_t bytes, int from, cudaStream_t stream) {
    complete(library_.broadcast(values, values, bytes, ncclUint8, from, communicator(), stream),
             "ncclBroadcast");
}

void NcclConnection::wait(const std::function<bool()>& done) {
    constexpr const char* what = "the device";
    const auto looked_after = [&] {
        static_cast<void>(is_ready(what));  // an error ends the waiting
        return done();
    };
    wait_until(looked_after, what);
}

void NcclConnection::leave() {
    complete(library_.comm_finalize(communicator()), "ncclCommFinalize");
    const ncclResult_t status = library_.comm_destroy(std::exchange(communicator_, nullptr));
    if (status != ncclSuccess && status != ncclInProgress)
        fail("ncclCommDestroy: {} (rank {} of {})", library_.error_string(status), rank_, size_);
}

}  // namespace unmask
