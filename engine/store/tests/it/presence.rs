//! First in, last out, over all servers. The cases run on every store.

use std::sync::Arc;

use homeroom_store::presence::{Gone, Left};
use homeroom_store::{Clock, Presence, PresenceRules};

use crate::house::{House, on_every_store};

on_every_store!(
    a_user_comes_with_the_first_connection_and_goes_with_the_last,
    connections_of_one_number_on_two_servers_are_two,
    a_user_has_so_many_connections_over_all_servers,
    users_of_a_dead_server_are_gone_once_within_the_lease,
    whoever_is_elsewhere_too_does_not_leave_with_a_dead_server,
    within_the_grace_period_nobody_leaves_or_comes,
    a_leaving_that_is_not_settled_is_told_again,
    whoever_comes_back_before_it_is_told_has_not_left,
    a_server_that_was_taken_for_dead_tells_again,
    any_name_will_do,
    one_of_many_is_first_and_one_of_many_is_last,
);

const ROOM: &str = "/gradebook class:math-101";
const NO_GRACE: PresenceRules = PresenceRules { lease_ms: 10_000, grace_ms: 0 };
const GRACE: PresenceRules = PresenceRules { lease_ms: 10_000, grace_ms: 5000 };

type Server = Arc<dyn Presence>;

async fn enter(server: &Server, user: &str, conn: u64) -> bool {
    server.enter(ROOM, user, conn, format!("\"{user}{conn}\"").into()).await.expect("entered")
}

async fn leave(server: &Server, user: &str, conn: u64) -> Left {
    server.leave(ROOM, user, conn).await.expect("left")
}

async fn users(server: &Server) -> Vec<String> {
    let all = server.all(ROOM).await.expect("read");
    assert_eq!(server.count(ROOM).await, Ok(all.len()));
    for one in &all {
        assert_eq!(server.get(ROOM, &one.user).await, Ok(Some(one.value.clone())));
    }
    all.iter().map(|one| one.user.to_string()).collect()
}

