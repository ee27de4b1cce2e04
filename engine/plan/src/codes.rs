//! The codes of what the compiler tells; how numbers are shared out stands in the definition crate.

homeroom_definition::codes! {
    /// A name is declared twice.
    DECLARED_TWICE = "HR0201";
    /// There is no type of that name.
    UNKNOWN_TYPE = "HR0202";
    /// There is no query of that name.
    UNKNOWN_QUERY = "HR0203";
    /// There is no room of that pattern.
    UNKNOWN_ROOM = "HR0204";
    /// There is no server event of that name.
    UNKNOWN_EVENT = "HR0205";
    /// There are no steps and no hook of that name.
    UNKNOWN_CALL = "HR0206";
    /// There is no refusal code of that name.
    UNKNOWN_CODE = "HR0207";
    /// There is no state of that name.
    UNKNOWN_STATE = "HR0208";
    /// There is no role of that name.
    UNKNOWN_ROLE = "HR0209";
    /// A name that an expression uses is not in its scope.
    UNKNOWN_NAME = "HR0210";
    /// A value has no such property.
    UNKNOWN_PROPERTY = "HR0211";
    /// A reserved word is used as a name.
    RESERVED_NAME = "HR0212";
    /// A namespace is defined twice.
    NAMESPACE_TWICE = "HR0213";
    /// Not the path of a namespace.
    BAD_NAMESPACE = "HR0214";
    /// An event name that Socket.IO keeps for itself.
    RESERVED_EVENT = "HR0215";
    /// An expression that cannot be read.
    BAD_EXPRESSION = "HR0302";
    /// A comparison that can never hold.
    NEVER_EQUAL = "HR0303";
    /// A text where a single value is needed, or the other way round.
    NOT_TEXT = "HR0304";
    /// A function or filter is used with something it cannot work on.
    BAD_ARGUMENT = "HR0305";
    /// A schema that is not JSON Schema, or misspelt.
    BAD_SCHEMA = "HR0401";
    /// Both `payload:` and `args:`.
    PAYLOAD_AND_ARGS = "HR0402";
    /// Two room patterns could spell the same name.
    ROOMS_OVERLAP = "HR0502";
    /// Nobody can ever enter a room.
    ROOM_CLOSED = "HR0503";
    /// Rooms admit like each other in a circle.
    LIKE_CIRCLE = "HR0504";
    /// A client event that says nothing about who may send it.
    NO_RULE = "HR0505";
    /// A rule that says nothing.
    EMPTY_RULE = "HR0506";
    /// A history without bounds, or with ones that are too wide.
    HISTORY_BOUNDS = "HR0507";
    /// What was missed is asked for of rooms that keep nothing.
    NO_HISTORY = "HR0508";
    /// A key that has no meaning here.
    NOT_HERE = "HR0601";
    /// What a step needs is missing.
    STEP_NEEDS = "HR0602";
    /// Steps call each other in a circle.
    CALL_CIRCLE = "HR0603";
    /// A list without a known bound.
    NO_BOUND = "HR0604";
    /// A refusal after something was written.
    REFUSAL_AFTER_WRITE = "HR0605";
    /// A verb that does not go with that kind of state.
    WRONG_STATE_KIND = "HR0606";
    /// A server event without a destination.
    NO_DESTINATION = "HR0607";
    /// A view for every role is needed.
    VIEW_MISSING = "HR0608";
    /// A step that can never run or do anything.
    NO_EFFECT = "HR0609";
    /// State without what bounds it.
    STATE_UNBOUNDED = "HR0701";
    /// Two states could spell the same key.
    KEYS_OVERLAP = "HR0702";
    /// State of no kind, or of two.
    STATE_KIND = "HR0703";
    /// A webhook that cannot be like that.
    WEBHOOK = "HR0610";
    /// A parameter of a query that nothing supplies.
    UNKNOWN_PARAMETER = "HR0801";
    /// A query that cannot be used like that.
    QUERY_USE = "HR0802";
    /// The database refuses to prepare a query.
    QUERY_REFUSED = "HR0803";
    /// A statement that asks the database for the time.
    QUERY_TIME = "HR0804";
    /// Data that its schema cannot accept.
    MISFIT = "HR0901";
    /// A name that may be absent where a value is needed.
    MAY_BE_ABSENT = "HR0902";
    /// A client's event reaches a place that nothing proves it may reach.
    UNPROVEN = "HR1001";
    /// A client's event reaches everyone, across all tenants.
    REACHES_EVERYONE = "HR1002";
    /// Declared, and used nowhere.
    UNUSED = "HR1101";
}
