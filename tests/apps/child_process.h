// SPDX-License-Identifier: Apache-2.0
// The real program as a child that can be watched and killed.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace unmask {

class ChildProcess {
  public:
    // UNMASK_PROGRAM with these arguments; what it says goes to `log`.
    ChildProcess(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
        std::vector<char*> words{const_cast<char*>(UNMASK_PROGRAM)};
        for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
        words.push_back(nullptr);
        ::setenv("OMP_WAIT_POLICY", "passive", 1);  // else the program would start itself once more
        process_ = ::fork();
        if (process_ < 0) throw std::runtime_error("no child process");
        if (process_ > 0) return;
        const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ::dup2(file, STDOUT_FILENO);
        ::dup2(file, STDERR_FILENO);
        ::execv(words[0], words.data());
        ::_exit(127);
    }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess() {
        send(SIGKILL);
        static_cast<void>(wait());
    }

    [[nodiscard]] bool running() {
        if (!ended_) ended_ = ::waitpid(process_, &status_, WNOHANG) == process_;
        return !ended_;
    }
    void send(int signal) {
        if (running()) ::kill(process_, signal);
    }
    [[nodiscard]] pid_t id() const { return process_; }
    // Its exit code, or 128 + the signal that killed it.
    [[nodiscard]] int wait() {
        if (!ended_) ended_ = ::waitpid(process_, &status_, 0) == process_;
        return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    }

  private:
    pid_t process_ = -1;
    int status_ = 0;
    bool ended_ = false;
};

}  // namespace unmask
