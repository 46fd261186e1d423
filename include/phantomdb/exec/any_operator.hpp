/// @file Defines `any_operator`: an operator of a run-time plan behind one indirect call per chunk.
#pragma once

#include <phantomdb/exec/chunk.hpp>
#include <phantomdb/exec/dynamic_context.hpp>
#include <phantomdb/exec/flow.hpp>

#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

namespace phantomdb::exec {

struct chunk_flow;

/// A reference to any sink of chunks. Cheap to copy; does not own.
class chunk_sink {
public:
    template <class F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, chunk_sink>)
    chunk_sink(F& f)  // NOLINT: a reference by design
        : object_(const_cast<void*>(static_cast<void const*>(&f))),
          call_([](void* object, chunk& unit) { return (*static_cast<F*>(object))(unit); }) {}
    flow_signal operator()(chunk& unit) const { return call_(object_, unit); }

private:
    void* object_;
    flow_signal (*call_)(void*, chunk&);
};

/// Any operator over chunks. Owns it.
class any_operator {
public:
    using flow = chunk_flow;

    any_operator() = default;
    /// `plan_node` is where EXPLAIN ANALYZE counts its rows.
    template <class Operator>
    any_operator(std::unique_ptr<Operator> made, query::node plan_node)
        : held_(std::make_unique<model<Operator>>(std::move(made))), plan_node_(plan_node) {}

    template <class Sink>
    flow_signal run(dynamic_context& context, Sink&& sink) {
        if (context.shared.counters != nullptr) [[unlikely]]
            return counted(context, chunk_sink(sink));
        return held_->run(context, chunk_sink(sink));
    }

private:
    struct concept_ {
        virtual ~concept_() = default;
        virtual flow_signal run(dynamic_context& context, chunk_sink sink) = 0;
    };
    template <class Operator>
    struct model final : concept_ {
        explicit model(std::unique_ptr<Operator> made) : held(std::move(made)) {}
        flow_signal run(dynamic_context& context, chunk_sink sink) override { return held->run(context, sink); }
        std::unique_ptr<Operator> held;
    };

    /// Counts rows, and the time spent here and below (but not in the sink above).
    flow_signal counted(dynamic_context& context, chunk_sink sink) {
        using clock = std::chrono::steady_clock;
        auto place = static_cast<std::size_t>(plan_node_);
        std::int64_t above = 0;
        std::uint64_t rows = 0;
        auto watched = [&](chunk& unit) {
            rows += unit.count;
            auto entered = clock::now();
            flow_signal signal = sink(unit);
            above += std::chrono::duration_cast<std::chrono::nanoseconds>(clock::now() - entered).count();
            return signal;
        };
        auto begun = clock::now();
        flow_signal signal = held_->run(context, chunk_sink(watched));
        auto whole = std::chrono::duration_cast<std::chrono::nanoseconds>(clock::now() - begun).count();
        operator_counters& counters = (*context.shared.counters)[place];
        counters.rows += rows;
        counters.loops += 1;
        counters.nanoseconds += whole - above;
        return signal;
    }

    std::unique_ptr<concept_> held_;
    query::node plan_node_ = query::none;
};

}  // namespace phantomdb::exec
