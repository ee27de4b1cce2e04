//! The database: parameters, rows, transactions, and what it objects to; on each kind.

use std::time::Duration;

use homeroom_store::sql::{Column, ColumnKind, Db, SqlError, SqlLimits, SqlValue};
use serde_json::{Value, json};

use crate::databases::{on_every_database, sql};

const SCRIPT: &str = "create table t (id text primary key, n integer, yes boolean, x real, j text);
insert into t values ('a', 1, true, 1.5, '[1,2]'); insert into t values ('b', 2, false, 2.0, null);";

fn limits() -> SqlLimits {
    SqlLimits { acquire_timeout: Duration::from_secs(3), connections_max: 4, ..SqlLimits::default() }
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.into())
}

fn columns() -> Vec<Column> {
    let column = |(name, kind, required): (&str, ColumnKind, bool)| Column { name: name.into(), kind, required };
    [
        ("id", ColumnKind::Text, true),
        ("n", ColumnKind::Integer, true),
        ("yes", ColumnKind::Bool, true),
        ("x", ColumnKind::Number, true),
        ("j", ColumnKind::Json, false),
    ]
    .map(column)
    .to_vec()
}

on_every_database!(
    rows_are_as_their_types_say,
    parameters_are_data_whatever_they_say,
    parameters_are_of_the_type_of_their_column,
    what_is_not_committed_never_was,
    objections_are_told_apart_from_not_being_able_to_ask,
    many_at_once_wait_their_turn,
    who_waits_for_a_connection_does_not_wait_for_ever,
);

async fn rows_are_as_their_types_say(db: &Db) {
    let rows = db.fetch(&sql("select * from t order by id"), &[], &columns(), 10).await.expect("rows");
    assert_eq!(
        json!(rows),
        json!([
            { "id": "a", "n": 1, "yes": true, "x": 1.5, "j": [1, 2] },
            { "id": "b", "n": 2, "yes": false, "x": 2 },
        ])
    );
    let one = db.fetch(&sql("select * from t -- a comment to the end"), &[], &columns(), 1).await;
    assert_eq!(one.map(|rows| rows.len()), Ok(1));
    let wrong = [Column { name: "id".into(), kind: ColumnKind::Integer, required: true }];
    assert!(matches!(db.fetch(&sql("select id from t"), &[], &wrong, 1).await, Err(SqlError::Refused(_))));
}

async fn parameters_are_data_whatever_they_say(db: &Db) {
    let by_id = sql("select 1 from t where id = $1");
    assert_eq!(db.found(&by_id, &[text("a' or '1'='1")]).await, Ok(false));
    assert_eq!(db.found(&by_id, &[text("a")]).await, Ok(true));
    assert_eq!(db.found(&sql("select 1 from t where j is not distinct from $1"), &[SqlValue::Null]).await, Ok(true));
}

async fn parameters_are_of_the_type_of_their_column(db: &Db) {
    let found = async |statement: &str, params: Value| {
        let params: Vec<SqlValue> = params.as_array().expect("a list").iter().map(|one| Some(one).into()).collect();
        db.found(&sql(statement), &params).await
    };
    assert_eq!(found("select 1 from t where n = $1", json!([2])).await, Ok(true));
    assert_eq!(found("select 1 from t where n = $1", json!(["2"])).await, Ok(true));
    assert_eq!(found("select 1 from t where n = $1", json!(["two"])).await, Ok(false));
    assert_eq!(found("select 1 from t where yes = $1 and x > $2", json!([true, 1])).await, Ok(true));
    assert_eq!(found("select 1 from t where x = $1", json!([1.5])).await, Ok(true));
    assert_eq!(found("select 1 from t where id in ($1, $2)", json!(["z", "b"])).await, Ok(true));
    // One value, beside columns of two types.
    assert!(found("select 1 from t where n = $1 or id = $1", json!(["a"])).await.is_ok());
}

async fn what_is_not_committed_never_was(db: &Db) {
    let insert = sql("insert into t values ($1, 3, true, 1, null)");
    let find = sql("select 1 from t where id = 'c'");
    let mut tx = db.begin().await.expect("begun");
    assert_eq!(tx.execute(&insert, &[text("c")]).await, Ok(1));
    assert_eq!(tx.found(&find, &[]).await, Ok(true));
    drop(tx);
    assert_eq!(db.found(&find, &[]).await, Ok(false));
    let mut tx = db.begin().await.expect("begun");
    tx.execute(&insert, &[text("c")]).await.expect("inserted");
    tx.commit().await.expect("committed");
    assert_eq!(db.found(&find, &[]).await, Ok(true));
    let rows = db.begin().await.expect("begun").fetch(&sql("select * from t order by id"), &[], &columns(), 9).await;
    assert_eq!(rows.map(|rows| rows.len()), Ok(3));
}

async fn objections_are_told_apart_from_not_being_able_to_ask(db: &Db) {
    assert!(matches!(db.describe(&sql("select nothing from t")).await, Err(SqlError::Refused(_))));
    let described = db.describe(&sql("select id, n as number from t where id = $1 and n = $2")).await;
    let described = described.expect("described");
    let names: Vec<&str> = described.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((described.params, names), (2, vec!["id", "number"]));
    let twice = sql("insert into t (id) values ('a')");
    let duplicate = db.begin().await.expect("begun").execute(&twice, &[]).await;
    assert!(matches!(duplicate, Err(SqlError::Refused(_))), "{duplicate:?}");
    assert!(matches!(Db::open("mysql://x", limits()).await, Err(SqlError::Refused(_))));
}

async fn who_waits_for_a_connection_does_not_wait_for_ever(db: &Db) {
    let mut held = Vec::new();
    while let Ok(tx) = db.begin().await {
        held.push(tx);
        assert!(held.len() <= 4, "more than may be");
    }
    assert!(matches!(db.found(&sql("select 1"), &[]).await, Err(SqlError::Unavailable(_))));
}

async fn many_at_once_wait_their_turn(db: &Db) {
    let work = (0..50).map(|turn| {
        let db = db.clone();
        tokio::spawn(async move {
            if turn % 5 == 0 {
                while !matches!(increment(&db).await, Ok(())) {}
            } else {
                assert_eq!(db.found(&sql("select 1 from t"), &[]).await, Ok(true));
            }
        })
    });
    for done in futures_util::future::join_all(work.collect::<Vec<_>>()).await {
        done.expect("a task");
    }
    assert_eq!(db.found(&sql("select 1 from t where id = 'a' and n = 11"), &[]).await, Ok(true));
}

/// Whoever meets another may begin again.
async fn increment(db: &Db) -> Result<(), SqlError> {
    let come = async {
        let mut tx = db.begin().await?;
        tx.execute(&sql("update t set n = n + 1 where id = 'a'"), &[]).await?;
        tx.commit().await
    };
    let came = come.await;
    assert!(matches!(came, Ok(()) | Err(SqlError::Conflict(_))), "{came:?}");
    came
}

#[tokio::test]
async fn a_file_keeps_what_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("a.db").display());
    Db::open(&url, limits()).await.expect("opened").script(SCRIPT).await.expect("filled");
    let again = Db::open(&url, limits()).await.expect("opened");
    assert_eq!(again.found(&sql("select 1 from t where id = 'b'"), &[]).await, Ok(true));
    assert_eq!(again.ping().await, Ok(()));
}
