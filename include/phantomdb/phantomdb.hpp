/// @file Includes the embedding API: schemas, typed queries, documents, databases. SQL and the server are apart (sql/, server/).
#pragma once

#include <phantomdb/base/config.hpp>
#include <phantomdb/database/database.hpp>
#include <phantomdb/database/text.hpp>
#include <phantomdb/query/dsl_functions.hpp>
#include <phantomdb/query/verbs.hpp>
#include <phantomdb/schema/document.hpp>
#include <phantomdb/schema/table.hpp>
