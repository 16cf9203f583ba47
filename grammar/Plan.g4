// The plan language. What the constructs mean stands in README.md beside this file.
//
// Decisions look one token ahead nearly everywhere, so that ANTLR writes plain switches: each clause begins
// with its own word, and what can follow an expression is never the start of one. Keywords are contextual:
// `name` lists all but the reserved ones. Trees are read by rule and token, never by label.
grammar Plan;

tokens {
  POISONED_VALUE, POISONED_CLAUSE,  // put in for what was reported already
  OVER_TIME                         // `always`, `never`, `eventually` behind `expect`: names anywhere else
}

@parser::members {
  // A clause word that stands first on its line is not a name; whoever drives the parser refuses it here.
  // A predicate would say the same and cost every decision that can begin with a name its switch.
  virtual void BeforeName() {}
}

// ------------------------------------------------------------------------------------------- files

chunk : (importDeclaration | declaration | filler)* EOF ;
bareExpression : expression EOF ;

filler : ';' | POISONED_CLAUSE ;

importDeclaration : IMPORT name ('.' name)* ;

declaration
  : annotation*
    ( letDeclaration | functionDeclaration | defaultDeclaration | serviceDeclaration | routeDeclaration
    | objectDeclaration | gateDeclaration | routerDeclaration | providerDeclaration | dialectDeclaration
    | channelDeclaration | rolloutDeclaration | strategyDeclaration | windowDeclaration | clusterDeclaration
    | releaseDeclaration | testDeclaration
    )
  ;

annotation : '@' name arguments? ;

letDeclaration : LET name (':' typeReference)? '=' expression ;
functionDeclaration : FN name parameters ('->' typeReference)? '=' expression ;
defaultDeclaration : DEFAULT name '=' expression ;

declaredName : name | STRING | RAW_STRING ;
repetition : FOR variables IN expression | WHEN expression ;
variables : name (',' name)? ;

parameters : '(' (parameter (',' parameter)* ','?)? ')' ;
parameter : name ':' typeReference refinement? ('=' expression)? ;
refinement : IN additive '..' additive ;

typeReference : (name | SECRET) typeArguments? '?'? | recordType '?'? ;
typeArguments : '<' typeReference (',' typeReference)* '>' ;
recordType : '{' (recordField ','?)* '}' ;
recordField : word ':' typeReference ;

requireClause : REQUIRE expression (ELSE expression)? ;
elseClause : ELSE name ;

// ------------------------------------------------------------------------------------------- service, route, object

serviceDeclaration : SERVICE declaredName (repetition | serviceOrigin)* serviceBody? ;
serviceOrigin : FROM expression (WORKLOAD expression)? ;
serviceBody : '{' (serviceItem | filler)* '}' ;
serviceItem
  : (NAMESPACE | IMAGE | REPLICAS | SURGE | UNAVAILABLE | CPU | MEMORY | COMMAND | ARGS) expression (TO expression)?
    (AT name expression)?
  | PORT name expression
  | PROBE name name postfix probeOption*
  | ENV expression
  | CONFIG expression FROM expression
  | DISRUPTION expression
  | PATCH name mapLiteral
  | requireClause
  ;
probeOption : ON name | (EVERY | TIMEOUT | AFTER) expression ;

routeDeclaration : ROUTE declaredName repetition* routeBody ;
routeBody : '{' (routeItem | filler)* '}' ;
routeItem : (NAMESPACE | HOST | PATH) expression | VIA expression | requireClause ;

objectDeclaration : OBJECT declaredName repetition* mapLiteral ;

// ------------------------------------------------------------------------------------------- gates

gateDeclaration : GATE name parameters? ('=' expression | gateBody) ;
gateBody : '{' (gateItem | filler)* '}' ;
gateItem
  : MEASURE (name '=')? expression (AS name)?
  | PASS WHEN expression
  | FAIL (WHEN expression | AFTER postfix (OF postfix)?)
  | (WINDOW | EVERY) expression
  | (NO_DATA | ERROR) FOR expression elseClause
  | KEEP name ':' typeReference '=' expression THEN expression
  | requireClause
  ;

