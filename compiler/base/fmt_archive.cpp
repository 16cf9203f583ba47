// fmt for programs that link it statically: what its headers leave to the shared library.
#include <fmt/format-inl.h>

namespace fmt::detail {
template thousands_sep_result<char> thousands_sep_impl<char>(locale_ref);
template char decimal_point_impl(locale_ref);
}  // namespace fmt::detail
