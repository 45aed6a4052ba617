#pragma once

namespace taper {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TAPER_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TAPER_SANITIZED true
#endif
#endif
#ifndef TAPER_SANITIZED
#define TAPER_SANITIZED false
#endif

/// Whether a sanitizer watches memory: each block is then a block of its own, with an end of its
/// own.
inline constexpr bool sanitized = TAPER_SANITIZED;

#undef TAPER_SANITIZED

}  // namespace taper
