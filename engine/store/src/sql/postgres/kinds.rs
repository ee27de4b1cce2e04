//! What PostgreSQL's types are to us.

use sqlx::postgres::types::Oid;

use super::super::ColumnKind;
use super::lease::Lease;
use super::trouble::Trouble;

/// A type, as far as values have to be made for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    /// A whole number between these.
    Whole(i64, i64),
    Number,
    Text,
    Uuid,
    Json,
    Date,
    Time,
    Moment,
    /// One of these words.
    Word(Vec<String>),
    List(Box<Kind>),
    /// Anything else; its texts are PostgreSQL's own to read.
    Other,
}

/// A type, and what SQL calls it.
#[derive(Debug, Clone)]
pub(super) struct Type {
    pub(super) kind: Kind,
    pub(super) name: String,
}

const ASK: &str = "select format_type(t.oid, null) as name, coalesce(b.typname, t.typname)::text as base, \
    t.typcategory::text as category, e.typname::text as item, e.typcategory::text as item_category, \
    array(select enumlabel::text from pg_catalog.pg_enum where enumtypid in (t.oid, b.oid) order by enumsortorder) as words \
    from unnest($1::oid[]) with ordinality as w(id, at) \
    join pg_catalog.pg_type t on t.oid = w.id \
    left join pg_catalog.pg_type b on b.oid = nullif(t.typbasetype, 0) \
    left join pg_catalog.pg_type e on e.oid = t.typelem and t.typcategory = 'A' \
    order by w.at";

type Told = (String, String, String, Option<String>, Option<String>, Vec<String>);

/// The types of these numbers, in order.
pub(super) async fn types(lease: &mut Lease, oids: Vec<Oid>) -> Result<Vec<Type>, Trouble> {
    if oids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Told> = lease.about(ASK, oids).await?;
    Ok(rows.into_iter().map(of_row).collect())
}

fn of_row((name, base, category, item, item_category, words): Told) -> Type {
    let kind = match (category.as_str(), item, item_category) {
        ("A", Some(item), Some(category)) => Kind::List(Box::new(kind(&item, &category, Vec::new()))),
        (category, ..) => kind(&base, category, words),
    };
    Type { kind, name }
}

fn kind(name: &str, category: &str, words: Vec<String>) -> Kind {
    match (name, category) {
        ("bool", _) => Kind::Bool,
        ("int2", _) => Kind::Whole(i16::MIN.into(), i16::MAX.into()),
        ("int4", _) => Kind::Whole(i32::MIN.into(), i32::MAX.into()),
        ("int8", _) => Kind::Whole(i64::MIN, i64::MAX),
        ("float4" | "float8" | "numeric", _) => Kind::Number,
        ("uuid", _) => Kind::Uuid,
        ("json" | "jsonb", _) => Kind::Json,
        ("date", _) => Kind::Date,
        ("time" | "timetz", _) => Kind::Time,
        ("timestamp" | "timestamptz", _) => Kind::Moment,
        // A text, or what nothing is known of yet: `select :name`.
        (_, "S" | "X") => Kind::Text,
        (_, "E") => Kind::Word(words),
        _ => Kind::Other,
    }
}

impl Kind {
    /// What a column of this type can be converted to.
    pub(super) fn fits(&self) -> &'static [ColumnKind] {
        use ColumnKind::{Any, Bool, Integer, Json, Number, Text};
        match self {
            Self::Bool => &[Bool, Any],
            Self::Whole(..) => &[Integer, Number, Bool, Text, Any],
            Self::Number => &[Integer, Number, Text, Any],
            Self::Text => &[Text, Json, Any],
            Self::Json => &[Bool, Integer, Number, Text, Json, Any],
            Self::List(_) => &[Json, Any],
            Self::Uuid | Self::Date | Self::Time | Self::Moment | Self::Word(_) | Self::Other => &[Text, Any],
        }
    }
}
