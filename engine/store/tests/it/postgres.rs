//! What PostgreSQL has that SQLite has not: types, sessions that only read, and a network between.

use std::time::{Duration, Instant};

use homeroom_store::sql::{Breaking, Column, ColumnKind, Db, SqlError, SqlLimits, SqlTls, SqlValue};
use serde_json::{Value, json};

use crate::databases::{PostgresServer, postgres, server, sql};
use crate::house::eventually;

const TABLES: &str = "create type mood as enum ('GOOD', 'BAD');
create table kinds (u uuid, i integer, b bigint, s smallint, t text, v varchar(40), n numeric(6, 2), d date,
  at timestamptz, plain timestamp, m mood, j jsonb, many text[], yes boolean, x double precision);
insert into kinds values ('0191d2a0-0000-7000-8000-000000000001', 7, 9007199254740993, 3, '7', 'v', 12.50, '2025-01-15',
  '2025-01-15T09:00:00.000Z', '2025-01-15 09:00:00', 'GOOD', '{\"a\":[1]}', '{a,b}', true, 0.1);";

/// With time to connect, however busy the machine is.
fn limits() -> SqlLimits {
    SqlLimits { acquire_timeout: Duration::from_secs(15), ..SqlLimits::default() }
}

/// Where there is nobody to connect to, and that is waited out.
fn hasty() -> SqlLimits {
    SqlLimits { acquire_timeout: Duration::from_millis(500), ..SqlLimits::default() }
}

fn column(name: &str, kind: ColumnKind) -> Column {
    Column { name: name.into(), kind, required: true }
}

fn values(params: &Value) -> Vec<SqlValue> {
    params.as_array().expect("a list").iter().map(|one| Some(one).into()).collect()
}

async fn count(db: &Db, condition: &str, params: Value) -> Result<bool, SqlError> {
    db.found(&sql(&format!("select 1 from kinds where {condition}")), &values(&params)).await
}

#[tokio::test]
async fn one_id_is_found_in_columns_of_any_type_and_another_is_no_error() {
    let db = postgres(TABLES, limits()).await;
    let uuid = "0191d2a0-0000-7000-8000-000000000001";
    for (condition, there, not_there) in [
        ("u = $1", json!(uuid), json!("math-101")),
        ("i = $1", json!("7"), json!("math-101")),
        ("b = $1", json!("9007199254740993"), json!("99999999999999999999")),
        ("s = $1", json!(3), json!(70_000)),
        ("t = $1", json!("7"), json!("a\0")),
        ("v = $1", json!("v"), json!("V")),
        ("n = $1", json!(12.5), json!("a lot")),
        ("d = $1", json!("2025-01-15"), json!("2025-02-30")),
        ("at = $1", json!("2025-01-15T10:00:00+01:00"), json!("now")),
        ("plain = $1", json!("2025-01-15T09:00:00.000Z"), json!("today")),
        ("m = $1", json!("GOOD"), json!("SO SO")),
        ("j = $1", json!({ "a": [1] }), json!("{}")),
        ("many = $1", json!(["a", "b"]), json!("{a,b}")),
        ("t = any($1)", json!(["6", "7"]), json!(["6"])),
        ("yes = $1", json!(true), json!("yes")),
        // A value that fits one of two columns finds nothing in the other either: who might be let in is not.
        ("u = $1 or t = $1", json!(uuid), json!("7")),
        ("i = $1 and t = $1", json!("7"), json!(8)),
        ("$1::uuid = u", json!(uuid), json!("")),
    ] {
        assert_eq!(count(&db, condition, json!([there])).await, Ok(true), "{condition}");
        assert_eq!(count(&db, condition, json!([not_there])).await, Ok(false), "{condition}");
        assert_eq!(count(&db, condition, json!([null])).await, Ok(false), "{condition}");
    }
}

