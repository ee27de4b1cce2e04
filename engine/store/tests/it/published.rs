//! What services publish is acted on once in the cluster, in order, whatever becomes of the servers.

use std::time::Duration;

use homeroom_store::redis::{Channels, Publication, Published, Redis, RedisConfig};

use crate::house::connected;
use crate::servers::{RedisCluster, RedisServer, everlasting};

fn channels() -> Channels {
    Channels { key: "socket.io".into(), namespaces: vec!["/a".into()] }
}

async fn server(redis: &Redis, name: &str) -> Published {
    let published = Published::new(redis.clone(), name, channels());
    while !published.seat().status().connected {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    published
}

fn publish(connection: &mut redis::Connection, text: &str) {
    redis::cmd("PUBLISH").arg("socket.io#/a#room#").arg(text).exec(connection).expect("published");
}

fn text(publication: &Publication) -> String {
    String::from_utf8_lossy(&publication.bytes).into_owned()
}

/// What a server acts on within a second and a half of silence.
async fn acted(published: &mut Published) -> Vec<String> {
    let mut all = Vec::new();
    while let Ok(Some(one)) = tokio::time::timeout(Duration::from_millis(1500), published.next()).await {
        all.push(text(&one));
    }
    all
}

/// The next that a server acts on.
async fn next(published: &mut Published) -> String {
    text(&published.next().await.expect("it was not told to stop"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_servers_one_acts_on_each_message_in_order() {
    let house = RedisServer::start(&[]);
    let redis = connected(RedisConfig::new(house.url())).await;
    let (mut one, mut two) = (server(&redis, "one").await, server(&redis, "two").await);
    let mut connection = house.connection();
    let said: Vec<String> = (0..500).map(|number| format!("{}", number / 2)).collect();
    said.iter().for_each(|text| publish(&mut connection, text));
    let (by_one, by_two) = tokio::join!(acted(&mut one), acted(&mut two));
    let all = if by_one.is_empty() { by_two } else { by_one.into_iter().chain(by_two).collect() };
    assert_eq!(all, said, "each once, and what was said twice twice");
    assert_eq!(everlasting(&mut connection, ""), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_one_that_acts_dies_another_acts_on_what_it_left() {
    let house = RedisServer::start(&[]);
    let redis = connected(RedisConfig::new(house.url())).await;
    let mut connection = house.connection();
    let mut one = server(&redis, "one").await;
    publish(&mut connection, "by one");
    assert_eq!(next(&mut one).await, "by one");
    let mut two = server(&redis, "two").await;
    // It is not polled any more, so that it hears these and acts on none.
    for text in ["left", "left, too"] {
        publish(&mut connection, text);
    }
    let seat = one.seat();
    drop(one);
    publish(&mut connection, "after");
    seat.resign().await;
    assert_eq!(acted(&mut two).await, ["left", "left, too", "after"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_stops_acts_on_what_it_has_claimed_and_no_more() {
    let house = RedisServer::start(&[]);
    let redis = connected(RedisConfig::new(house.url())).await;
    let mut connection = house.connection();
    let (mut one, said) = (server(&redis, "one").await, ["a", "b", "c"]);
    let mut two = server(&redis, "two").await;
    said.iter().for_each(|text| publish(&mut connection, text));
    let mut by_one = vec![next(&mut one).await];
    one.seat().stop();
    publish(&mut connection, "later");
    while let Some(more) = one.next().await {
        by_one.push(text(&more));
    }
    one.seat().resign().await;
    by_one.extend(acted(&mut two).await);
    assert_eq!(by_one, ["a", "b", "c", "later"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_any_node_may_be_published_to() {
    let house = RedisCluster::start();
    let redis = connected(RedisConfig::new(house.url())).await;
    let mut one = server(&redis, "one").await;
    for (number, node) in house.nodes.iter().enumerate() {
        publish(&mut node.connection(), &format!("{number}"));
        assert_eq!(next(&mut one).await, format!("{number}"));
    }
    assert_eq!(one.seat().status().lost, 0);
}
