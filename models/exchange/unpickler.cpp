// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/unpickler.h"

#include "models/exchange/pickle_code.h"
#include "models/exchange/pickle_machine.h"

namespace unmask {

std::optional<PickleId> PickleMachine::step() {
    instruction_ = place_;
    const auto code = number<uint8_t>();
    switch (static_cast<PickleCode>(code)) {
        case PickleCode::protocol:
            if (const auto version = number<uint8_t>(); version < 2 || version > 5)
                fail("expected pickle protocol 2 to 5, found {}", version);
            break;
        case PickleCode::frame:
            static_cast<void>(number<uint64_t>());  // only tells readers how much to fetch
            break;
        case PickleCode::stop:
            return pop();
        case PickleCode::mark:
            marks_.push_back(stack_.size());
            break;
        case PickleCode::pop:
            if (stack_.size() > floor())
                stack_.pop_back();
            else
                static_cast<void>(pop_to_mark());
            break;
        case PickleCode::pop_mark:
            static_cast<void>(pop_to_mark());
            break;
        case PickleCode::duplicate:
            stack_.push_back(top());
            break;
        case PickleCode::none:
            stack_.push_back(none_);
            break;
        case PickleCode::new_true:
            push(true);
            break;
        case PickleCode::new_false:
            push(false);
            break;
        case PickleCode::uint8:
            push(int64_t{number<uint8_t>()});
            break;
        case PickleCode::uint16:
            push(int64_t{number<uint16_t>()});
            break;
        case PickleCode::int32:
            push(int64_t{number<int32_t>()});
            break;
        case PickleCode::long1:
            push_long(number<uint8_t>());
            break;
        case PickleCode::long4: {
            const auto count = number<int32_t>();
            if (count < 0) fail("a number of {} bytes", count);
            push_long(static_cast<uint64_t>(count));
            break;
        }
        case PickleCode::float64:
            push_float();
            break;
        case PickleCode::short_text:
        case PickleCode::short_bytes_string:
        case PickleCode::short_bytes:
            push_text(number<uint8_t>());
            break;
        case PickleCode::text:
        case PickleCode::bytes:
            push_text(number<uint32_t>());
            break;
        case PickleCode::bytes_string: {
            const auto count = number<int32_t>();
            if (count < 0) fail("a text of {} bytes", count);
            push_text(static_cast<uint64_t>(count));
            break;
        }
        case PickleCode::text8:
        case PickleCode::bytes8:
            push_text(number<uint64_t>());
            break;
        case PickleCode::empty_list:
        case PickleCode::empty_set:
            push(PickleSequence{{}, true});
            break;
        case PickleCode::empty_tuple:
            push(PickleSequence{});
            break;
        case PickleCode::empty_dict:
            push(PickleDict{});
            break;
        case PickleCode::list_from_mark:
            push(PickleSequence{pop_to_mark(), true});
            break;
        case PickleCode::tuple_from_mark:
        case PickleCode::frozen_set:
            push(PickleSequence{pop_to_mark()});
            break;
        case PickleCode::dict_from_mark:
            push(PickleDict{pairs(pop_to_mark())});
            break;
        case PickleCode::tuple1:
            push(PickleSequence{pop_several(1)});
            break;
        case PickleCode::tuple2:
            push(PickleSequence{pop_several(2)});
            break;
        case PickleCode::tuple3:
            push(PickleSequence{pop_several(3)});
            break;
        case PickleCode::append:
            append({pop()});
            break;
        case PickleCode::appends:
        case PickleCode::add_items:
            append(pop_to_mark());
            break;
        case PickleCode::set_item:
            set_items(pop_several(2));
            break;
        case PickleCode::set_items:
            set_items(pop_to_mark());
            break;
        case PickleCode::get_uint8:
            get(number<uint8_t>());
            break;
        case PickleCode::get_uint32:
            get(number<uint32_t>());
            break;
        case PickleCode::put_uint8:
            memo_[number<uint8_t>()] = top();
            break;
        case PickleCode::put_uint32:
            memo_[number<uint32_t>()] = top();
            break;
        case PickleCode::memoize:
            memo_[static_cast<uint32_t>(memo_.size())] = top();
            break;
        case PickleCode::global: {
            const std::string_view module = line();
            push_global(module, line());
            break;
        }
        case PickleCode::stack_global: {
            const PickleId name = pop(), module = pop();
            push_global(values_.text_at(module, "a global's module"),
                        values_.text_at(name, "a global's name"));
            break;
        }
        case PickleCode::reduce:
        case PickleCode::new_object:
            call();
            break;
        case PickleCode::build: {
            const PickleId state = pop();
            objects_.set_state(values_, top(), state);
            break;
        }
        case PickleCode::persistent_id:
            push(objects_.persistent(values_, pop()));
            break;
        default:
            fail("0x{:02x} is no instruction of a state dict's pickle", code);
    }
    return {};
}

PickleId unpickle(std::string_view bytes, PickleObjects& objects, PickleValues& values, size_t& used) {
    return PickleMachine(bytes, objects, values).run(used);
}

}  // namespace unmask
