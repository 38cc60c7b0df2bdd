// SPDX-License-Identifier: Apache-2.0
// How the emulated GPU learns what happens to memory (races.h).
#include "tests/simt/watching.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "tests/simt/machine_state.h"

namespace simt {

namespace {
bool there_is_watched_code = false;  // told before anything else is constructed
}

void watch() {
    there_is_watched_code = true;
}
Races* races() {
    if (!there_is_watched_code) return nullptr;
    static auto* const the_races = new Races;  // memory may come back when the program ends
    return the_races;
}

void fence() {
    if (Races* watch = races()) watch->fence(machine().current->number);
}

AtomicScope::AtomicScope() {
    machine().in_atomic = true;
}
AtomicScope::~AtomicScope() {
    machine().in_atomic = false;
}

void fork() {
    ++machine().forks;
}
int64_t forks() {
    return machine().forks;
}
void use_chain(int chain) {
    machine().place = {machine().forks, chain};
}
void begin_replay() {
    if (Races* watch = races()) watch->begin_replay();
}
void forget_accesses(const void* memory, size_t bytes) {
    if (Races* watch = races()) watch->forget(memory, bytes);
}

namespace {

void access_as_work(const void* memory, size_t bytes, Races::Kind kind) {
    Races* watch = races();
    if (watch == nullptr || watch->in_order()) return;
    const std::string race = watch->access(memory, bytes, kind);
    if (race.empty()) return;
    throw Fault(fmt::format("a copy or a library's call {} memory that {}, and nothing orders the two",
                            kind == Races::Kind::read ? "reads" : "writes", race));
}

}  // namespace

void reads(const void* memory, size_t bytes) {
    access_as_work(memory, bytes, Races::Kind::read);
}
void writes(const void* memory, size_t bytes) {
    access_as_work(memory, bytes, Races::Kind::write);
}

namespace {

// For addr2line, which knows the line of the source.
std::string text_of_code(const void* code) {
    Dl_info object{};
    if (dladdr(code, &object) == 0) return fmt::format("{}", code);
    const auto offset = static_cast<const char*>(code) - static_cast<const char*>(object.dli_fbase);
    return fmt::format("{:#x} of {}", offset, object.dli_fname);
}

}  // namespace

void access(const void* memory, size_t bytes, bool write, const void* code) {
    Machine& m = machine();
    // First, as watched code constructs the races themselves where it instantiates the same templates.
    if (m.current == nullptr || m.current->fiber.owns(memory)) return;
    Races* watch = races();
    if (watch == nullptr) return;
    if (m.in_atomic && !write) return;  // its write stands for both
    const Races::Kind kind = m.in_atomic ? Races::Kind::atomic
                             : write     ? Races::Kind::write
                                         : Races::Kind::read;
    const std::string race = watch->access(memory, bytes, kind, m.current->number);
    if (race.empty() || m.fault) return;
    // Thrown when the thread stops: the compiler takes its calls for such that throw nothing.
    m.fault = std::make_exception_ptr(make_fault(
        fmt::format("{} {} bytes of {} that {}, and nothing orders the two (code at {})",
                    write ? "writes" : "reads", bytes, m.shared.name_of(memory), race, text_of_code(code))));
}

}  // namespace simt
