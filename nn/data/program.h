#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace taper::data {

/// Runs a program, found by PATH and given its arguments without a shell, reading from the file
/// `input`, in `folder` (empty: the current one). Returns what it wrote to its standard output;
/// throws Error with what it wrote to the other where it cannot be run or fails, or writes a file
/// of more than `most_bytes` (0: any).
std::string run_program(const std::vector<std::string>& words,
                        const std::string& input = "/dev/null", const std::string& folder = "",
                        std::uint64_t most_bytes = 0);

}  // namespace taper::data
