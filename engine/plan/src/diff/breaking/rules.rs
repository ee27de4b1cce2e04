//! Every rule, by a name that stays.

use homeroom_definition::codes::Code;

/// What breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A deployed client, or a service.
    Wire,
    /// Code that uses the exported types.
    Types,
    /// Nothing breaks; somebody may do or see more.
    Security,
}

impl Group {
    /// For people and programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Wire => "WIRE",
            Self::Types => "TYPES",
            Self::Security => "SECURITY",
        }
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, which stays; it begins with its group.
    pub name: &'static str,
    /// Its group.
    pub group: Group,
    /// What it finds, in one line.
    pub title: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Rule {
    /// As a code with its line, for renderers.
    #[must_use]
    pub fn code(&self) -> Code {
        Code { code: self.name, title: self.title }
    }
}

macro_rules! rules {
    ($($constant:ident $group:ident $name:literal $title:literal $remedy:literal)+) => {
        $(
            #[doc = $title]
            pub(super) static $constant: Rule =
                Rule { name: $name, group: Group::$group, title: $title, remedy: $remedy };
        )+

        /// Every rule, by group.
        pub static ALL: &[&Rule] = &[$(&$constant),+];
    };
}

rules! {
    NAMESPACE_REMOVED Wire "wire-namespace-removed"
        "A namespace is gone: its clients are disconnected."
        "keep it until no client connects to it"
    TOKEN_NEEDED Wire "wire-token-needed"
        "A namespace that was open asks for a token."
        "let clients send a token first, and close the namespace when all of them do"
    ENVELOPE_CHANGED Wire "wire-envelope-changed"
        "Acks have another form."
        "keep the envelope, or put the new form into another namespace"
    EVENT_REMOVED Wire "wire-event-removed"
        "Clients send an event that is gone: they are told UNKNOWN_EVENT."
        "keep the event until `homeroom plan --live` says that nobody sends it"
    BACKEND_EVENT_REMOVED Wire "wire-backend-event-removed"
        "Services send an event that is gone."
        "keep the event until no service sends it"
    SERVER_EVENT_REMOVED Wire "wire-server-event-removed"
        "Clients wait for an event that no longer comes."
        "keep emitting it beside what replaces it, until clients use that"
    FIELD_REQUIRED Wire "wire-field-required"
        "A field must be sent that clients do not send yet."
        "put it under `optional:` and give it a default where it is used"
    FIELD_REFUSED Wire "wire-field-refused"
        "A field is refused that clients still send."
        "keep it under `optional:`, or say `unknown_fields: drop` for the event"
    VALUE_REMOVED Wire "wire-value-removed"
        "A value is refused that clients still send."
        "accept it as before, and treat it as the value that replaces it"
    PAYLOAD_NARROWED Wire "wire-payload-narrowed"
        "What clients or services send may be refused."
        "accept what was accepted, or let it come under another name"
    UNKNOWN_FIELDS_REFUSED Wire "wire-unknown-fields-refused"
        "Fields that are not named are refused; they were left out."
        "keep `unknown_fields: drop`, or name the fields that clients send"
    ARGUMENTS_CHANGED Wire "wire-arguments-changed"
        "An event carries another number of arguments."
        "keep the event as it was, and add another one"
    RECEIVED_FIELD_MISSING Wire "wire-received-field-missing"
        "Clients rely on a field that may no longer be there."
        "keep sending it until no client reads it"
    RECEIVED_VALUE_ADDED Wire "wire-received-value-added"
        "Clients may receive a value that they do not know."
        "let clients learn it first, or send it in a field of its own"
    RECEIVED_WIDENED Wire "wire-received-widened"
        "Clients may receive what they never did before."
        "send the new form in a field, or an event, of its own"
    EVENT_CLOSED Wire "wire-event-closed"
        "Somebody who could send an event may no longer."
        "keep the right, or take the event out of the clients of those who lose it first"
    ROOM_CLOSED Wire "wire-room-closed"
        "Somebody who could join a room may no longer."
        "keep the right, or take the room out of the clients of those who lose it first"
    ROOM_REMOVED Wire "wire-room-removed"
        "A room is gone: whoever is in it leaves."
        "keep it until nobody joins it"
    CONNECT_CLOSED Wire "wire-connect-closed"
        "Somebody who could connect may no longer."
        "keep the right until they no longer connect"
    AUDIENCE_LOST Wire "wire-audience-lost"
        "An event no longer reaches some of those who waited for it."
        "keep sending it there, or send what replaces it"
    RATE_TIGHTENED Wire "wire-rate-tightened"
        "An event may be sent less often."
        "keep the limit, or let clients send less often first"
    NAME_CHANGED Types "types-name-changed"
        "A type is exported under another name."
        "keep the name with `export:`"
    TYPE_REMOVED Types "types-type-removed"
        "A type that was exported is gone."
        "keep it, or let code that names it use another first"
    FIELD_GONE Types "types-field-gone"
        "A field is gone from a type, and code that names it no longer compiles."
        "keep it under `optional:` until no code names it"
    CODE_REMOVED Types "types-code-removed"
        "A refusal code is gone from the exported codes."
        "keep it until no code names it"
    AUTH_DROPPED Security "security-token-dropped"
        "Anyone may connect without a token."
        "say `auth: jwt`, unless everything in the namespace is public"
    ROLE_ADDED Security "security-role-added"
        "A role may do what it could not."
        "give it only what it needs: ask for a check as the other rules do"
    ANYONE_ADMITTED Security "security-anyone-admitted"
        "Everyone may do what only some could."
        "name the roles, or ask for a check"
    RULE_ADDED Security "security-rule-added"
        "A role may do something on grounds that did not count."
        "see who meets them, and whether the new rule asks for enough"
    CONDITION_DROPPED Security "security-condition-dropped"
        "A rule no longer asks for something that it did."
        "put the condition back, or add a rule beside it for those who need it"
    CONDITION_CHANGED Security "security-condition-changed"
        "A rule asks for something else, and whether that admits more cannot be proved."
        "read both side by side, and play `homeroom test`; then ignore this finding with the reason"
    CHECK_CHANGED Security "security-check-changed"
        "The statement of a query that rules ask is another."
        "read both side by side, and play `homeroom test`; then ignore this finding with the reason"
    VIEW_SHOWS_MORE Security "security-view-shows-more"
        "A role sees properties of an event that were kept from it."
        "put them back under `omit:`"
    AUDIENCE_WIDENED Security "security-audience-widened"
        "An event reaches those whom it did not."
        "see who is in the room it goes to now, and what the event carries"
    RATE_LOOSENED Security "security-rate-loosened"
        "An event may be sent more often."
        "keep the limit as low as clients allow"
    BOUND_LIFTED Security "security-bound-lifted"
        "Clients may send a text, a list or an object of any size."
        "give it a bound: `maxLength`, `maxItems` or `maxProperties`"
}
