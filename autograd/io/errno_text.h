#pragma once

#include <cerrno>
#include <string>
#include <system_error>

namespace taper::io {

/// What the system says about an error number: "No such file or directory".
inline std::string errno_text(int error = errno) { return std::generic_category().message(error); }

}  // namespace taper::io
