//! Answers that may be used again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use homeroom_store::ManualClock;
use homeroom_store::cache::Answers;
use homeroom_store::sql::{SqlError, SqlValue};
use serde_json::{Value, json};

#[derive(Default)]
struct Asked(AtomicUsize);

impl Asked {
    async fn ask(&self) -> Result<Value, SqlError> {
        tokio::task::yield_now().await;
        Ok(json!(self.0.fetch_add(1, Ordering::SeqCst)))
    }

    fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn an_answer_is_good_for_a_while_and_for_the_same_question() {
    let clock = Arc::new(ManualClock::at(0));
    let (answers, asked) = (Answers::new(clock.clone(), 100), Asked::default());
    let text = |text: &str| [SqlValue::Text(text.into())];
    for _ in 0..3 {
        assert_eq!(*answers.get(1, &text("a"), 1000, asked.ask()).await.expect("an answer"), json!(0));
    }
    answers.get(1, &text("b"), 1000, asked.ask()).await.expect("an answer");
    answers.get(2, &text("a"), 1000, asked.ask()).await.expect("an answer");
    answers.get(1, &[SqlValue::Null], 1000, asked.ask()).await.expect("an answer");
    assert_eq!(asked.times(), 4);
    clock.advance(1000);
    answers.get(1, &text("a"), 1000, asked.ask()).await.expect("an answer");
    assert_eq!(asked.times(), 5);
    answers.forget_all();
    answers.get(1, &text("a"), 1000, asked.ask()).await.expect("an answer");
    assert_eq!(asked.times(), 6);
}

#[tokio::test]
async fn many_who_ask_at_once_ask_once_and_errors_are_not_kept() {
    let answers = Answers::new(Arc::new(ManualClock::at(0)), 100);
    let asked = Asked::default();
    let all = futures_util::future::join_all((0..20).map(|_| answers.get(1, &[], 1000, asked.ask()))).await;
    assert!(all.iter().all(|answer| answer.as_ref().is_ok_and(|answer| **answer == json!(0))));
    assert_eq!(asked.times(), 1);
    let failed = answers.get(2, &[], 1000, async { Err(SqlError::Unavailable("away".into())) }).await;
    assert!(failed.is_err());
    assert!(answers.get(2, &[], 1000, asked.ask()).await.is_ok());
}