// ------------------------------------------------------------------------------------------- routers

routerDeclaration : ROUTER name parameters? routerBody ;
routerBody : '{' (routerItem | filler)* '}' ;
routerItem
  : SUPPORTS support (',' support)*
  | OBJECT name (WHEN expression)? mapLiteral
  | EDIT name IN name postfix editBody
  | SETTLED (WHEN expression | AFTER expression)
  | LAG expression
  | SHARES BY name
  | ADDRESS name
  | requireClause
  ;
support : (WEIGHT | MIRROR | REPLICAS | STICKY | PREVIEW | MATCH matchKind matchTest) (BY expression)? ;
matchKind : HEADER | COOKIE | QUERY | METHOD | SOURCE ;
matchTest : IS | MATCHES | IN ;
editBody : '{' (editItem | filler)* '}' ;
editItem : SET postfix TO expression ;

// ------------------------------------------------------------------------------------------- providers, dialects, channels

providerDeclaration : PROVIDER name parameters? providerBody ;
providerBody : '{' (providerFunction | requireClause | filler)* '}' ;
providerFunction : FN name parameters '->' typeReference readingBody ;
readingBody : '{' (readingItem | filler)* '}' ;
readingItem
  : requestClause
  | READ readBody
  | (NO_DATA | ERROR) WHEN expression
  | VALUE expression
  | AT expression
  | requireClause
  ;
readBody : '{' (readItem | filler)* '}' ;
readItem : (API_VERSION | KIND | NAME | NAMESPACE) expression ;
requestClause : REQUEST name postfix requestBody? ;
requestBody : '{' (requestItem | filler)* '}' ;
requestItem
  : (QUERY | BEARER | TIMEOUT | SIGN) expression
  | BODY name expression
  | HEADER postfix operand
  | BASIC postfix operand
  ;

dialectDeclaration : DIALECT name parameters? dialectBody ;
dialectBody : '{' (functionDeclaration | filler)* '}' ;

channelDeclaration : CHANNEL name parameters? ('=' expression | readingBody) ;

// ------------------------------------------------------------------------------------------- rollouts, strategies

strategyDeclaration : STRATEGY name parameters? rolloutBody ;
rolloutDeclaration : ROLLOUT declaredName repetition* rolloutBody ;
rolloutBody : '{' (rolloutItem | filler)* '}' ;
rolloutItem
  : (DEPLOY | THROUGH | USING | WATCH | TOLERANCE | DRAIN) expression
  | DURING expression
  | CAPACITY name
  | DEADLINE expression elseClause?
  | KEEP PREVIOUS FOR expression
  | FAST_TRACK ROLLBACKS WITHIN postfix REVISIONS
  | onClause
  | stepClause
  | requireClause
  ;
onClause : ON name (onBody | name) ;
onBody : '{' HOLD? (actionVerb | filler)* '}' ;

stepClause : annotation* STEP name (repetition | AFTER stepReference (',' stepReference)*)* stepBody ;
stepReference : name ('[' expression ']')? ;
stepBody : '{' (verb | filler)* '}' ;

verb : holdVerb | actionVerb ;
holdVerb : HOLD expression (WHILE expression)? elseClause? (AS name)? ;
actionVerb
  : ( WEIGHT expression
    | REPLICAS expression
    | MATCH (NONE | matchCondition (AND matchCondition)*)
    | MIRROR expression
    | STICKY (NONE | name postfix FOR expression)
    | CHECK expression bound*
    | PAUSE (UNTIL APPROVED (BY expression)? (QUORUM expression)?)? bound*
    | WAIT FOR expression bound*
    | RUN postfix bound*
    | CALL postfix requestBody? bound*
    | NOTIFY postfix operand
    | PROMOTE
    | ROLLBACK ALL?
    | TOGETHER stepBody
    )
    (AS name)?
  ;
