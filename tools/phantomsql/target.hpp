/// @file Defines `target`: what phantomsql talks to, an embedded directory or a server.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomsql {

/// How values of a column stand in JSON.
enum class json_form { text, number, boolean, json };

struct result_column {
    std::string name;
    bool right_aligned = false;  ///< numbers
    json_form in_json = json_form::text;
};

using cell = std::optional<std::string>;  ///< text form; nothing for NULL

/// What a statement reports when it fails.
struct report {
    std::string severity = "ERROR", code, message, detail, hint, context;
    int position = 0;  ///< character in the text that was sent, from 1; 0 unknown
};

/// Receives what statements produce, in order.
class receiver {
public:
    virtual ~receiver() = default;
    virtual void begin(std::vector<result_column> const& columns) = 0;
    virtual void row(std::vector<cell> const& cells) = 0;
    virtual void complete(std::string_view tag) = 0;
    virtual void notice(report const& said) = 0;
    /// COPY … TO STDOUT: bytes to pass on.
    virtual void copy_out(std::string_view bytes) = 0;
    /// COPY … FROM STDIN: the next bytes; false at the end.
    virtual bool copy_in(std::string& bytes) = 0;
};

/// One connection. `run` throws `report` when a statement fails.
class target {
public:
    virtual ~target() = default;
    virtual void run(std::string_view script, receiver& to) = 0;
    virtual void cancel() = 0;                    ///< from a signal handler's thread
    virtual char transaction_status() const = 0;  ///< 'I', 'T' or 'E'
    virtual std::string database() const = 0;
    virtual std::string description() const = 0;  ///< for \conninfo
    virtual std::unique_ptr<target> reconnect(std::string const& database) const = 0;
};

/// Opens a directory (created if it is not there) or connects to a postgresql:// URL or key=value string.
/// Throws `report`.
std::unique_ptr<target> open_embedded(std::string const& directory, std::string const& database);
std::unique_ptr<target> connect_to_server(std::string const& url);

}  // namespace phantomsql
