#pragma once

#include <string>

/// Makes the folder and those above it; throws taper::Error where that fails.
void make_folder(const std::string& path);

/// Writes the text as a file; throws taper::Error where that fails.
void write_text(const std::string& path, const std::string& text);
