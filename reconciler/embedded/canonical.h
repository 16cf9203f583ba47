// The form in which the API server keeps objects: that of its Go types. What is null is absent, or the empty text in a
// map of texts; of the built-in kinds and of all metadata, what is empty is absent.
#pragma once

#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

// A null in a map of texts (labels, a ConfigMap's data) is "". That counts in an apply, too.
void FillTexts(const Kind& kind, Json& object);

// Nulls go as above, and what its type leaves out when it is empty, zero or false.
void Canonicalize(const Kind& kind, Json& object);

// Of a status that a client wrote: counts of 0 go, which their types leave out.
void DropZeroCounts(const Kind& kind, Json& object);

}  // namespace sluice::embedded
