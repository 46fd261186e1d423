/// @file Defines what the embedding API only declares: the store, the log, transactions, migration.
///
/// One translation unit of a program includes this file; CMake's target phantomdb::phantomdb links a library that is made of it.
///
///     g++ -std=c++20 -O2 -I include program.cpp -x c++ include/phantomdb/phantomdb.ipp
#ifndef PHANTOMDB_PHANTOMDB_IPP  // not #pragma once: a compiler may be given this file as its main one
#define PHANTOMDB_PHANTOMDB_IPP

#include <phantomdb/database/data_directory.ipp>
#include <phantomdb/database/explain.ipp>
#include <phantomdb/database/text.ipp>
#include <phantomdb/database/untyped_database.ipp>
#include <phantomdb/database/untyped_work.ipp>
#include <phantomdb/exec/functions/compiled.ipp>
#include <phantomdb/exec/stored_reader.ipp>
#include <phantomdb/query/function_resolution.ipp>
#include <phantomdb/query/to_sql.ipp>
#include <phantomdb/value/document_builder.ipp>

#endif
