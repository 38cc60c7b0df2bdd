// SPDX-License-Identifier: Apache-2.0
#include "cuda/nccl/connection.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <stop_token>
#include <thread>
#include <utility>

namespace unmask {
namespace {

constexpr const char* device_text = "the device";

}  // namespace

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

class NcclConnection::Watch final : public RankWatch {
  public:
    explicit Watch(NcclConnection& connection)
        : connection_(connection), thread_([this](const std::stop_token& stop) { work(stop); }) {}

  private:
    void work(const std::stop_token& stop) try {
        constexpr auto pause = std::chrono::milliseconds(5);
        const RankPatience::Clock::time_point begin = RankPatience::Clock::now();
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested()) {
            connection_.look(begin);
            changed_.wait_for(lock, stop, pause, [] { return false; });
        }
    } catch (const std::exception& error) {
        connection_.give_up(error.what());
    }

    NcclConnection& connection_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::jthread thread_;
};

NcclConnection::NcclConnection(int rank, int size, const ncclUniqueId& id, RankPatience& patience)
    : library_(NcclLibrary::get()), patience_(patience), rank_(rank), size_(size) {
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    const ncclResult_t status = library_.comm_init_rank_config(&communicator_, size_, id, rank_, &config);
    constexpr const char* name = "ncclCommInitRankConfig";
    try {
        if (status != ncclSuccess && status != ncclInProgress)
            fail("{} (rank {} of {})", error_text(status, name), rank_, size_);
        if (status == ncclInProgress) wait_until([&] { return is_ready(name); }, name);
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
    auto abortion = std::make_unique<Abortion>();
    abortion->ended = ended.get_future();
    abortion->thread = std::thread(
        [give_up = library_.comm_abort, communicator = communicator_, ended = std::move(ended)]() mutable {
            give_up(communicator);
            ended.set_value();
        });
    communicator_ = nullptr;
    abortion_ = std::move(abortion);
}

void NcclConnection::give_up(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    if (lost_.empty()) lost_ = reason;
    abort();
}

ncclComm_t NcclConnection::communicator() const {
    if (!lost_.empty()) throw RankLost(lost_);
    UNMASK_ASSERT(communicator_ != nullptr);
    return communicator_;
}

bool NcclConnection::is_ready(const char* call) {
    const std::lock_guard lock(mutex_);
    ncclResult_t state = ncclSuccess;
    const ncclResult_t status = library_.get_async_error(communicator(), &state);
    if (status != ncclSuccess) state = status;
    if (state != ncclSuccess && state != ncclInProgress) failed(state, call);
    return state == ncclSuccess;
}

std::string NcclConnection::error_text(ncclResult_t result, const char* call) const {
    const char* more = library_.last_error(communicator_);
    return fmt::format("{}: {}{}{}", call, library_.error_string(result),
                       more == nullptr || *more == '\0' ? "" : ": ", more == nullptr ? "" : more);
}

// Which of the ranks an error of the network or of CUDA's comes from, NCCL does not always tell.
void NcclConnection::failed(ncclResult_t result, const char* call) const {
    const std::string what = error_text(result, call);
    if (result == ncclInvalidArgument || result == ncclInvalidUsage)
        fail("{} (rank {} of {})", what, rank_, size_);
    throw RankLost(fmt::format("rank {}: {} ({})", rank_,
                               result == ncclRemoteError
                                   ? "another rank of this run is lost"
                                   : "the connection to the other ranks of this run is lost",
                               what));
}

void NcclConnection::complete(const char* name, const Call& call) {
    bool made = false;
    const auto done = [&] {
        if (std::exchange(made, true)) return is_ready(name);
        const std::lock_guard lock(mutex_);
        const ncclResult_t result = call(communicator());
        if (result != ncclSuccess && result != ncclInProgress) failed(result, name);
        return result == ncclSuccess;
    };
    wait_until(done, name);
}

void NcclConnection::wait_until(const std::function<bool()>& done, const char* call) try {
    patience_.wait(done, call);
} catch (const RankLost& error) {
    give_up(error.what());
    throw;
}

void NcclConnection::all_gather(const void* own, void* all, size_t bytes, cudaStream_t stream) {
    complete("ncclAllGather", [&](ncclComm_t communicator) {
        return library_.all_gather(own, all, bytes, ncclUint8, communicator, stream);
    });
}

void NcclConnection::all_reduce(void* values, size_t count, ncclDataType_t type, cudaStream_t stream) {
    complete("ncclAllReduce", [&](ncclComm_t communicator) {
        return library_.all_reduce(values, values, count, type, ncclSum, communicator, stream);
    });
}

void NcclConnection::broadcast(void* values, size_t bytes, int from, cudaStream_t stream) {
    complete("ncclBroadcast", [&](ncclComm_t communicator) {
        return library_.broadcast(values, values, bytes, ncclUint8, from, communicator, stream);
    });
}

void NcclConnection::wait(const std::function<bool()>& done) {
    const auto looked_after = [&] {
        static_cast<void>(is_ready(device_text));  // an error ends the waiting
        return done();
    };
    wait_until(looked_after, device_text);
}

void NcclConnection::look(RankPatience::Clock::time_point begin) {
    static_cast<void>(is_ready(device_text));
    patience_.check(begin, device_text);
}

std::unique_ptr<RankWatch> NcclConnection::watch() {
    return std::make_unique<Watch>(*this);
}

void NcclConnection::leave() {
    complete("ncclCommFinalize",
             [this](ncclComm_t communicator) { return library_.comm_finalize(communicator); });
    const std::lock_guard lock(mutex_);
    const ncclResult_t status = library_.comm_destroy(std::exchange(communicator_, nullptr));
    if (status != ncclSuccess && status != ncclInProgress)
        fail("ncclCommDestroy: {} (rank {} of {})", library_.error_string(status), rank_, size_);
}

}  // namespace unmask
