// Text in XML.
#pragma once

#include <string>
#include <string_view>

namespace sluice::simulate {

// As it stands between tags or in an attribute. XML 1.0 has no control characters but tab and line feed, not even
// escaped: these are left out.
std::string XmlText(std::string_view text);

}  // namespace sluice::simulate
