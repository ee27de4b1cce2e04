//! Namespaces that come and go while the server runs.

use homeroom_socket::hub::HubLimits;
use homeroom_socket::seam::{Reason, Transport};

use crate::client::Client;
use crate::stage::{Start, quick};

/// What the protocol says to a namespace that is not there.
const UNKNOWN: &str = "Invalid namespace";

pub(crate) async fn unknown_ones_are_refused(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Client::open(stage.address).await;
    assert_eq!(client.connect("/nowhere", "").await, Err(UNKNOWN.into()));
    client.connect("/", "").await.expect("the connection stays");
    assert_eq!(stage.engine.see(|seen| seen.hellos.len()), 1);
}

pub(crate) async fn they_come_and_go(start: Start) {
    let stage = start(quick(), HubLimits::default());
    let mut client = Client::open(stage.address).await;
    client.connect("/", "").await.expect("it is let in");
    assert_eq!(client.connect("/new", "").await, Err(UNKNOWN.into()));
    for _ in 0..3 {
        stage.serve(&["/", "/new"]);
        client.connect_again("/new").await;
        client.send(r#"2/new,1["there"]"#).await;
        assert_eq!(client.packet().await, "3/new,1[]");
        let conn = stage.engine.until("it is connected", |_| stage.hub.everyone("/new").first().copied()).await;
        stage.serve(&["/"]);
        assert_eq!(client.packet().await, "1/new,");
        assert_eq!(stage.engine.end_of(conn).await, Reason::NamespaceGone);
        assert_eq!((client.connect("/new", "").await, stage.hub.count("/new")), (Err(UNKNOWN.into()), 0));
        client.send(r#"22["others stay"]"#).await;
        assert_eq!(client.packet().await, "32[]");
    }
}
