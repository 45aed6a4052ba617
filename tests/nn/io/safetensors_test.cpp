#include "nn/io/safetensors.h"

#include "tests/nn/io/safetensors_entries.h"
#include "tests/support/error_text.h"
#include "tests/support/files.h"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <random>

#include <sys/stat.h>
#include <unistd.h>

namespace st = taper::safetensors;
using namespace taper::test;

namespace {

std::string length_bytes(std::uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes;
}

// A file with this header and these elements.
std::string file_of(const std::string& header, const std::string& data) {
  return length_bytes(header.size()) + header + data;
}

std::vector<std::byte> read_all(const st::Reader& reader, const std::string& name) {
  std::vector<std::byte> bytes(reader.tensors().at(name).bytes);
  reader.read(name, bytes);
  return bytes;
}

template <class T>
std::vector<T> values_of(const st::Reader& reader, const std::string& name) {
  std::vector<std::byte> bytes = read_all(reader, name);
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

struct ReadFixture {
  TemporaryFolder folder;
  std::string path = folder / "x.safetensors";
  std::string quoted = "\"" + path + "\"";

  std::string load_error(const std::string& content) {
    write_file(path, content);
    return error_text([&] { st::Reader reader(path); });
  }

  // For a file with this header and these elements.
  std::string header_error(const std::string& header, const std::string& data = "") {
    return load_error(file_of(header, data));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(safetensors, ReadFixture)

BOOST_AUTO_TEST_CASE(reads_what_the_formats_own_library_wrote) {
  All all;
  st::Reader reader(safetensors_golden + "all.safetensors");
  BOOST_TEST(reader.tensors().size() == 9u);
  BOOST_TEST(reader.metadata().at("format") == "pt");
  BOOST_TEST(reader.metadata().size() == 1u);
  for (const Entry& entry : all.entries()) {
    const st::Info& info = reader.tensors().at(entry.name);
    BOOST_TEST(info.dtype == entry.dtype);
    BOOST_TEST(info.shape == entry.shape, boost::test_tools::per_element());
    std::vector<std::byte> bytes = read_all(reader, entry.name);
    BOOST_TEST(std::ranges::equal(bytes, entry.bytes), entry.name);
  }
  BOOST_TEST(values_of<double>(reader, "wide") == all.wide, boost::test_tools::per_element());
  BOOST_TEST(st::Reader(safetensors_golden + "nothing.safetensors").tensors().empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_file) {
  auto open = [&](const std::string& name) { return error_text([&] { st::Reader reader(name); }); };
  BOOST_TEST(open(path) == "load: cannot open " + quoted + ": No such file or directory");
  BOOST_TEST(open(folder.path()) == "load: \"" + folder.path() + "\" is not a regular file");
  BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  BOOST_TEST(open(path) == "load: " + quoted + " is not a regular file");
}

BOOST_AUTO_TEST_CASE(length_of_the_header) {
  BOOST_TEST(load_error("") == "load: " + quoted + " holds 0 bytes, a safetensors file at least 8");
  BOOST_TEST(load_error("1234567") ==
             "load: " + quoted + " holds 7 bytes, a safetensors file at least 8");
  BOOST_TEST(load_error(length_bytes(50) + "{}") ==
             "load: " + quoted +
                 " announces a header of 50 bytes, 2 follow; cut off, or not safetensors");
  BOOST_TEST(load_error(length_bytes(100'000'001) + "{}") ==
             "load: " + quoted +
                 " announces a header of 100000001 bytes, 100000000 are allowed; not a "
                 "safetensors file?");
  BOOST_TEST(load_error(length_bytes(UINT64_MAX) + "{}") ==
             "load: " + quoted +
                 " announces a header of 18446744073709551615 bytes, 100000000 are allowed; not a "
                 "safetensors file?");
}

BOOST_AUTO_TEST_CASE(header_that_is_not_json) {
  std::string no_object = "load: " + quoted + ": the header is not a JSON object";
  BOOST_TEST(header_error("") == no_object);
  BOOST_TEST(header_error("[]") == no_object);
  BOOST_TEST(header_error(" {}") == no_object);
  BOOST_TEST(header_error(std::string("{}\0 ", 4)) == no_object);
  std::string broken = "load: " + quoted + ": the header is not valid JSON at its byte ";
  BOOST_TEST(header_error("{") == broken + "2");
  BOOST_TEST(header_error("{} {}") == broken + "4");
  BOOST_TEST(header_error("{\"a\":}") == broken + "6");
  BOOST_TEST(header_error("{\"a\xff\":{}}") == broken + "4");
  BOOST_TEST(header_error("{}   ") == "no error");
}

BOOST_AUTO_TEST_CASE(fields_of_a_tensor) {
  auto text = [&](const std::string& rest) { return "load: " + quoted + rest; };
  BOOST_TEST(header_error(R"({"w":{"shape":[],"data_offsets":[0,4]}})") ==
             text(": tensor \"w\" has no dtype"));
  BOOST_TEST(header_error(R"({"w":{"dtype":"F32","data_offsets":[0,4]}})") ==
             text(": tensor \"w\" has no shape"));
  BOOST_TEST(header_error(R"({"w":{"dtype":"F32","shape":[]}})") ==
             text(": tensor \"w\" has no data_offsets"));
  BOOST_TEST(header_error(R"({"w":{"dtype":"F16","shape":[],"data_offsets":[0,2]}})", "12") ==
             text(": tensor \"w\" has dtype \"F16\"; known are BOOL, U8, I32, F32, F64, I64"));
  BOOST_TEST(header_error(R"({"w":{"dtype":"U8","shape":[],"data_offsets":[0]}})", "1") ==
             text(": tensor \"w\" has 1 data_offsets; expected 2"));
  BOOST_TEST(header_error(R"({"w":{"dtype":"U8","size":1}})") ==
             text(": tensor \"w\" has the unknown field \"size\""));
  std::string dimensions = "1";
  for (int i = 0; i < 64; ++i) dimensions += ",1";
  BOOST_TEST(header_error(R"({"w":{"shape":[)" + dimensions + "]}}") ==
             text(": tensor \"w\" has more than 64 numbers in its shape"));
}

BOOST_AUTO_TEST_CASE(values_where_they_do_not_belong) {
  auto text = [&](const std::string& what, const std::string& where) {
    return "load: " + quoted + ": the header has " + what + " where none belongs, in " + where;
  };
  BOOST_TEST(header_error(R"({"w":1})") == text("a number", "\"w\""));
  BOOST_TEST(header_error(R"({"w":[]})") == text("a list", "\"w\""));
  BOOST_TEST(header_error(R"({"__metadata__":"a"})") == text("a string", "\"__metadata__\""));
  BOOST_TEST(header_error(R"({"__metadata__":{"a":null}})") ==
             text("null", "\"__metadata__\", field \"a\""));
  BOOST_TEST(header_error(R"({"w":{"dtype":true}})") ==
             text("a boolean", "\"w\", field \"dtype\""));
  BOOST_TEST(header_error(R"({"w":{"dtype":["F32"]}})") ==
             text("a list", "\"w\", field \"dtype\""));
  BOOST_TEST(header_error(R"({"w":{"shape":{}}})") == text("an object", "\"w\", field \"shape\""));
  BOOST_TEST(header_error(R"({"w":{"shape":"2"}})") == text("a string", "\"w\", field \"shape\""));
  BOOST_TEST(header_error(R"({"w":{"shape":[2.0]}})") ==
             text("a fraction", "\"w\", field \"shape\""));
  BOOST_TEST(header_error(R"({"w":{"shape":[-2]}})") ==
             text("a negative number", "\"w\", field \"shape\""));
  BOOST_TEST(header_error(R"({"w":{"shape":[9223372036854775808]}})") ==
             text("a number above 2^63", "\"w\", field \"shape\""));
  BOOST_TEST(header_error(R"({"w":{"shape":[[1]]}})") == text("a list", "\"w\", field \"shape\""));
  BOOST_TEST(header_error("{\"w\":" + std::string(1'000'000, '[')) == text("a list", "\"w\""));
}

BOOST_AUTO_TEST_CASE(names_given_twice) {
  const std::string w = R"("w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  BOOST_TEST(header_error("{" + w + "," + w + "}") ==
             "load: " + quoted + ": the header has \"w\" twice");
  BOOST_TEST(header_error(R"({"__metadata__":{},"__metadata__":{}})") ==
             "load: " + quoted + ": the header has \"__metadata__\" twice");
  BOOST_TEST(header_error(R"({"__metadata__":{"a":"1","a":"2"}})") ==
             "load: " + quoted + ": the header has \"a\" twice in \"__metadata__\"");
  BOOST_TEST(header_error(R"({"w":{"dtype":"U8","dtype":"U8"}})") ==
             "load: " + quoted + ": the header has \"dtype\" twice in \"w\"");
  BOOST_TEST(header_error(R"({"w":{"shape":[],"shape":[]}})") ==
             "load: " + quoted + ": the header has \"shape\" twice in \"w\"");
}

BOOST_AUTO_TEST_CASE(sizes_against_the_file) {
  auto text = [&](const std::string& rest) { return "load: " + quoted + rest; };
  auto u8 = [](const std::string& name, const std::string& size, const std::string& offsets) {
    return "\"" + name + R"(":{"dtype":"U8","shape":[)" + size + R"(],"data_offsets":[)" + offsets +
           "]}";
  };
  BOOST_TEST(header_error(R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,48]}})") ==
             text(": tensor \"w\" of dtype F32 and shape [2, 3] needs 24 bytes, has data_offsets "
                  "0 to 48"));
  BOOST_TEST(header_error("{" + u8("w", "1", "2,1") + "}") ==
             text(": tensor \"w\" of dtype U8 and shape [1] needs 1 bytes, has data_offsets 2 to "
                  "1"));
  BOOST_TEST(header_error("{" + u8("w", "4294967296,4294967296,0", "0,0") + "}") == "no error");
  BOOST_TEST(header_error("{" + u8("w", "4294967296,4294967296", "0,0") + "}") ==
             text(": tensor \"w\" has the impossible shape [4294967296, 4294967296]"));
  BOOST_TEST(header_error(R"({"w":{"dtype":"F64","shape":[2305843009213693952],)"
                          R"("data_offsets":[0,0]}})") ==
             text(": tensor \"w\" has the impossible shape [2305843009213693952]"));
  BOOST_TEST(header_error("{" + u8("w", "48", "0,48") + "}", std::string(12, 'x')) ==
             text(" holds 12 bytes after its header, tensor \"w\" needs 48"));
  BOOST_TEST(header_error("{" + u8("w", "9223372036854775807", "0,9223372036854775807") + "}") ==
             text(" holds 0 bytes after its header, tensor \"w\" needs 9223372036854775807"));
  BOOST_TEST(header_error("{" + u8("a", "2", "0,2") + "," + u8("b", "2", "2,4") + "}", "12345") ==
             text(" holds 5 bytes after its header, its tensors need 4"));
  std::string hole = "{" + u8("a", "2", "0,2") + "," + u8("b", "2", "3,5") + "}";
  BOOST_TEST(header_error(hole, "12345") ==
             text(": tensor \"b\" begins at byte 3, expected 2, where the one before it ends"));
  std::string overlap = "{" + u8("a", "2", "0,2") + "," + u8("b", "2", "1,3") + "}";
  BOOST_TEST(header_error(overlap, "123") ==
             text(": tensor \"b\" begins at byte 1, expected 2, where the one before it ends"));
  BOOST_TEST(header_error("{" + u8("b", "2", "2,4") + "," + u8("a", "2", "0,2") + "}", "1234") ==
             "no error");
}

BOOST_AUTO_TEST_CASE(elements) {
  write_file(path, file_of(R"({"m":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})",
                           std::string("\1\2")));
  st::Reader reader(path);
  BOOST_TEST(error_text([&] { read_all(reader, "m"); }) ==
             "load: " + quoted + ": tensor \"m\" of dtype BOOL holds the byte 2, expected 0 or 1");
  std::byte none[1];
  BOOST_TEST(error_text([&] { reader.read("n", none); }) ==
             "load: " + quoted + " has no tensor \"n\"");
  BOOST_REQUIRE(::truncate(path.c_str(), 10) == 0);
  BOOST_TEST(error_text([&] { read_all(reader, "m"); }) ==
             "load: " + quoted + " became shorter while it was read");
}

// Its descriptor, the next free one, is closed behind the reader's back.
BOOST_AUTO_TEST_CASE(file_that_cannot_be_read) {
  int next = ::dup(0);
  ::close(next);
  st::Reader reader(safetensors_golden + "all.safetensors");
  BOOST_REQUIRE(::close(next) == 0);
  BOOST_TEST(error_text([&] { read_all(reader, "wide"); }) ==
             "load: cannot read \"" + safetensors_golden +
                 "all.safetensors\": Bad file descriptor");
}

BOOST_AUTO_TEST_CASE(long_and_wild_names_in_error_texts) {
  std::string name(101, 'a');
  BOOST_TEST(header_error("{\"" + name + "\":0}") ==
             "load: " + quoted + ": the header has a number where none belongs, in \"" +
                 name.substr(1) + "\"...");
  BOOST_TEST(header_error(R"({"\u001b[2J\n":0})") ==
             "load: " + quoted +
                 ": the header has a number where none belongs, in \"\\x1b[2J\\n\"");
}

// Whatever the bytes: an Error or tensors that lie within the file.
BOOST_AUTO_TEST_CASE(random_damage) {
  const std::string sound = read_file(safetensors_golden + "all.safetensors");
  std::mt19937 random(0);
  auto below = [&](std::size_t bound) { return random() % bound; };
  int loaded = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = sound;
    for (std::size_t i = below(3) + 1; i > 0; --i)
      bytes[below(bytes.size())] = static_cast<char>(below(4) == 0 ? below(256) : '0' + below(10));
    if (below(4) == 0) bytes.resize(below(bytes.size()));
    write_file(path, bytes);
    std::string text = error_text([&] {
      st::Reader reader(path);
      for (const auto& [name, info] : reader.tensors()) read_all(reader, name);
    });
    loaded += text == "no error";
    BOOST_TEST((text == "no error" || text.starts_with("load: " + quoted)), text);
  }
  BOOST_TEST(loaded > 0);
  BOOST_TEST(loaded < 1000);
}

BOOST_AUTO_TEST_SUITE_END()
