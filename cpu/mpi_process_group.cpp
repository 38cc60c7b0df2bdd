// SPDX-License-Identifier: Apache-2.0
// A process group by MPI. Calls wait by asking, with short sleeps, so that a rank that waits leaves the
// processor to the others and notices when one is lost. Sums that run beside the caller are the work of a
// thread with a communicator of its own.
#include <fmt/format.h>
#include <mpi.h>

#include <chrono>
#include <climits>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/error.h"
#include "engine/process_group.h"

namespace unmask {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

void check(int code, const char* call) {
    if (code == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    fail("{}: {}", call, std::string_view(text, size_t(length)));
}

// How long to wait for the others.
class Patience {
  public:
    void set_stop_request(std::function<bool()> asked) {
        const std::lock_guard lock(mutex_);
        asked_ = std::move(asked);
    }
    void set_timeout(double seconds) {
        const std::lock_guard lock(mutex_);
        timeout_ = seconds;
    }
    // Nobody waits any longer.
    void end() {
        const std::lock_guard lock(mutex_);
        timeout_ = 0;
    }
    void wait(MPI_Request& request, const char* call, int rank) {
        const Clock::time_point begin = Clock::now();
        std::optional<Clock::time_point> asked;
        for (int tries = 0;; ++tries) {
            int done = 0;
            check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), call);
            if (done != 0) return;
            if (tries < 200) {
                std::this_thread::yield();
                continue;
            }
            std::this_thread::sleep_for(std::chrono::microseconds(20));
            if (tries % 64 != 0) continue;  // about every 5 ms
            const std::lock_guard lock(mutex_);
            if (!asked && asked_ && asked_()) asked = Clock::now();
            if ((rank == 0 && asked && seconds_since(*asked) > grace_seconds) ||
                seconds_since(begin) > timeout_)
                throw RankLost(fmt::format(
                    "rank {}: another rank of this run does not answer any more ({} waited {:.1f} s)", rank,
                    call, seconds_since(begin)));
        }
    }

  private:
    static constexpr double grace_seconds = 0.5;
    std::mutex mutex_;
    std::function<bool()> asked_;
    double timeout_ = 1800;
};

MPI_Datatype type_of(const Tensor& values) {
    switch (values.dtype()) {
        case DType::f32:
            return MPI_FLOAT;
        case DType::f64:
            return MPI_DOUBLE;
        default:
            fail("all_reduce: expected f32 or f64, found {}", name_of(values.dtype()));
    }
}

constexpr int64_t most_elements = int64_t{1} << 30;  // of one call, whose counts are ints

// A communicator like the world's that reports errors.
class OwnCommunicator {
  public:
    OwnCommunicator() {
        check(MPI_Comm_dup(MPI_COMM_WORLD, &value_), "MPI_Comm_dup");
        check(MPI_Comm_set_errhandler(value_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    }
    operator MPI_Comm() const { return value_; }
    void free() { MPI_Comm_free(&value_); }

  private:
    MPI_Comm value_ = MPI_COMM_NULL;
};

void sum(Tensor& values, MPI_Comm communicator, Patience& patience, int rank) {
    const size_t unit = size_of(values.dtype());
    for (int64_t begin = 0; begin < values.numel(); begin += most_elements) {
        const int count = int(std::min(most_elements, values.numel() - begin));
        MPI_Request request = MPI_REQUEST_NULL;
        check(MPI_Iallreduce(MPI_IN_PLACE, static_cast<std::byte*>(values.raw()) + size_t(begin) * unit,
                             count, type_of(values), MPI_SUM, communicator, &request),
              "MPI_Iallreduce");
        patience.wait(request, "MPI_Iallreduce", rank);
    }
}

// Adds up one tensor after the other on a thread.
class Background {
  public:
    Background(Patience& patience, int rank)
        : patience_(patience), rank_(rank), thread_([this] { work(); }) {}
    ~Background() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    void free_communicator() { communicator_.free(); }
    void begin(Tensor values) {
        {
            const std::lock_guard lock(mutex_);
            queue_.push_back(std::move(values));
        }
        changed_.notify_all();
    }
    void finish() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return queue_.empty() || error_; });
        if (error_) std::rethrow_exception(error_);
    }

  private:
    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (stopping_) return;
            Tensor values = queue_.front();
            lock.unlock();
            std::exception_ptr error;
            try {
                sum(values, communicator_, patience_, rank_);
            } catch (...) {
                error = std::current_exception();
            }
            lock.lock();
            queue_.pop_front();
            if (error) error_ = error;
            changed_.notify_all();
            if (error) return;
        }
    }

    Patience& patience_;
    int rank_;
    OwnCommunicator communicator_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Tensor> queue_;  // the first is being added up
    std::exception_ptr error_;
    bool stopping_ = false;
    std::thread thread_;
};