matchCondition : ((HEADER | COOKIE | QUERY) postfix | METHOD | SOURCE) matchTest postfix ;
bound : (WITHIN | RETRY) expression | elseClause ;

// ------------------------------------------------------------------------------------------- windows, clusters, releases, tests

windowDeclaration : WINDOW name parameters? ('=' expression | windowBody) ;
windowBody : '{' (windowItem | filler)* '}' ;
windowItem
  : TIMEZONE expression
  | OPEN (days (',' days)*)? CLOCK TO CLOCK
  | CLOSED moment (TO moment)?
  | requireClause
  ;
days : name ('..' name)? ;
moment : postfix CLOCK? ;

clusterDeclaration : CLUSTER declaredName repetition* clusterBody ;
clusterBody : '{' (clusterItem | filler)* '}' ;
clusterItem : (KUBECONFIG | CONTEXT) expression | ATTRIBUTES mapLiteral | requireClause ;

releaseDeclaration : RELEASE declaredName repetition* releaseBody ;
releaseBody : '{' (releaseItem | filler)* '}' ;
releaseItem
  : STAGE name (AFTER name (',' name)* | IRREVERSIBLE)* stageBody
  | ACROSS expression (THEN expression)* ONE_BY_ONE? (',' SOAK expression (WHILE expression)?)?
  | onClause
  | requireClause
  ;
stageBody : '{' (ROLLOUT declaredName | verb | filler)* '}' ;

testDeclaration : TEST declaredName testBody ;
testBody : '{' (testItem | filler)* '}' ;
testItem : SIMULATE declaredName (AS name)? simulationBody | EXPECT OVER_TIME? expression ;
simulationBody : '{' (simulationItem | filler)* '}' ;
simulationItem
  : (CLUSTER | SEED) expression
  | FOR expression  // of the scenario, or of the clause before it
  | STARTS expression CLOCK?
  | STABLE NONE
  | (CANDIDATE | STABLE | PODS) name setting? RAMPING? timing*
  | METRICS setting (name | setting) timing*
  | (METRICS | CONTROLLER | API | NODE | JOBS) name timing*
  | LOAD expression timing*
  | (APPROVE | REJECT) stepReference (BY expression)? timing*
  | (ABORT | PAUSE | RESUME | RETRY | PROMOTE | UNDO) (BY expression)? timing*
  | COMMIT name timing*
  ;
setting : NUMBER | PERCENT | DURATION | STRING | listLiteral | mapLiteral | parenthesized ;
timing : (FROM | TO | AFTER | AT) expression ;

// ------------------------------------------------------------------------------------------- expressions
//
// A ladder, not one left-recursive rule: that predicts with full context on everyday plans. `and` and `or`
// are one rule, because an `if` or an `all` behind them takes all that follows; the tree's builder knows
// which binds tighter.

expression : openExpression | logic ;
openExpression : ifExpression | quantifier ;
ifExpression : IF expression THEN expression ELSE expression ;
quantifier : (ALL | ANY) variables IN expression ':' expression ;
logic : NOT (openExpression | logic) | comparison ((AND | OR) (openExpression | logic))? ;
comparison : additive (comparisonOperator additive)? ;
comparisonOperator : '==' | '!=' | '<' | '<=' | '>' | '>=' | IN | NOT IN | IS NOT? ;
additive : multiplicative (('+' | '-') multiplicative)* ;
multiplicative : coalesce (('*' | '/') coalesce)* ;
coalesce : unary ('??' unary)* ;
unary : '-' unary | secretReference | postfix ;
postfix : primary (member | index | arguments)* ;
operand : secretReference | (STRING | RAW_STRING | POISONED_VALUE | operandName) (member | index | arguments)* ;
member : '.' word ;
index : '[' expression ']' ;
arguments : '(' (argument (',' argument)* ','?)? ')' ;
argument : (word ':')? expression ;

primary
  : NUMBER | PERCENT | DURATION | BYTES | DATE | CLOCK | STRING | RAW_STRING | TRUE | FALSE | NONE
  | POISONED_VALUE
  | operandName
  | listLiteral
  | mapLiteral
  | parenthesized
  | jobLiteral
  ;