#[tokio::test]
async fn rows_are_as_those_of_sqlite() {
    let db = postgres(TABLES, limits()).await;
    use ColumnKind::{Bool, Integer, Json, Number, Text};
    let columns = [
        ("u", Text),
        ("i", Text),
        ("b", Integer),
        ("n", Number),
        ("d", Text),
        ("at", Text),
        ("plain", Text),
        ("m", Text),
        ("j", Json),
        ("many", Json),
        ("yes", Bool),
        ("x", Number),
    ];
    let rows = db.fetch(&sql("select * from kinds"), &[], &columns.map(|(name, kind)| column(name, kind)), 1).await;
    assert_eq!(
        json!(rows.expect("rows")),
        json!([{
            "u": "0191d2a0-0000-7000-8000-000000000001", "i": "7", "b": 9_007_199_254_740_993_i64, "n": 12.5,
            "d": "2025-01-15", "at": "2025-01-15T09:00:00.000Z", "plain": "2025-01-15T09:00:00.000Z", "m": "GOOD",
            "j": { "a": [1] }, "many": ["a", "b"], "yes": true, "x": 0.1,
        }])
    );
    let described = db.describe(&sql("select u, i, at from kinds")).await.expect("described");
    let of: Vec<_> = described.columns.iter().map(|column| column.of.as_deref().unwrap_or("")).collect();
    assert_eq!(of, ["uuid", "integer", "timestamp with time zone"]);
    assert!(described.columns[0].fits.is_some_and(|fits| !fits.contains(&Integer)));
}

#[tokio::test]
async fn values_are_kept_as_their_columns_are() {
    let db = postgres(TABLES, limits()).await;
    let insert =
        sql("insert into kinds (u, i, d, at, plain, m, j, many, yes) values ($1, $2, $3, $3, $3, $4, $5, $6, $7)");
    let now = "2025-01-16T10:00:00.250Z";
    let row = json!(["0191d2a0-0000-7000-8000-000000000002", 8, now, "BAD", "text", ["x\"y", "z"], 0]);
    let mut tx = db.begin().await.expect("begun");
    assert_eq!(tx.execute(&insert, &values(&row)).await, Ok(1));
    let wrong = json!(["math-101", 8, now, "BAD", null, [], true]);
    assert!(matches!(tx.execute(&insert, &values(&wrong)).await, Err(SqlError::Unfit(_))), "it would be lost");
    tx.commit().await.expect_err("a statement has failed");
    let mut tx = db.begin().await.expect("begun");
    tx.execute(&insert, &values(&row)).await.expect("inserted");
    let nobody = sql("update kinds set t = 'x' where u = $1");
    assert_eq!(tx.execute(&nobody, &values(&json!(["math-101"]))).await, Ok(0));
    tx.commit().await.expect("committed");
    let columns = [
        column("d", ColumnKind::Text),
        column("at", ColumnKind::Text),
        column("many", ColumnKind::Json),
        column("j", ColumnKind::Any),
    ];
    let rows = db.fetch(&sql("select * from kinds where i = 8"), &[], &columns, 2).await.expect("rows");
    assert_eq!(json!(rows), json!([{ "d": "2025-01-16", "at": now, "many": ["x\"y", "z"], "j": "text" }]));
}

