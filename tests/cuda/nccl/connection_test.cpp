// SPDX-License-Identifier: Apache-2.0
// A rank that is lost ends what waits for it, with a library that stands in for NCCL's.
#include "cuda/nccl/connection.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include "tests/cuda/nccl/fake_nccl.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

constexpr int for_ever = 1 << 30;

FakeNccl& loaded() {
    // The same file as NcclLibrary's, which must not be a real one.
    void* library = ::dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(::dlerror());
    auto* give = reinterpret_cast<decltype(&fake_nccl)>(::dlsym(library, "fake_nccl"));
    if (give == nullptr) throw std::runtime_error("libnccl.so.2 is not the test's own");
    return *give();
}

class NcclConnections : public testing::Test {
  protected:
    NcclConnections() {
        fake_.polls_in_progress = 0;
        fake_.state = fake_.returned = ncclSuccess;
        fake_.abort_hangs = false;
        fake_.milliseconds = 0;
        fake_.message = "";
        fake_.overlaps = 0;
        fake_.operations = fake_.aborted = fake_.finalized = fake_.destroyed = 0;
        patience_.set_timeout(60);
    }
    [[nodiscard]] std::unique_ptr<NcclConnection> connect() {
        return std::make_unique<NcclConnection>(1, 2, NcclConnection::unique_id(), patience_);
    }
    // The call throws RankLost before the minute is over that the other ranks may take otherwise.
    template <class Call>
    void expect_lost(Call call, const std::string& part) {
        try {
            call();
            FAIL() << "nothing was thrown";
        } catch (const RankLost& error) {
            EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
        }
    }
    // The call that gives up runs beside the test.
    void expect_given_up_once() {
        for (int i = 0; i < 5000 && fake_.aborted == 0; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        EXPECT_EQ(fake_.aborted, 1);
        EXPECT_EQ(fake_.destroyed, 0);
        EXPECT_EQ(fake_.finalized, 0);
    }

    FakeNccl& fake_ = loaded();
    RankPatience patience_{1};
};

TEST_F(NcclConnections, AddUpInOneOrderInDeterministicMode) {
    constexpr const char* variable = "NCCL_NVLS_ENABLE";
    const auto value_for = [&](bool deterministic) {
        const ComputeModeScope mode({.deterministic = deterministic});
        static_cast<void>(connect());
        const char* value = std::getenv(variable);
        return std::string(value == nullptr ? "none" : value);
    };
    ::unsetenv(variable);
    EXPECT_EQ(value_for(false), "none");
    EXPECT_EQ(value_for(true), "0");
    ::setenv(variable, "1", 1);
    EXPECT_EQ(value_for(true), "1") << "the user's own";
    ::unsetenv(variable);
}

TEST_F(NcclConnections, WaitForTheOthersAndLeaveInOrder) {
    fake_.returned = ncclInProgress;
    fake_.polls_in_progress = 3;
    auto connection = connect();
    EXPECT_EQ(fake_.blocking, 0);
    EXPECT_EQ(fake_.polls_in_progress, 0);
    fake_.polls_in_progress = 2;
    connection->all_reduce(nullptr, 1, ncclFloat32, nullptr);
    connection->all_gather(nullptr, nullptr, 1, nullptr);
    connection->broadcast(nullptr, 1, 0, nullptr);
    EXPECT_EQ(fake_.polls_in_progress, 0);
    EXPECT_EQ(fake_.operations, 3);
    int asked = 0;
    connection->wait([&] { return ++asked == 300; });
    EXPECT_EQ(asked, 300);
    connection->leave();
    connection.reset();
    EXPECT_EQ(fake_.finalized, 1);
    EXPECT_EQ(fake_.destroyed, 1);
    EXPECT_EQ(fake_.aborted, 0);
}

TEST_F(NcclConnections, ARankThatNeverComesIsLost) {
    fake_.returned = ncclInProgress;
    fake_.polls_in_progress = for_ever;
    patience_.set_timeout(0.01);
    expect_lost([&] { (void)connect(); }, "ncclCommInitRankConfig");
    expect_given_up_once();
}

TEST_F(NcclConnections, AnErrorOfNcclsEndsTheWaiting) {
    auto connection = connect();
    fake_.state = ncclRemoteError;
    expect_lost([&] { connection->wait([] { return false; }); }, "remote process exited");
    // No call reaches NCCL any more.
    expect_lost([&] { connection->all_reduce(nullptr, 1, ncclFloat32, nullptr); }, "remote process exited");
    expect_lost([&] { connection->leave(); }, "remote process exited");
    EXPECT_EQ(fake_.operations, 0);
    connection.reset();
    expect_given_up_once();
}

TEST_F(NcclConnections, ADeviceThatNeverEndsIsGivenUp) {
    auto connection = connect();
    patience_.set_timeout(0.01);
    expect_lost([&] { connection->wait([] { return false; }); }, "does not answer any more (the device");
    expect_given_up_once();  // at once, so that the device's work ends
    connection.reset();
    expect_given_up_once();
}

// A call of CUDA's that the device holds up returns when the communicator is aborted, as this waiting does.
TEST_F(NcclConnections, AWatchGivesUpForACallerThatIsHeldUp) {
    for (const bool told : {true, false}) {
        fake_.aborted = fake_.operations = 0;
        auto connection = connect();
        const auto watch = connection->watch();
        if (told)
            fake_.state = ncclRemoteError;
        else
            patience_.set_timeout(0.01);
        expect_given_up_once();
        fake_.state = ncclSuccess;
        const char* reason = told ? "remote process exited" : "does not answer any more (the device";
        expect_lost([&] { connection->all_reduce(nullptr, 1, ncclFloat32, nullptr); }, reason);
        expect_lost([&] { connection->wait([] { return true; }); }, reason);
        EXPECT_EQ(fake_.operations, 0);
    }
}

TEST_F(NcclConnections, AWatchLeavesRanksThatAnswerAlone) {
    fake_.milliseconds = 1;
    auto connection = connect();
    {
        const auto watch = connection->watch();
        for (int i = 0; i < 30; ++i) connection->all_reduce(nullptr, 1, ncclFloat32, nullptr);
    }
    connection->leave();
    EXPECT_EQ(fake_.operations, 30);
    EXPECT_EQ(fake_.overlaps, 0) << "NCCL allows one thread at a time";
    EXPECT_EQ(fake_.aborted, 0);
}

TEST_F(NcclConnections, ARequestToStopEndsTheWaitingOfTheFirstRankThatIsLeft) {
    auto connection = connect();
    patience_.set_stop_request([] { return true; });
    patience_.set_first_left([] { return true; });
    expect_lost([&] { connection->wait([] { return false; }); }, "does not answer any more");
    connection.reset();
    expect_given_up_once();
}

// NCCL waits for recorded work that holds its calls, which the caller destroys after the error.
TEST_F(NcclConnections, GivingUpWaitsForNobody) {
    fake_.abort_hangs = true;
    auto connection = connect();
    fake_.state = ncclSystemError;
    expect_lost([&] { connection->wait([] { return false; }); }, "another error");
    fake_.abort_hangs = false;
    connection.reset();
    expect_given_up_once();
}

TEST_F(NcclConnections, AnErrorElsewhereGivesUp) {
    connect().reset();
    expect_given_up_once();
}

TEST_F(NcclConnections, LeavingWithoutTheOthersGivesUp) {
    auto connection = connect();
    fake_.returned = ncclInProgress;
    fake_.polls_in_progress = for_ever;
    patience_.set_timeout(0.01);
    expect_lost([&] { connection->leave(); }, "ncclCommFinalize");
    connection.reset();
    EXPECT_EQ(fake_.aborted, 1);
    EXPECT_EQ(fake_.destroyed, 0);
}

TEST_F(NcclConnections, ACallThatIsWrongSaysWhich) {
    auto connection = connect();
    fake_.returned = ncclInvalidArgument;
    fake_.message = "broadcast: the root is not there";
    expect_error([&] { connection->broadcast(nullptr, 1, 0, nullptr); },
                 {"ncclBroadcast", "another error: broadcast: the root is not there (rank 1 of 2)"});
    fake_.returned = ncclSuccess;
    EXPECT_NO_THROW(connection->broadcast(nullptr, 1, 1, nullptr));
    EXPECT_EQ(fake_.aborted, 0);
}

// The device may be waiting for the others, and what is done next would wait for it.
TEST_F(NcclConnections, ACallThatFailsGivesUp) {
    for (const ncclResult_t error :
         {ncclRemoteError, ncclSystemError, ncclInternalError, ncclUnhandledCudaError}) {
        fake_.aborted = fake_.operations = 0;
        auto connection = connect();
        fake_.returned = error;
        const std::string text = error == ncclRemoteError ? "another rank of this run is lost (ncclAllReduce"
                                                          : "the connection to the other ranks of this run";
        expect_lost([&] { connection->all_reduce(nullptr, 1, ncclFloat32, nullptr); }, text);
        expect_given_up_once();
        fake_.returned = ncclSuccess;
        expect_lost([&] { connection->all_gather(nullptr, nullptr, 1, nullptr); }, text);
        EXPECT_EQ(fake_.operations, 1);
    }
}

// As NCCL tells of two ranks on one GPU, after it has begun.
TEST_F(NcclConnections, RanksThatWereStartedWronglyAreNotLost) {
    fake_.returned = ncclInProgress;
    fake_.state = ncclInvalidUsage;
    fake_.message = "Duplicate GPU detected";
    try {
        static_cast<void>(connect());
        FAIL() << "nothing was thrown";
    } catch (const RankLost& error) {
        FAIL() << error.what();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("Duplicate GPU detected (rank 1 of 2)"), std::string::npos)
            << error.what();
    }
    expect_given_up_once();
}

}  // namespace
}  // namespace unmask