async fn claim(server: &Server) -> Vec<Gone> {
    let mut all = Vec::new();
    loop {
        let some = server.gone(2).await.expect("claimed");
        assert!(some.len() <= 2);
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

async fn gone(server: &Server) -> Vec<String> {
    let mut users = Vec::new();
    for one in claim(server).await {
        assert_eq!(&*one.room, ROOM);
        server.settle_gone(one.claim).await.expect("settled");
        users.push(one.user.to_string());
    }
    users
}

/// Time passes in which these servers beat, and the others do not.
async fn pass(house: &House, ms: i64, alive: &[&Server]) {
    for _ in 0..ms / 1000 {
        house.clock.advance(1000);
        for server in alive {
            server.beat().await.expect("a beat");
        }
    }
}

async fn a_user_comes_with_the_first_connection_and_goes_with_the_last(house: &House) {
    let [a, b, _] = house.presence(NO_GRACE).await;
    assert!(enter(&a, "ann", 1).await);
    assert!(!enter(&b, "ann", 2).await);
    assert!(enter(&b, "bob", 3).await);
    a.enter(ROOM, "ann", 1, "4".into()).await.expect("entering again is not leaving twice");
    let all = b.all(ROOM).await.expect("read");
    assert_eq!(
        all.iter().map(|one| (&*one.user, &*one.value)).collect::<Vec<_>>(),
        [("ann", "4"), ("bob", "\"bob3\"")]
    );
    assert_eq!(leave(&a, "ann", 1).await, Left::Still);
    assert_eq!(leave(&a, "ann", 1).await, Left::WasNot);
    assert_eq!(leave(&b, "ann", 2).await, Left::Last("4".into()));
    assert_eq!((a.count(ROOM).await, a.get(ROOM, "ann").await), (Ok(1), Ok(None)));
    assert_eq!(a.leave("/gradebook nowhere", "ann", 1).await, Ok(Left::WasNot));
    assert_eq!(gone(&a).await, Vec::<String>::new(), "what a call has said is not told again");
    house.clock.advance(60_000);
    assert_eq!(leave(&b, "bob", 3).await, Left::Last("\"bob3\"".into()), "who is not asked for lives on");
}

async fn connections_of_one_number_on_two_servers_are_two(house: &House) {
    let [a, b, _] = house.presence(NO_GRACE).await;
    assert!(enter(&a, "ann", 1).await);
    assert!(!enter(&b, "ann", 1).await);
    assert_eq!(leave(&a, "ann", 1).await, Left::Still);
    assert_eq!(users(&a).await, ["ann"]);
    assert!(matches!(leave(&b, "ann", 1).await, Left::Last(_)));
}

async fn a_user_has_so_many_connections_over_all_servers(house: &House) {
    let [a, b, c] = house.presence(NO_GRACE).await;
    let enroll = async |server: &Server, user, conn| server.enroll(user, conn, 2).await.expect("counted");
    assert!(enroll(&a, "/x ann", 1).await);
    assert!(enroll(&b, "/x ann", 1).await);
    assert!(!enroll(&a, "/x ann", 3).await);
    assert!(enroll(&a, "/x bob", 4).await);
    a.withdraw("/x ann", 1).await.expect("withdrawn");
    assert!(enroll(&a, "/x ann", 3).await);
    assert!(!enroll(&c, "/x ann", 5).await);
    pass(house, 12_000, &[&a, &c]).await;
    gone(&c).await;
    assert!(enroll(&c, "/x ann", 5).await, "the place of a connection whose server died is free");
    assert!(!enroll(&c, "/x ann", 6).await, "those of the living are not");
}

async fn users_of_a_dead_server_are_gone_once_within_the_lease(house: &House) {
    let [a, b, c] = house.presence(NO_GRACE).await;
    for (user, conn) in [("ann", 1), ("bob", 2), ("eve", 3)] {
        enter(&a, user, conn).await;
    }
    enter(&b, "zoe", 1).await;
    pass(house, 8000, &[&b, &c]).await;
    assert_eq!(gone(&b).await, Vec::<String>::new(), "not before the lease is over");
    pass(house, 2000, &[&b, &c]).await;
    let (by_b, by_c) = tokio::join!(gone(&b), gone(&c));
    let mut told = [by_b, by_c, gone(&b).await, gone(&c).await].concat();
    told.sort();
    assert_eq!(told, ["ann", "bob", "eve"]);
    assert_eq!(users(&c).await, ["zoe"]);
    pass(house, 60_000, &[&b, &c]).await;
    assert_eq!((gone(&b).await, gone(&c).await), (vec![], vec![]));
}

async fn whoever_is_elsewhere_too_does_not_leave_with_a_dead_server(house: &House) {
    let [a, b, _] = house.presence(NO_GRACE).await;
    enter(&a, "ann", 1).await;
    pass(house, 9000, &[&b]).await;
    assert!(!enter(&b, "ann", 7).await, "back on another server, within the lease");
    pass(house, 5000, &[&b]).await;
    assert_eq!(gone(&b).await, Vec::<String>::new());
    assert_eq!(users(&b).await, ["ann"]);
    assert!(matches!(leave(&b, "ann", 7).await, Left::Last(_)));
}

async fn within_the_grace_period_nobody_leaves_or_comes(house: &House) {
    let [a, b, _] = house.presence(GRACE).await;
    enter(&a, "ann", 1).await;
    enter(&a, "bob", 2).await;
    assert_eq!(leave(&a, "ann", 1).await, Left::Still);
    assert_eq!(leave(&a, "bob", 2).await, Left::Still);
    pass(house, 4000, &[&a, &b]).await;
    assert_eq!(gone(&a).await, Vec::<String>::new());
    assert_eq!(users(&b).await, ["ann", "bob"], "away for a moment is still there");
    assert!(!enter(&b, "ann", 3).await);
    assert!(a.due().expect("somebody is awaited") <= house.clock.now_ms() + 1000);
    pass(house, 1000, &[&a, &b]).await;
    assert_eq!(gone(&a).await, ["bob"]);
    assert_eq!(users(&a).await, ["ann"]);
    assert!(enter(&a, "bob", 4).await);
    pass(house, 10_000, &[&a, &b]).await;
    assert_eq!((gone(&a).await, gone(&b).await), (vec![], vec![]));
}

async fn a_leaving_that_is_not_settled_is_told_again(house: &House) {
    let [a, b, c] = house.presence(GRACE).await;
    enter(&a, "ann", 1).await;
    leave(&a, "ann", 1).await;
    pass(house, 5000, &[&a, &b, &c]).await;
    assert_eq!(claim(&a).await.len(), 1);
    pass(house, 20_000, &[&b, &c]).await;
    assert_eq!((gone(&b).await, gone(&c).await), (vec![], vec![]), "it is being dealt with");
    pass(house, 20_000, &[&b, &c]).await;
    assert_eq!([gone(&b).await, gone(&c).await].concat(), ["ann"], "the claimer died");
    pass(house, 60_000, &[&b, &c]).await;
    assert_eq!((gone(&b).await, gone(&c).await), (vec![], vec![]));
}

async fn whoever_comes_back_before_it_is_told_has_not_left(house: &House) {
    let [a, b, _] = house.presence(NO_GRACE).await;
    for (user, conn) in [("ann", 1), ("bob", 2), ("eve", 3)] {
        enter(&a, user, conn).await;
    }
    pass(house, 12_000, &[&b]).await;
    let first = b.gone(1).await.expect("claimed");
    assert_eq!(first.len(), 1);
    let waiting = if &*first[0].user == "eve" { "ann" } else { "eve" };
    assert!(!enter(&b, waiting, 9).await, "nobody was told");
    assert!(enter(&b, &first[0].user, 8).await, "it was told, or will be");
    assert_eq!(gone(&b).await.len(), 1);
    pass(house, 60_000, &[&b]).await;
    assert_eq!(gone(&b).await, Vec::<String>::new(), "a claim ends when its user comes back");
    assert_eq!(users(&b).await.len(), 2);
}

async fn a_server_that_was_taken_for_dead_tells_again(house: &House) {
    let [a, b, _] = house.presence(NO_GRACE).await;
    let epoch = a.beat().await.expect("a beat");
    enter(&a, "ann", 1).await;
    enter(&a, "bob", 2).await;
    enter(&b, "bob", 3).await;
    assert!(a.enroll("/x ann", 1, 1).await.expect("counted"));
    pass(house, 12_000, &[&b]).await;
    assert_eq!(gone(&b).await, ["ann"]);
    assert_ne!(a.beat().await, Ok(epoch), "it must tell again");
    assert_eq!(a.renew(ROOM, "ann", 1, "1".into()).await, Ok(true), "she was told gone");
    assert_eq!(a.renew(ROOM, "bob", 2, "2".into()).await, Ok(false), "he was not");
    a.renewed().await.expect("all told");
    assert_eq!(users(&b).await, ["bob", "ann"]);
    assert!(!a.enroll("/x ann", 2, 1).await.expect("counted"), "connections stay counted by themselves");
    pass(house, 12_000, &[&a, &b]).await;
    assert_eq!((gone(&a).await, gone(&b).await), (vec![], vec![]));
    assert_eq!(leave(&a, "bob", 2).await, Left::Still);
    assert!(matches!(leave(&a, "ann", 1).await, Left::Last(_)));
}

async fn any_name_will_do(house: &House) {
    let [a, b, _] = house.presence(NO_GRACE).await;
    let room = "/a {b} r{oo}m:%7B\u{1F600}";
    for user in ["a", "a/1", "1:a", "ab", "", "{a}", "a\0", "\u{E9}"] {
        assert_eq!(a.enter(room, user, 1, "[]".into()).await, Ok(true), "{user:?}");
        assert_eq!(b.get(room, user).await, Ok(Some("[]".into())));
    }
    assert_eq!(a.enter("/b {b} r{oo}m:%7B\u{1F600}", "a", 1, "{}".into()).await, Ok(true), "another namespace's room");
    assert_eq!(b.count(room).await, Ok(8));
    for user in ["a", "a/1", "1:a", "ab", "", "{a}", "a\0", "\u{E9}"] {
        assert_eq!(a.leave(room, user, 1).await, Ok(Left::Last("[]".into())), "{user:?}");
    }
    assert_eq!(b.count(room).await, Ok(0));
    assert_eq!(b.count("/b {b} r{oo}m:%7B\u{1F600}").await, Ok(1));
}

async fn one_of_many_is_first_and_one_of_many_is_last(house: &House) {
    let servers = house.presence(NO_GRACE).await;
    let each = |leaving: bool| {
        let tasks = (0..30_u64).map(|conn| {
            let server = Arc::clone(&servers[conn as usize % 3]);
            tokio::spawn(async move {
                if leaving {
                    matches!(leave(&server, "ann", conn).await, Left::Last(_))
                } else {
                    enter(&server, "ann", conn).await
                }
            })
        });
        futures_util::future::join_all(tasks.collect::<Vec<_>>())
    };
    for leaving in [false, true] {
        let said = each(leaving).await.into_iter().filter(|one| *one.as_ref().expect("a task")).count();
        assert_eq!(said, 1);
    }
}