operandName : name ;
jobLiteral : JOB jobBody ;
secretReference : SECRET postfix KEY postfix ;
parenthesized : '(' expression ')' ;
listLiteral : '[' (comprehension ':' expression | (expression (',' expression)* ','?)?) ']' ;
mapLiteral : '{' (comprehension ':' expression ':' expression | (mapEntry ','?)*) '}' ;
mapEntry : (word | STRING | RAW_STRING) ':' expression ;
comprehension : FOR variables IN expression (IF expression)? ;
jobBody : '{' (jobItem | filler)* '}' ;
jobItem : (IMAGE | COMMAND | ARGS | ENV | CPU | MEMORY | NAMESPACE | TIMEOUT) expression ;

// Everything that may name a field, a map's key or an argument.
word
  : name | AND | OR | NOT | IF | THEN | ELSE | IN | IS | FOR | TRUE | FALSE | NONE | ALL | ANY | SECRET | JOB
  ;

// Every word that is not reserved.
name
@init { BeforeName(); }
  : ID | ABORT | ACROSS | ADDRESS | AFTER | API | API_VERSION | APPROVE | APPROVED | ARGS | AS | AT | ATTRIBUTES
  | BASIC | BEARER | BODY | BY | CALL | CANDIDATE | CAPACITY | CHANNEL | CHECK | CLOSED | CLUSTER | COMMAND | COMMIT
  | CONFIG | CONTEXT | CONTROLLER | COOKIE | CPU | DEADLINE | DEFAULT | DEPLOY | DIALECT | DISRUPTION | DRAIN | DURING
  | EDIT | ENV | ERROR | EVERY | EXPECT | FAIL | FAST_TRACK | FN | FROM | GATE | HEADER | HOLD | HOST | IMAGE | IMPORT
  | IRREVERSIBLE | JOBS | KEEP | KEY | KIND | KUBECONFIG | LAG | LET | LOAD | MATCH | MATCHES | MEASURE | MEMORY
  | METHOD | METRICS | MIRROR | NAME | NAMESPACE | NODE | NOTIFY | NO_DATA | OBJECT | OF | ON | ONE_BY_ONE | OPEN
  | PASS | PATCH | PATH | PAUSE | PODS | PORT | PREVIEW | PREVIOUS | PROBE | PROMOTE | PROVIDER | QUERY | QUORUM
  | RAMPING | READ | REJECT | RELEASE | REPLICAS | REQUEST | REQUIRE | RESUME | RETRY | REVISIONS | ROLLBACK
  | ROLLBACKS | ROLLOUT | ROUTE | ROUTER | RUN | SEED | SERVICE | SET | SETTLED | SHARES | SIGN | SIMULATE | SOAK
  | SOURCE | STABLE | STAGE | STARTS | STEP | STICKY | STRATEGY | SUPPORTS | SURGE | TEST | THROUGH | TIMEOUT
  | TIMEZONE | TO | TOGETHER | TOLERANCE | UNAVAILABLE | UNDO | UNTIL | USING | VALUE | VIA | WAIT | WATCH | WEIGHT
  | WHEN | WHILE | WINDOW | WITHIN | WORKLOAD
  ;

// ------------------------------------------------------------------------------------------- words

// Reserved.
AND : 'and' ; OR : 'or' ; NOT : 'not' ; IF : 'if' ; THEN : 'then' ; ELSE : 'else' ; IN : 'in' ; IS : 'is' ;
FOR : 'for' ; TRUE : 'true' ; FALSE : 'false' ; NONE : 'none' ; ALL : 'all' ; ANY : 'any' ; SECRET : 'secret' ;
JOB : 'job' ;

