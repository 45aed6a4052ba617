#pragma once

#include <optional>
#include <string>

#include <stdlib.h>

namespace taper::test {

/// Sets an environment variable, or unsets it without a value, until its end.
class Variable {
 public:
  explicit Variable(const char* name, const std::optional<std::string>& value = {}) : name_(name) {
    if (const char* old = ::getenv(name)) old_ = old;
    set(value);
  }
  ~Variable() { set(old_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const std::optional<std::string>& value) {
    if (value)
      ::setenv(name_, value->c_str(), 1);
    else
      ::unsetenv(name_);
  }

  const char* name_;
  std::optional<std::string> old_;
};

}  // namespace taper::test
