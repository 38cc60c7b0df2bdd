// SPDX-License-Identifier: Apache-2.0
// A process group by MPI. Calls wait by asking, with short sleeps, so that a rank that waits leaves the
// processor to the others and notices when one is lost. Sums that run beside the caller are the work of a
// thread with a communicator of its own.
#include <mpi.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <exception>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "cpu/affinity.h"
#include "engine/error.h"
#include "engine/process_group.h"

namespace unmask {
namespace {

void check(int code, const char* call) {
    if (code == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, text, &length);
    fail("{}: {}", call, std::string_view(text, size_t(length)));
}

// Waits until the request is complete. Where a rank is lost it never is, and MPI may still write to its
// tensors: they are kept for as long as the program runs.
void wait_for(MPI_Request& request, const char* call, RankPatience& patience,
              std::initializer_list<Tensor> tensors) {
    const auto complete = [&] {
        int done = 0;
        check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), call);
        return done != 0;
    };
    try {
        patience.wait(complete, call);
    } catch (...) {
        static std::mutex mutex;
        static auto& kept = *new std::vector<Tensor>;
        const std::lock_guard lock(mutex);
        kept.insert(kept.end(), tensors);
        throw;
    }
}

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

void sum(Tensor& values, MPI_Comm communicator, RankPatience& patience) {
    const size_t unit = size_of(values.dtype());
    for (int64_t begin = 0; begin < values.numel(); begin += most_elements) {
        const int count = int(std::min(most_elements, values.numel() - begin));
        MPI_Request request = MPI_REQUEST_NULL;
        check(MPI_Iallreduce(MPI_IN_PLACE, static_cast<std::byte*>(values.raw()) + size_t(begin) * unit,
                             count, type_of(values), MPI_SUM, communicator, &request),
              "MPI_Iallreduce");
        wait_for(request, "MPI_Iallreduce", patience, {values});
    }
}

// Adds up one tensor after the other on a thread.
class Background {
  public:
    explicit Background(RankPatience& patience) : patience_(patience), thread_([this] { work(); }) {}
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
                sum(values, communicator_, patience_);
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

    RankPatience& patience_;
    OwnCommunicator communicator_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Tensor> queue_;  // the first is being added up
    std::exception_ptr error_;
    bool stopping_ = false;
    std::thread thread_;
};

// The processes of this machine with the ranks that they are.
class Neighbours {
  public:
    explicit Neighbours(int rank) {
        MPI_Comm machine = MPI_COMM_NULL;
        check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &machine),
              "MPI_Comm_split_type");
        check(MPI_Comm_rank(machine, &local_rank_), "MPI_Comm_rank");
        int size = 1;
        check(MPI_Comm_size(machine, &size), "MPI_Comm_size");
        const std::array own{rank, int(::getpid())};
        processes_.resize(size_t(size));
        check(MPI_Allgather(own.data(), 2, MPI_INT, processes_.data(), 2, MPI_INT, machine), "MPI_Allgather");
        share_cpus(machine);
        MPI_Comm_free(&machine);
    }
    [[nodiscard]] int local_rank() const { return local_rank_; }
    [[nodiscard]] int local_size() const { return int(processes_.size()); }
    [[nodiscard]] int cpus() const { return cpus_; }
    // Whether a process is seen to have ended, and with it those of all ranks before this one; those of other
    // machines are not seen.
    [[nodiscard]] bool is_first_left(int rank) const {
        int ended = 0, before = 0;
        for (const auto& [other, process] : processes_) {
            if (::kill(process, 0) == 0 || errno != ESRCH) continue;
            ++ended;
            if (other < rank) ++before;
        }
        return ended > 0 && before == rank;
    }

  private:
    void share_cpus(MPI_Comm machine) {
        const std::vector<int> own = usable_cpus();
        int count = own.back() + 1;
        check(MPI_Allreduce(MPI_IN_PLACE, &count, 1, MPI_INT, MPI_MAX, machine), "MPI_Allreduce");
        std::vector<int> users(static_cast<size_t>(count));
        for (const int cpu : own) users[size_t(cpu)] = 1;
        check(MPI_Allreduce(MPI_IN_PLACE, users.data(), count, MPI_INT, MPI_SUM, machine), "MPI_Allreduce");
        cpus_ = cpu_share(own, users);
        check(MPI_Allreduce(MPI_IN_PLACE, &cpus_, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD), "MPI_Allreduce");
    }

    int local_rank_ = 0, cpus_ = 1;
    std::vector<std::array<int, 2>> processes_;  // rank and process id
};

int own_rank() {
    int rank = 0;
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank), "MPI_Comm_rank");
    return rank;
}

class MpiGroup final : public ProcessGroup {
  public:
    MpiGroup() : rank_(own_rank()), patience_(rank_), neighbours_(rank_) {
        check(MPI_Comm_size(world_, &size_), "MPI_Comm_size");
        patience_.set_first_left([this] { return neighbours_.is_first_left(rank_); });
        background_.emplace(patience_);
    }
    ~MpiGroup() override { patience_.set_timeout(0); }  // nobody waits any longer

    [[nodiscard]] int rank() const override { return rank_; }
    [[nodiscard]] int size() const override { return size_; }
    [[nodiscard]] int local_rank() const override { return neighbours_.local_rank(); }
    [[nodiscard]] int local_size() const override { return neighbours_.local_size(); }
    [[nodiscard]] int cpus() const override { return neighbours_.cpus(); }
    [[nodiscard]] Device device() const override { return cpu_device; }
    [[nodiscard]] RankPatience& patience() override { return patience_; }

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
        const int code =
            MPI_Iallgather(own.raw(), int(rows), row, all.raw(), int(rows), row, world_, &request);
        MPI_Type_free(&row);  // MPI lets go of it when the request is complete
        check(code, "MPI_Iallgather");
        wait_for(request, "MPI_Iallgather", patience_, {own, all});
    }
    void all_reduce(Tensor& values) override { sum(values, world_, patience_); }
    void broadcast(Tensor& values, int from) override {
        auto* bytes = static_cast<std::byte*>(values.raw());
        for (size_t begin = 0; begin < values.bytes(); begin += size_t{most_elements}) {
            const int count = int(std::min(size_t{most_elements}, values.bytes() - begin));
            MPI_Request request = MPI_REQUEST_NULL;
            check(MPI_Ibcast(bytes + begin, count, MPI_BYTE, from, world_, &request), "MPI_Ibcast");
            wait_for(request, "MPI_Ibcast", patience_, {values});
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
    int rank_, size_ = 1;
    RankPatience patience_;
    Neighbours neighbours_;
    std::optional<Background> background_;
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