// Contextual.
ABORT : 'abort' ; ACROSS : 'across' ; ADDRESS : 'address' ; AFTER : 'after' ; API : 'api' ;
API_VERSION : 'apiVersion' ; APPROVE : 'approve' ; APPROVED : 'approved' ; ARGS : 'args' ; AS : 'as' ; AT : 'at' ;
ATTRIBUTES : 'attributes' ; BASIC : 'basic' ; BEARER : 'bearer' ; BODY : 'body' ; BY : 'by' ; CALL : 'call' ;
CANDIDATE : 'candidate' ; CAPACITY : 'capacity' ; CHANNEL : 'channel' ; CHECK : 'check' ; CLOSED : 'closed' ;
CLUSTER : 'cluster' ; COMMAND : 'command' ; COMMIT : 'commit' ; CONFIG : 'config' ; CONTEXT : 'context' ;
CONTROLLER : 'controller' ; COOKIE : 'cookie' ; CPU : 'cpu' ; DEADLINE : 'deadline' ; DEFAULT : 'default' ;
DEPLOY : 'deploy' ; DIALECT : 'dialect' ; DISRUPTION : 'disruption' ; DRAIN : 'drain' ; DURING : 'during' ;
EDIT : 'edit' ; ENV : 'env' ; ERROR : 'error' ; EVERY : 'every' ; EXPECT : 'expect' ; FAIL : 'fail' ;
FAST_TRACK : 'fast-track' ; FN : 'fn' ; FROM : 'from' ; GATE : 'gate' ; HEADER : 'header' ; HOLD : 'hold' ;
HOST : 'host' ; IMAGE : 'image' ; IMPORT : 'import' ; IRREVERSIBLE : 'irreversible' ; JOBS : 'jobs' ; KEEP : 'keep' ;
KEY : 'key' ; KIND : 'kind' ; KUBECONFIG : 'kubeconfig' ; LAG : 'lag' ; LET : 'let' ; LOAD : 'load' ;
MATCH : 'match' ; MATCHES : 'matches' ; MEASURE : 'measure' ; MEMORY : 'memory' ; METHOD : 'method' ;
METRICS : 'metrics' ; MIRROR : 'mirror' ; NAME : 'name' ; NAMESPACE : 'namespace' ; NODE : 'node' ;
NOTIFY : 'notify' ; NO_DATA : 'no-data' ; OBJECT : 'object' ; OF : 'of' ; ON : 'on' ; ONE_BY_ONE : 'one-by-one' ;
OPEN : 'open' ; PASS : 'pass' ; PATCH : 'patch' ; PATH : 'path' ; PAUSE : 'pause' ; PODS : 'pods' ; PORT : 'port' ;
PREVIEW : 'preview' ; PREVIOUS : 'previous' ; PROBE : 'probe' ; PROMOTE : 'promote' ; PROVIDER : 'provider' ;
QUERY : 'query' ; QUORUM : 'quorum' ; RAMPING : 'ramping' ; READ : 'read' ; REJECT : 'reject' ; RELEASE : 'release' ;
REPLICAS : 'replicas' ; REQUEST : 'request' ; REQUIRE : 'require' ; RESUME : 'resume' ; RETRY : 'retry' ;
REVISIONS : 'revisions' ; ROLLBACK : 'rollback' ; ROLLBACKS : 'rollbacks' ; ROLLOUT : 'rollout' ; ROUTE : 'route' ;
ROUTER : 'router' ; RUN : 'run' ; SEED : 'seed' ; SERVICE : 'service' ; SET : 'set' ; SETTLED : 'settled' ;
SHARES : 'shares' ; SIGN : 'sign' ; SIMULATE : 'simulate' ; SOAK : 'soak' ; SOURCE : 'source' ; STABLE : 'stable' ;
STAGE : 'stage' ; STARTS : 'starts' ; STEP : 'step' ; STICKY : 'sticky' ; STRATEGY : 'strategy' ;
SUPPORTS : 'supports' ; SURGE : 'surge' ; TEST : 'test' ; THROUGH : 'through' ; TIMEOUT : 'timeout' ;
TIMEZONE : 'timezone' ; TO : 'to' ; TOGETHER : 'together' ; TOLERANCE : 'tolerance' ; UNAVAILABLE : 'unavailable' ;
UNDO : 'undo' ; UNTIL : 'until' ; USING : 'using' ; VALUE : 'value' ; VIA : 'via' ; WAIT : 'wait' ; WATCH : 'watch' ;
WEIGHT : 'weight' ; WHEN : 'when' ; WHILE : 'while' ; WINDOW : 'window' ; WITHIN : 'within' ; WORKLOAD : 'workload' ;

