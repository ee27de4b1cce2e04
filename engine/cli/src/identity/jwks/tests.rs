//! When keys are asked for, and how long they are used.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::fetch::{BYTES_MAX, Fetching, Http};
use super::*;

const REFRESH_MS: i64 = 600_000;
const RETRY_MS: i64 = 30_000;
const STALE_MS: i64 = 3_600_000;
/// The public key of RFC 8037, appendix A.2.
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

/// Answers with keys of these names, as long as it answers at all.
#[derive(Default)]
struct Names {
    names: Mutex<Option<Vec<&'static str>>>,
    asked: AtomicUsize,
}

impl Names {
    fn are(&self, names: &[&'static str]) {
        *self.names.lock() = Some(names.to_vec());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn set(names: &[&str]) -> Vec<u8> {
    let key = |name: &&str| json!({ "kty": "OKP", "crv": "Ed25519", "x": X, "kid": name });
    serde_json::to_vec(&json!({ "keys": names.iter().map(key).collect::<Vec<_>>() })).expect("JSON")
}

impl Source for Names {
    fn fetch(&self) -> Fetching<'_> {
        Box::pin(async {
            self.asked.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            self.names.lock().as_deref().map(set).ok_or_else(|| "nobody answers".to_owned())
        })
    }
}

fn jwks(names: &[&'static str]) -> (Arc<Names>, Arc<Jwks>) {
    let source = Arc::new(Names::default());
    source.are(names);
    let settings = JwksSettings::new("https://login.example.org/keys");
    (Arc::clone(&source), Jwks::new(&settings, source))
}

/// Whether a token that names this key can be verified then.
async fn knows(jwks: &Arc<Jwks>, name: &str, now_ms: i64) -> Result<bool, String> {
    let came = jwks.keys(Algorithm::EdDSA, Some(name), now_ms).await;
    let keys = came.map_err(|refusal| refusal.code.to_string())?;
    Ok(keys.iter().any(|key| key.is_for(Algorithm::EdDSA, Some(name))))
}

#[tokio::test]
async fn keys_are_asked_for_once_and_again_when_their_time_is_over() {
    let (source, jwks) = jwks(&["a"]);
    for now_ms in [0, 1, REFRESH_MS] {
        assert_eq!(knows(&jwks, "a", now_ms).await, Ok(true));
        assert_eq!(source.asked(), 1);
    }
    source.are(&["b"]);
    assert_eq!(knows(&jwks, "a", REFRESH_MS + 1).await, Ok(false), "a key that is gone is not accepted");
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn a_new_name_is_asked_for_at_once_but_not_again_and_again() {
    let (source, jwks) = jwks(&["a"]);
    jwks.prepare(0).await;
    source.are(&["a", "b"]);
    assert_eq!(knows(&jwks, "b", RETRY_MS).await, Ok(true), "a rotation");
    assert_eq!(source.asked(), 2);
    for at in 0..100 {
        assert_eq!(knows(&jwks, &format!("made-up-{at}"), RETRY_MS + at).await, Ok(false));
        assert_eq!(knows(&jwks, "a", RETRY_MS + at).await, Ok(true));
    }
    assert_eq!(source.asked(), 2, "names that somebody made up cost nothing");
    assert_eq!(knows(&jwks, "made-up", 2 * RETRY_MS).await, Ok(false));
    assert_eq!(source.asked(), 3);
}

#[tokio::test]
async fn many_who_need_keys_at_once_ask_once() {
    let (source, jwks) = jwks(&["a"]);
    let many = (0..100).map(|_| {
        let jwks = Arc::clone(&jwks);
        tokio::spawn(async move { knows(&jwks, "a", 5).await })
    });
    for one in many.collect::<Vec<_>>() {
        assert_eq!(one.await.expect("no panic"), Ok(true));
    }
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn whoever_hangs_up_keeps_nobody_from_the_keys() {
    let (source, jwks) = jwks(&["a"]);
    {
        let mut asking = Box::pin(knows(&jwks, "a", 0));
        let waker = std::task::Waker::noop();
        assert!(std::future::Future::poll(asking.as_mut(), &mut std::task::Context::from_waker(waker)).is_pending());
    }
    assert_eq!(knows(&jwks, "a", 1).await, Ok(true));
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn when_nobody_answers_keys_are_used_for_a_while_and_no_longer() {
    let (source, jwks) = jwks(&["a"]);
    jwks.prepare(0).await;
    *source.names.lock() = None;
    assert_eq!(knows(&jwks, "a", REFRESH_MS + 1).await, Ok(true));
    assert_eq!(knows(&jwks, "a", REFRESH_MS + 2).await, Ok(true));
    assert_eq!(source.asked(), 2, "one who does not answer is not pressed");
    assert_eq!(knows(&jwks, "a", STALE_MS).await, Ok(true));
    assert_eq!(knows(&jwks, "a", STALE_MS + 1).await, Err("UNAVAILABLE".into()));
    source.are(&["a"]);
    assert_eq!(knows(&jwks, "a", STALE_MS + RETRY_MS + 1).await, Ok(true));
}

#[tokio::test]
async fn without_keys_nobody_is_let_in() {
    let (source, jwks) = jwks(&[]);
    assert_eq!(knows(&jwks, "a", 0).await, Err("UNAVAILABLE".into()));
    source.are(&["a"]);
    assert_eq!(knows(&jwks, "a", RETRY_MS).await, Ok(true));
}

/// A server that answers everything with `answer`, and then says no more. Yields its URL.
async fn answering(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&answer).await;
                let _ = stream.read(&mut [0; 1]).await;
            });
        }
    });
    format!("http://{address}/keys")
}

async fn fetched(answer: Vec<u8>) -> Result<Vec<u8>, String> {
    let url = answering(answer).await;
    let settings = JwksSettings { timeout: Duration::from_millis(300), ..JwksSettings::new(&url) };
    Http::new(&settings).expect("a client").fetch().await
}

fn ok(body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

#[tokio::test]
async fn an_answer_is_bounded_in_size_and_time() {
    assert_eq!(fetched(ok(b"{}")).await, Ok(b"{}".to_vec()));
    assert!(fetched(ok(&vec![b' '; BYTES_MAX])).await.is_ok());
    assert!(fetched(ok(&vec![b' '; BYTES_MAX + 1])).await.is_err_and(|cause| cause.contains("more than")));
    assert!(fetched(Vec::new()).await.is_err(), "nothing comes");
    assert!(fetched(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}".to_vec()).await.is_err(), "half of it comes");
    assert!(fetched(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}".to_vec()).await.is_err());
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let elsewhere = answering(ok(&set(&["evil"]))).await;
    let moved = format!("HTTP/1.1 302 Found\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(fetched(moved.into_bytes()).await, Err("it answers 302".to_owned()));
}
