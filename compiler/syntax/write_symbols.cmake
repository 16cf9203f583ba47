# Copies the numbers of tokens and rules out of the generated parser's header into a small one, so that only
# two files have to include the runtime's. PARSER: the generated header; SYMBOLS: the header to write.
file(READ ${PARSER} text)
string(REGEX MATCHALL "enum {[^}]*}" enums "${text}")
list(LENGTH enums count)
if(NOT count EQUAL 2)
  message(FATAL_ERROR "${PARSER}: expected the enumerations of tokens and rules, found ${count}")
endif()
list(GET enums 0 tokens)
list(GET enums 1 rules)
string(REPLACE "enum {" "enum : int {" tokens "${tokens}")
string(REPLACE "enum {" "enum : int {" rules "${rules}")
string(REGEX REPLACE "Rule([A-Z])" "k\\1" rules "${rules}")
file(
  WRITE ${SYMBOLS}
  "// Written from grammar/Plan.g4 by the build.\n// NOLINTBEGIN\n#pragma once\n\nnamespace sluice::syntax::token {\n\n${tokens};\n\n}  // namespace sluice::syntax::token\n\nnamespace sluice::syntax::rule {\n\n${rules};\n\n}  // namespace sluice::syntax::rule\n// NOLINTEND\n"
)