class MpiGroup final : public ProcessGroup {
  public:
    MpiGroup() {
        check(MPI_Comm_rank(world_, &rank_), "MPI_Comm_rank");
        check(MPI_Comm_size(world_, &size_), "MPI_Comm_size");
        MPI_Comm machine = MPI_COMM_NULL;
        check(MPI_Comm_split_type(world_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine),
              "MPI_Comm_split_type");
        check(MPI_Comm_rank(machine, &local_rank_), "MPI_Comm_rank");
        check(MPI_Comm_size(machine, &local_size_), "MPI_Comm_size");
        MPI_Comm_free(&machine);
        background_.emplace(patience_, rank_);
    }
    ~MpiGroup() override { patience_.end(); }

    [[nodiscard]] int rank() const override { return rank_; }
    [[nodiscard]] int size() const override { return size_; }
    [[nodiscard]] int local_rank() const override { return local_rank_; }
    [[nodiscard]] int local_size() const override { return local_size_; }
    [[nodiscard]] Device device() const override { return cpu_device; }
    void set_stop_request(std::function<bool()> asked) override {
        patience_.set_stop_request(std::move(asked));
    }
    void set_timeout(double seconds) override { patience_.set_timeout(seconds); }

    void all_gather(const Tensor& own, Tensor& all) override {
        if (own.bytes() * size_t(size_) != all.bytes())
            fail("all_gather: expected room for {} times {}, found {}", size_, own.shape().str(),
                 all.shape().str());
        // Rows are the units, so that their number fits an int where the bytes do not.
        const int64_t rows = own.rank() > 0 ? own.dim(0) : 1;
        if (own.numel() == 0) return;
        const size_t row_bytes = own.bytes() / size_t(rows);
        if (row_bytes > size_t{INT_MAX} || rows > INT_MAX)
            fail("all_gather: {} is too large for one call", own.shape().str());
        MPI_Datatype row = MPI_DATATYPE_NULL;
        check(MPI_Type_contiguous(int(row_bytes), MPI_BYTE, &row), "MPI_Type_contiguous");
        check(MPI_Type_commit(&row), "MPI_Type_commit");
        MPI_Request request = MPI_REQUEST_NULL;
        check(MPI_Iallgather(own.raw(), int(rows), row, all.raw(), int(rows), row, world_, &request),
              "MPI_Iallgather");
        patience_.wait(request, "MPI_Iallgather", rank_);
        MPI_Type_free(&row);
    }
    void all_reduce(Tensor& values) override { sum(values, world_, patience_, rank_); }
    void broadcast(Tensor& values, int from) override {
        auto* bytes = static_cast<std::byte*>(values.raw());
        for (size_t begin = 0; begin < values.bytes(); begin += size_t{most_elements}) {
            const int count = int(std::min(size_t{most_elements}, values.bytes() - begin));
            MPI_Request request = MPI_REQUEST_NULL;
            check(MPI_Ibcast(bytes + begin, count, MPI_BYTE, from, world_, &request), "MPI_Ibcast");
            patience_.wait(request, "MPI_Ibcast", rank_);
        }
    }
    void begin_all_reduce(Tensor values) override { background_->begin(std::move(values)); }
    void finish_all_reduces() override { background_->finish(); }

    void leave() override {
        if (left_) return;
        unmask::barrier(*this);
        background_->free_communicator();
        background_.reset();
        world_.free();
        left_ = true;
        check(MPI_Finalize(), "MPI_Finalize");
    }

  private:
    OwnCommunicator world_;
    Patience patience_;
    std::optional<Background> background_;
    int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
    bool left_ = false;
};

std::unique_ptr<ProcessGroup> join() {
    int provided = MPI_THREAD_SINGLE;
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided), "MPI_Init_thread");
    if (provided < MPI_THREAD_MULTIPLE)
        fail("this MPI library does not let several threads call it (MPI_THREAD_MULTIPLE)");
    return std::make_unique<MpiGroup>();
}

const struct Registration {
    Registration() { set_process_group_factory(&join); }
} registration;

}  // namespace
}  // namespace unmask
