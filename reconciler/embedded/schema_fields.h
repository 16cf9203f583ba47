// Which type each field has that a part of the cluster reads.
#pragma once

#include <span>

#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

enum class Type { kText, kInteger, kFlag, kObject, kTexts, kIntegerOrText };

// `[]` after a name: the field is a list, and what follows is said of each item.
struct Field {
  const char* path;
  Type type;
};

using Fields = std::span<const Field>;

// What objects of all kinds have.
Fields CommonFields();
// Of one kind, beside what all have.
Fields FieldsOf(const Kind& kind);

}  // namespace sluice::embedded
