//! The database: parameters, rows, transactions, and what it objects to.

use std::time::Duration;

use homeroom_store::sql::{Column, ColumnKind, Db, SqlError, SqlLimits, SqlValue};
use serde_json::json;

const SCRIPT: &str = "create table t (id text primary key, n integer, yes boolean, x real, j text);
insert into t values ('a', 1, 1, 1.5, '[1,2]'); insert into t values ('b', 2, 0, 2.0, null);";

fn limits() -> SqlLimits {
    SqlLimits { acquire_timeout: Duration::from_millis(200), ..SqlLimits::default() }
}

async fn db() -> Db {
    Db::embedded(SCRIPT, limits()).await.expect("a database")
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

#[tokio::test]
async fn rows_are_as_their_types_say() {
    let rows = db().await.fetch("select * from t order by id", &[], &columns(), 10).await.expect("rows");
    assert_eq!(
        json!(rows),
        json!([
            { "id": "a", "n": 1, "yes": true, "x": 1.5, "j": [1, 2] },
            { "id": "b", "n": 2, "yes": false, "x": 2 },
        ])
    );
    assert_eq!(db().await.fetch("select * from t", &[], &columns(), 1).await.map(|rows| rows.len()), Ok(1));
}

#[tokio::test]
async fn parameters_are_data_whatever_they_say() {
    let db = db().await;
    let evil = SqlValue::Text("a' or '1'='1".into());
    assert_eq!(db.found("select 1 from t where id = ?1", &[evil]).await, Ok(false));
    assert_eq!(db.found("select 1 from t where id = ?1", &[SqlValue::Text("a".into())]).await, Ok(true));
    assert_eq!(db.found("select 1 from t where j is ?1", &[SqlValue::Null]).await, Ok(true));
}

#[tokio::test]
async fn what_is_not_committed_never_was() {
    let db = db().await;
    let insert = "insert into t values (?1, 3, 1, 1, null)";
    let mut tx = db.begin().await.expect("begun");
    assert_eq!(tx.execute(insert, &[SqlValue::Text("c".into())]).await, Ok(1));
    assert_eq!(tx.found("select 1 from t where id = 'c'", &[]).await, Ok(true));
    drop(tx);
    assert_eq!(db.found("select 1 from t where id = 'c'", &[]).await, Ok(false));
    let mut tx = db.begin().await.expect("begun");
    tx.execute(insert, &[SqlValue::Text("c".into())]).await.expect("inserted");
    tx.commit().await.expect("committed");
    assert_eq!(db.found("select 1 from t where id = 'c'", &[]).await, Ok(true));
}

#[tokio::test]
async fn objections_are_told_apart_from_not_being_able_to_ask() {
    let db = db().await;
    assert!(matches!(db.describe("select nothing from t").await, Err(SqlError::Refused(_))));
    let described = db.describe("select id, n as number from t where id = ?1 and n = ?2").await.expect("described");
    assert_eq!((described.params, described.columns), (2, vec!["id".to_owned(), "number".to_owned()]));
    let duplicate = db.begin().await.expect("begun").execute("insert into t (id) values ('a')", &[]).await;
    assert!(matches!(duplicate, Err(SqlError::Refused(_))), "{duplicate:?}");
    // The one connection is taken, so others wait, and not for ever.
    let _held = db.begin().await.expect("begun");
    assert!(matches!(db.found("select 1", &[]).await, Err(SqlError::Unavailable(_))));
    assert!(matches!(Db::open("mysql://x", limits()).await, Err(SqlError::Refused(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_wait_their_turn() {
    let db = Db::embedded(SCRIPT, SqlLimits::default()).await.expect("a database");
    let work = (0..50).map(|turn| {
        let db = db.clone();
        tokio::spawn(async move {
            if turn % 5 == 0 {
                let mut tx = db.begin().await.expect("begun");
                tx.execute("update t set n = n + 1 where id = 'a'", &[]).await.expect("updated");
                tx.commit().await.expect("committed");
            } else {
                assert_eq!(db.found("select 1 from t", &[]).await, Ok(true));
            }
        })
    });
    for done in futures_util::future::join_all(work.collect::<Vec<_>>()).await {
        done.expect("a task");
    }
    assert_eq!(db.found("select 1 from t where id = 'a' and n = 11", &[]).await, Ok(true));
}

#[tokio::test]
async fn a_file_keeps_what_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("a.db").display());
    Db::open(&url, limits()).await.expect("opened").script(SCRIPT).await.expect("filled");
    let again = Db::open(&url, limits()).await.expect("opened");
    assert_eq!(again.found("select 1 from t where id = 'b'", &[]).await, Ok(true));
    assert_eq!(again.ping().await, Ok(()));
}
