use proptest::prelude::*;

use super::*;

/// As a database gets it: with `?1`, `?2` or `$1`, `$2`.
fn written(statement: &Statement, mark: char) -> String {
    let pieces = statement.pieces().iter();
    pieces
        .map(|piece| match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Parameter(number) => format!("{mark}{}", number + 1),
        })
        .collect()
}

fn numbered(text: &str) -> (String, Vec<String>) {
    let statement = parse(text).unwrap_or_else(|error| panic!("{text}: {}", error.message));
    (written(&statement, '?'), statement.names().map(str::to_owned).collect())
}

fn dollars(text: &str) -> String {
    written(&parse(text).expect("a statement"), '$')
}

fn refused(text: &str) -> (String, String) {
    let error = parse(text).expect_err(text);
    (text[error.range].to_owned(), error.message)
}

#[test]
fn parameters_are_numbered_and_the_same_name_is_the_same_number() {
    let (text, names) = numbered("select 1 from t where a = :a and b = :user.id and c = :a.");
    assert_eq!(text, "select 1 from t where a = ?1 and b = ?2 and c = ?1.");
    assert_eq!(names, ["a", "user.id"]);
    assert_eq!(dollars("select :b, :a, :b"), "select $1, $2, $1");
    assert_eq!(
        numbered("select (:a)::uuid, array[:b, :c][:d], array [:e], marks[:f]").1,
        ["a", "b", "c", "d", "e", "f"]
    );
}

#[test]
fn a_number_touches_nothing_that_would_make_it_a_name() {
    assert_eq!(dollars("select x:a$$b$$, (:a)"), "select x $1 $$b$$, ($1)");
}

#[test]
fn what_only_looks_like_a_parameter_is_left_alone() {
    for text in [
        "select ':a', \":b\", `:c`, [d :d], t.[e :e]",
        "select 'it''s :a'",
        r"select E'it\'s :a', e'\\'",
        "select a::text, a::numeric(3, 1)",
        "select 1 -- :a\n",
        "select 1 /* :a ' */",
        "select $$ :a $$, $x$ :b $ $x$, $über$ :c $über$",
        "select a := 1, a$b$c",
        "select marks[1:3], marks[ : 2]",
        "select data ? 'a', data ?| array['a'], a <@ b, a @> b, a @@ b, a @? '$.b', @ -1",
        "select 'a\\', b",
        "select 12 : 30",
    ] {
        assert_eq!(numbered(text), (text.to_owned(), vec![]), "{text}");
    }
}

#[test]
fn a_comment_in_a_comment_is_left_out_as_sqlite_would_end_it_early() {
    assert_eq!(numbered("select 1 /* :a /* :b */ :c */ + :d"), ("select 1   + ?1".to_owned(), vec!["d".to_owned()]));
}

#[test]
fn a_second_statement_is_told_and_a_closing_semicolon_is_not() {
    assert_eq!(numbered("select 1; -- done").0, "select 1 -- done");
    assert_eq!(numbered("select ';';;").0, "select ';'");
    assert_eq!(refused("select 1; drop table t").0, "drop");
    assert_eq!(refused(" -- nothing").1, "there is no statement");
    assert_eq!(refused(";").1, "there is no statement");
    assert_eq!(refused("/* x */ Commit").0, "Commit");
}

#[test]
fn what_is_never_closed_is_told_from_where_it_opens() {
    for (text, opens) in [
        ("select 'a", "'a"),
        ("select \"a''", "\"a''"),
        ("select E'a\\'", "E'a\\'"),
        ("select [a", "[a"),
        ("select $x$ a $y$", "$x$ a $y$"),
        ("select /* /* */", "/* /* */"),
    ] {
        let (at, message) = refused(text);
        assert_eq!(at, opens);
        assert!(message.ends_with("is never closed"), "{message}");
    }
}

#[test]
fn parameters_of_the_database_s_own_are_told() {
    for (text, foreign) in [
        ("select a from t where b = ?", "?"),
        ("select a from t where b = ? and c", "?"),
        ("select a from t where b in (?, 1)", "?"),
        ("select :a, ?2", "?2"),
        ("select $1", "$1"),
        ("select @name", "@name"),
        ("select :1", ":1"),
    ] {
        assert_eq!(refused(text).0, foreign, "{text}");
    }
}

#[test]
fn writing_statements_are_known() {
    for text in [
        "insert into t values (1)",
        "INSERT INTO t VALUES (1) on conflict do nothing",
        "/* x */ with a as (select 1) delete from t",
        "with a as (insert into t values (1) returning id) select * from a",
        "with a as (select 1) update t set b = 1",
        "with a as (select 1) replace into t select * from a",
        "with a as (select 1) insert or ignore into t select * from a",
        "select 1 into t",
        "create table t (a)",
        "pragma journal_mode = off",
    ] {
        assert!(writes(text), "{text}");
    }
    for text in [
        "select 'delete from t' from t -- update",
        "select \"insert into\" from t /* delete from t */",
        "with a as (select replace(b, 'x', 'y') from t) select * from a",
        "with a as (select 1 from t for no key update) select * from a",
        "select 1 from t for update",
        "values (1)",
        "",
        "select 'never closed; delete from t",
    ] {
        assert!(!writes(text), "{text}");
    }
}

/// Pieces that statements are made of, those in which a parameter hides included.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        "[ \n]{1,2}",
        "[=,()<>+*.|-]",
        Just("::text".to_owned()),
        Just(":a".to_owned()),
        Just(":user.id".to_owned()),
        Just("'it''s :hidden'".to_owned()),
        Just("\":hidden\"".to_owned()),
        Just("/* :hidden /* */ :hidden */".to_owned()),
        Just("-- :hidden\n".to_owned()),
        Just("$q$ :hidden $q$".to_owned()),
        Just(" [:hidden] ".to_owned()),
    ]
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in r#"[a-eE :'"$;./*\[\]?@\\1ü\n-]{0,40}"#) {
        let _ = (parse(&text), writes(&text));
    }

    #[test]
    fn the_parts_are_the_whole(text in r#"[a-eE :'"$;./*\[\]?@\\1ü\n-]{0,40}"#) {
        let mut at = 0;
        for token in Tokens::of(&text) {
            let range = token.map_or_else(|unclosed| unclosed.range, |token| token.range);
            prop_assert_eq!(range.start, at);
            prop_assert!(range.end > at);
            at = range.end;
        }
        prop_assert_eq!(at, text.len());
    }

    #[test]
    fn no_parameter_is_left_over(pieces in proptest::collection::vec(piece(), 1..20)) {
        let Ok(statement) = parse(&pieces.concat()) else { return Ok(()) };
        for text in ['?', '$'].map(|mark| written(&statement, mark)) {
            let kinds: Vec<Kind> = Tokens::of(&text).map_while(Result::ok).map(|token| token.kind).collect();
            prop_assert!(!kinds.contains(&Kind::Parameter), "{}", text);
        }
        prop_assert!(statement.names().all(|name| name != "hidden"));
    }
}
