/// @file Defines `function_ref`: a borrowed callable of any type, so that what calls it need not be a template.
#pragma once

#include <type_traits>

namespace phantomdb {

template <class Signature>
class function_ref;

/// Calls what it was made from, which must outlive it. Two words; never empty; never allocates.
template <class Result, class... Arguments>
class function_ref<Result(Arguments...)> {
public:
    template <class Callable>
        requires(!std::is_same_v<std::remove_cvref_t<Callable>, function_ref>)
    function_ref(Callable&& callable)  // NOLINT: implicit by design
        : object_(const_cast<void*>(static_cast<void const*>(&callable))),
          call_([](void* object, Arguments... given) -> Result {
              return (*static_cast<std::remove_reference_t<Callable>*>(object))(static_cast<Arguments&&>(given)...);
          }) {}

    Result operator()(Arguments... given) const { return call_(object_, static_cast<Arguments&&>(given)...); }

private:
    void* object_;
    Result (*call_)(void*, Arguments...);
};

}  // namespace phantomdb