#[tokio::test]
async fn what_only_reads_cannot_write() {
    let db = postgres("create table w (n int); create function sly() returns int language sql as 'insert into w values (1) returning 1';", limits()).await;
    let came = db.found(&sql("select 1 where sly() = 1"), &[]).await;
    assert!(matches!(came, Err(SqlError::Unavailable(_))), "{came:?}");
    assert_eq!(db.found(&sql("select 1 from w"), &[]).await, Ok(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_still_holds_when_it_is_written() {
    let db = postgres("create table n (id int); create table other (n int)", limits()).await;
    let conflict = async || {
        let add = sql("insert into n select count(*) from n");
        let [mut one, mut other] = [db.begin().await.expect("begun"), db.begin().await.expect("begun")];
        one.execute(&add, &[]).await?;
        other.execute(&add, &[]).await?;
        one.commit().await?;
        other.commit().await
    };
    assert!(matches!(conflict().await, Err(SqlError::Conflict(_))));
    assert_eq!(db.status().conflicts, 1);
}

#[tokio::test]
async fn a_statement_may_not_take_for_ever_and_its_values_are_not_told() {
    let db = postgres(TABLES, SqlLimits { statement_timeout: Duration::from_millis(200), ..limits() }).await;
    let since = Instant::now();
    let came = db.found(&sql("select 1 where pg_sleep(20) is null"), &[]).await;
    assert!(matches!(&came, Err(SqlError::Unavailable(why)) if why.contains("57014")), "{came:?}");
    assert!(since.elapsed() < Duration::from_secs(10), "it was cancelled");
    let told = db
        .found(&sql("select 1 where $1::text::int = 1"), &[SqlValue::Text("secret".into())])
        .await
        .expect_err("no number");
    assert!(!told.to_string().contains("secret"), "{told}");
    assert_eq!(db.ping().await, Ok(()), "the connection is as good as new");
}

#[tokio::test]
async fn a_table_that_is_altered_is_learnt_again() {
    let db = postgres("create table a (id text, n int); insert into a values ('7', 1)", limits()).await;
    let ask = sql("select * from a where id = $1");
    let columns = [column("n", ColumnKind::Integer)];
    let found = async || db.fetch(&ask, &[SqlValue::Text("7".into())], &columns, 1).await.map(|rows| json!(rows));
    assert_eq!(found().await, Ok(json!([{ "n": 1 }])));
    db.script("alter table a alter column n type bigint; alter table a add column more text").await.expect("altered");
    assert_eq!(found().await, Ok(json!([{ "n": 1 }])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_is_not_waited_for_and_is_found_again() {
    let server = PostgresServer::start(&[]).await;
    let limits = SqlLimits { breaker_wait: Duration::from_millis(50), ..hasty() };
    let db = Db::open(&server.url(), limits).await.expect("a database");
    let (ask, add) = (sql("select 1"), sql("insert into kept values (1)"));
    // On a busy machine connections are longer in coming than is waited for here.
    eventually("connections are there", async || {
        let asked = futures_util::future::join_all((0..8).map(|_| db.found(&ask, &[]))).await;
        asked.iter().all(Result::is_ok) && db.status().breaking == Breaking::Closed
    })
    .await;
    db.script("create table kept (n int)").await.expect("a table");
    let mut tx = db.begin().await.expect("begun");
    tx.execute(&add, &[]).await.expect("added");
    let server = server
        .killed_and_back(async || {
            assert!(matches!(tx.commit().await, Err(SqlError::Unavailable(_))));
            eventually("the breaker is open", async || {
                assert!(matches!(db.found(&ask, &[]).await, Err(SqlError::Unavailable(_))));
                db.status().breaking != Breaking::Closed
            })
            .await;
            let since = Instant::now();
            let shed = db.status().shed;
            for _ in 0..100 {
                assert!(matches!(db.found(&ask, &[]).await, Err(SqlError::Unavailable(_))));
                assert!(matches!(db.begin().await.map(drop), Err(SqlError::Unavailable(_))));
            }
            assert!(since.elapsed() < Duration::from_millis(500), "they fail at once");
            assert_eq!(db.status().shed, shed + 200);
        })
        .await;
    eventually("it is asked again", async || db.status().breaking == Breaking::Closed).await;
    assert_eq!(db.found(&ask, &[]).await, Ok(true));
    assert_eq!(db.found(&sql("select 1 from kept"), &[]).await, Ok(false), "what was not committed never was");
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_died_unnoticed_cost_no_answer() {
    let server = PostgresServer::start(&[]).await;
    let db = Db::open(&server.url(), limits()).await.expect("a database");
    let ask = sql("select 1");
    let many = async || futures_util::future::join_all((0..8).map(|_| db.found(&ask, &[]))).await;
    assert!(many().await.iter().all(Result::is_ok));
    // Nobody asks while it is away.
    let server = server.killed_and_back(async || {}).await;
    assert!(many().await.iter().all(|came| *came == Ok(true)), "asked again on new connections");
    assert_eq!(db.begin().await.map(drop), Ok(()));
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_holds_nobody_for_long() {
    let server = PostgresServer::start(&[]).await;
    let limits =
        SqlLimits { statement_timeout: Duration::from_millis(200), breaker_wait: Duration::from_millis(50), ..hasty() };
    let db = Db::open(&server.url(), limits).await.expect("a database");
    assert_eq!(db.ping().await, Ok(()));
    let backends = backends(&server);
    let freeze = |signal: &str| {
        let sent = std::process::Command::new("kill").arg(signal).args(&backends).status();
        assert!(sent.expect("kill").success());
    };
    server.signal("-STOP");
    freeze("-STOP");
    let since = Instant::now();
    let came = db.ping().await;
    assert!(matches!(came, Err(SqlError::Unavailable(_))), "{came:?}");
    assert!(since.elapsed() < Duration::from_secs(5));
    freeze("-CONT");
    server.signal("-CONT");
    eventually("it is asked again", async || db.ping().await.is_ok()).await;
}

/// The processes of a server's connections.
fn backends(server: &PostgresServer) -> Vec<String> {
    let pid = std::fs::read_to_string(server.folder().join("postmaster.pid")).expect("a pid file");
    let parent = pid.lines().next().expect("a pid").to_owned();
    let found = std::process::Command::new("ps").args(["--ppid", &parent, "-o", "pid="]).output().expect("ps");
    String::from_utf8_lossy(&found.stdout).split_whitespace().map(str::to_owned).collect()
}

#[tokio::test]
async fn over_tls_its_certificate_is_verified() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let [key, certificate] = ["key.pem", "cert.pem"].map(path);
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE"])
        .args(["-keyout", &key, "-out", &certificate])
        .output();
    assert!(made.expect("`openssl` is needed").status.success());
    // PostgreSQL wants its key to be its own, which the script that starts it sees to for its own folder.
    let server = PostgresServer::start_with(|cluster| {
        for (file, name) in [(&key, "server.key"), (&certificate, "server.crt")] {
            std::fs::copy(file, cluster.join(name)).expect("copied");
        }
    })
    .await;
    let url = format!("postgres://homeroom@localhost:{}/postgres", server.port);
    let open = async |tls, ca: Option<&str>| {
        let limits = SqlLimits { tls: Some(tls), tls_ca: ca.map(Into::into), ..hasty() };
        let db = Db::open(&url, limits).await?;
        db.found(&sql("select 1 from pg_stat_ssl where pid = pg_backend_pid() and ssl"), &[]).await
    };
    assert_eq!(open(SqlTls::Off, None).await, Ok(false));
    assert_eq!(open(SqlTls::Require, None).await, Ok(true));
    assert_eq!(open(SqlTls::VerifyFull, Some(&certificate)).await, Ok(true));
    assert!(matches!(open(SqlTls::VerifyFull, None).await, Err(SqlError::Unavailable(_))), "nobody signed it");
}

#[tokio::test]
async fn an_address_that_is_wrong_is_told_without_its_password() {
    for url in ["postgres://homeroom:hush@127.0.0.1:1/x?sslmode=sometimes", "postgres://homeroom:hush@:none/x"] {
        let told = Db::open(url, hasty()).await.expect_err("no address").to_string();
        assert!(!told.contains("hush"), "{told}");
    }
    let unknown = server().await.url().replace("/postgres", "/nowhere");
    let told = Db::open(&unknown, hasty()).await.expect_err("no database").to_string();
    assert!(told.contains("database \"nowhere\" does not exist"), "{told}");
}