// Single dashes join, as in the names of Kubernetes: `a-b` is a name, `a - b` a subtraction.
ID : [A-Za-z_] WORD_CHARACTER* ('-' WORD_CHARACTER+)* ;
fragment WORD_CHARACTER : [A-Za-z0-9_] ;

// ------------------------------------------------------------------------------------------- literals

DATE : DIGIT DIGIT DIGIT DIGIT '-' DIGIT DIGIT '-' DIGIT DIGIT ;
CLOCK : DIGIT DIGIT? ':' DIGIT DIGIT ;
NUMBER : DECIMAL ;
PERCENT : DECIMAL '%' ;
DURATION : (DECIMAL ('ms' | [smhdw]))+ ;
BYTES : DECIMAL ('B' | [KMGTP] [Bi]) ;
BAD_NUMBER : DECIMAL [A-Za-z_%] [A-Za-z0-9_%]* ;
fragment DECIMAL : DIGIT+ ('.' DIGIT+)? ;
fragment DIGIT : [0-9] ;

// A string is one token, with what `${…}` holds inside it; its parts are parsed afterwards. There is one way to
// read each: were a `$` before `{` plain text as well, nested strings would take exponential time.
STRING : '"' STRING_CHARACTER* '$'* '"' ;
RAW_STRING : '"""' (QUOTES? RAW_CHARACTER)* (QUOTES '$'+ | '$'*) '"""' ;
UNTERMINATED_RAW_STRING : '"""' (QUOTES? RAW_CHARACTER)* ;
UNTERMINATED_STRING : '"' STRING_CHARACTER* ;
fragment STRING_CHARACTER
  : ~["\\$\r\n] | '\\' ~[\r\n] | '$'+ (~["\\${\r\n] | '\\' ~[\r\n]) | '$' '$'+ '{' | INTERPOLATION ;
fragment RAW_CHARACTER : ~["$] | '$'+ ~["${] | '$' '$'+ '{' | RAW_INTERPOLATION ;
fragment QUOTES : '$'* '"' '"'? ('$'+ '"' '"'?)* ;
fragment INTERPOLATION : '${' INTERPOLATED* '}' ;
fragment INTERPOLATED : ~["{}\r\n] | STRING | '{' INTERPOLATED* '}' ;
fragment RAW_INTERPOLATION : '${' RAW_INTERPOLATED* '}' ;
fragment RAW_INTERPOLATED : ~["{}] | STRING | '{' RAW_INTERPOLATED* '}' ;

// ------------------------------------------------------------------------------------------- marks

LEFT_BRACE : '{' ; RIGHT_BRACE : '}' ; LEFT_BRACKET : '[' ; RIGHT_BRACKET : ']' ; LEFT_PAREN : '(' ;
RIGHT_PAREN : ')' ; COMMA : ',' ; SEMICOLON : ';' ; COLON : ':' ; DOT : '.' ; DOTS : '..' ; AT_SIGN : '@' ;
ASSIGN : '=' ; ARROW : '->' ; EQUAL : '==' ; NOT_EQUAL : '!=' ; LESS_EQUAL : '<=' ; GREATER_EQUAL : '>=' ;
LESS : '<' ; GREATER : '>' ; PLUS : '+' ; MINUS : '-' ; STAR : '*' ; SLASH : '/' ; COALESCE : '??' ;
QUESTION : '?' ;

DOC_COMMENT : '///' ~[\r\n]* -> channel(HIDDEN) ;
COMMENT : '//' ~[\r\n]* -> skip ;
SPACE : [ \t\r\n]+ -> skip ;
BAD_CHARACTER : . ;
